"""
GitHub's expressions, as far as the workflows here use them; anything else is refused.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/expressions (read 2026-11-24): `&&` and `||`
give one of their sides; null, false, 0 and '' count as false; strings are compared without regard to case; values of
two types are compared as numbers.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Value = str | bool | float | None

_TOKEN: Final = re.compile(r"\s*(?:('(?:[^']|'')*')|(&&|\|\||==|!=|!|\(|\))|([A-Za-z_][\w.-]*))")
_WORDS: Final[Mapping[str, Value]] = {"true": True, "false": False, "null": None}
_STATUS: Final = ("always", "success", "failure", "cancelled")


def evaluate(text: str, contexts: Mapping[str, Mapping[str, Any]], status: str = "success") -> Value:
    """
    Return what an expression comes to.

    Args:
        text: The expression, without its `${{ }}`.
        contexts: By name, such as `github` and `inputs`; what one of them lacks is null.
        status: Of the steps before: success, failure or cancelled.

    Raises:
        ValueError: It uses something that is not known here.
    """
    return _Parser(_tokens(text), contexts, status).whole()


def condition(text: str, contexts: Mapping[str, Mapping[str, Any]], status: str) -> bool:
    """Return whether a step or job with this `if` runs; where it asks for no status, success is understood."""
    text = text.strip().removeprefix("${{").removesuffix("}}")
    asks = any(re.search(rf"\b{name}\(\)", text) for name in _STATUS)
    return bool((asks or status == "success") and evaluate(text, contexts, status))


def filled(text: str, contexts: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a text with its `${{ }}` replaced."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: _text(evaluate(found[1], contexts)), text)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"'{text}': '{text[at:]}' is not understood. Fix: write it simpler, or teach this file")
        found.append(token[0].strip())
        at = token.end()
    return found


def _number(value: Value) -> float:
    try:
        return float(value or 0)
    except ValueError:
        return float("nan")


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    return left is right if type(left) is type(right) else _number(left) == _number(right)


class _Parser:
    """Evaluates while it reads: `||` binds least, then `&&`, the comparisons, `!`."""

    def __init__(self, tokens: list[str], contexts: Mapping[str, Mapping[str, Any]], status: str) -> None:
        self._tokens, self._contexts, self._status = tokens, contexts, status

    def whole(self) -> Value:
        value = self._either()
        if self._tokens:
            raise ValueError(f"'{' '.join(self._tokens)}' is left over")
        return value

    def _either(self) -> Value:
        return self._joined("||", self._both, lambda left, right: left or right)

    def _both(self) -> Value:
        return self._joined("&&", self._compared, lambda left, right: left and right)

    def _joined(self, sign: str, side: Callable[[], Value], join: Callable[[Value, Value], Value]) -> Value:
        value = side()
        while self._took(sign):
            value = join(value, side())
        return value

    def _compared(self) -> Value:
        value = self._single()
        if self._took("=="):
            return _equal(value, self._single())
        return not _equal(value, self._single()) if self._took("!=") else value

    def _single(self) -> Value:
        if self._took("!"):
            return not self._single()
        if self._took("("):
            value = self._either()
            self._needed(")")
            return value
        return self._word(self._tokens.pop(0) if self._tokens else "")

    def _word(self, word: str) -> Value:
        if word.startswith("'"):
            return word[1:-1].replace("''", "'")
        if word in _STATUS:
            self._needed("(")
            self._needed(")")
            return word in ("always", self._status)
        if word in _WORDS:
            return _WORDS[word]
        context, _, name = word.partition(".")
        if context not in self._contexts or not name or "." in name:
            raise ValueError(f"'{word}' is no value that is known here")
        return self._contexts[context].get(name)

    def _took(self, sign: str) -> bool:
        if self._tokens[:1] == [sign]:
            del self._tokens[0]
            return True
        return False

    def _needed(self, sign: str) -> None:
        if not self._took(sign):
            raise ValueError(f"'{sign}' is missing")
