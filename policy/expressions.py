"""
Expressions of GitHub's workflows, as far as the workflows here use them; other expressions raise an error.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/expressions (read 2026-11-24): `&&` and `||`
return one of their sides; null, false, 0 and '' count as false; texts are compared without regard to case; values of
different types are compared as numbers.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

Value = str | bool | float | None

_TOKEN: Final = re.compile(r"\s*(?:('(?:[^']|'')*')|(&&|\|\||==|!=|!|\(|\))|([A-Za-z_][\w.-]*))")
_LITERALS: Final[Mapping[str, Value]] = {"true": True, "false": False, "null": None}
_STATUS_FUNCTIONS: Final = ("always", "success", "failure", "cancelled")


def evaluate(text: str, contexts: Mapping[str, Mapping[str, Any]], status: str = "success") -> Value:
    """
    Return the value of an expression.

    Args:
        text: the expression without `${{ }}`.
        contexts: values by context, such as `github` and `inputs`; an absent value is null.
        status: status of the earlier steps: success, failure or cancelled.

    Raises:
        ValueError: the expression has a syntax error, or a context or function that is not supported here.
    """
    return _Parser(_tokens(text), contexts, status).whole()


def is_met(text: str, contexts: Mapping[str, Mapping[str, Any]], status: str) -> bool:
    """Return whether a step or job with this `if` runs; an `if` without a status function implies `success()`."""
    text = text.strip().removeprefix("${{").removesuffix("}}")
    has_status = any(re.search(rf"\b{name}\(\)", text) for name in _STATUS_FUNCTIONS)
    return bool((has_status or status == "success") and evaluate(text, contexts, status))


def interpolated(text: str, contexts: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a text with the values of its `${{ }}`."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda match: _text(evaluate(match[1], contexts)), text)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    text = text.strip()
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise ValueError(
                f"'{text}': '{text[position:]}' is not supported. Fix: simplify it, or extend policy/expressions.py"
            )
        tokens.append(token[0].strip())
        position = token.end()
    return tokens


def _number(value: Value) -> float:
    try:
        return float(value or 0)
    except ValueError:
        return float("nan")


def _is_equal(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    return left is right if type(left) is type(right) else _number(left) == _number(right)


class _Parser:
    """Evaluates while it parses: `||` binds least, then `&&`, the comparisons, `!`."""

    def __init__(self, tokens: list[str], contexts: Mapping[str, Mapping[str, Any]], status: str) -> None:
        self._tokens, self._contexts, self._status = tokens, contexts, status

    def whole(self) -> Value:
        value = self._disjunction()
        if self._tokens:
            raise ValueError(f"'{' '.join(self._tokens)}': text behind the expression")
        return value

    def _disjunction(self) -> Value:
        return self._joined("||", self._conjunction, lambda left, right: left or right)

    def _conjunction(self) -> Value:
        return self._joined("&&", self._comparison, lambda left, right: left and right)

    def _joined(self, sign: str, side: Callable[[], Value], join: Callable[[Value, Value], Value]) -> Value:
        value = side()
        while self._take(sign):
            value = join(value, side())
        return value

    def _comparison(self) -> Value:
        value = self._operand()
        if self._take("=="):
            return _is_equal(value, self._operand())
        return not _is_equal(value, self._operand()) if self._take("!=") else value

    def _operand(self) -> Value:
        if self._take("!"):
            return not self._operand()
        if self._take("("):
            value = self._disjunction()
            self._expect(")")
            return value
        return self._word(self._tokens.pop(0) if self._tokens else "")

    def _word(self, word: str) -> Value:
        if word.startswith("'"):
            return word[1:-1].replace("''", "'")
        if word in _STATUS_FUNCTIONS:
            self._expect("(")
            self._expect(")")
            return word in ("always", self._status)
        if word in _LITERALS:
            return _LITERALS[word]
        context, *names = word.split(".")
        if context not in self._contexts or not all(names) or not names:
            raise ValueError(f"'{word}': is not a supported value")
        value: Any = self._contexts[context]
        for name in names:
            value = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(value, Mapping):
            raise ValueError(f"'{word}': is not a supported value")
        return cast("Value", value)

    def _take(self, sign: str) -> bool:
        if self._tokens[:1] == [sign]:
            del self._tokens[0]
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise ValueError(f"'{sign}' is missing")
