"""
As much of Google's Common Expression Language as a condition of a workload identity provider needs.

`==`, `!=`, `&&`, `||`, `!`, `in` a list, parentheses, string literals, and claims as `assertion.NAME`. As in CEL, a
claim that a token does not have is an error, and an error admits nobody; only a side of `&&` that is false, or of `||`
that is true, makes up for one.
Source: cel-spec, "Logical Operators" and "Field Selection".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r"""\s*('[^'\\]*'|"[^"\\]*"|assertion\.\w+|==|!=|&&|\|\||[!()\[\],]|in\b)""")


class CelError(ValueError):
    """The expression is none of this subset, or asks for a claim that there is not."""


@dataclass
class _Reader:
    tokens: list[str]
    claims: Mapping[str, str]

    def take(self, *signs: str) -> str:
        if self.tokens and self.tokens[0] in signs:
            return self.tokens.pop(0)
        return ""

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise CelError(f"expected '{sign}' before '{' '.join(self.tokens)}'")


Value = str | bool | CelError


def admits(condition: str, claims: Mapping[str, str]) -> bool:
    """
    Return whether a condition admits a token with these claims.

    Raises:
        CelError: The condition can't be read, or is neither true nor false.
    """
    reader = _Reader(_tokens(condition), claims)
    value = _either(reader)
    if reader.tokens:
        raise CelError(f"nothing was expected at '{' '.join(reader.tokens)}'")
    if isinstance(value, str):
        raise CelError(f"the condition is the text '{value}', neither true nor false")
    return value is True


def _tokens(condition: str) -> list[str]:
    found, at = [], 0
    condition = condition.strip()
    while at < len(condition):
        match = _TOKEN.match(condition, at)
        if match is None:
            raise CelError(f"not of this subset: '{condition[at:]}'")
        found.append(match[0].strip())
        at = match.end()
    return found


def _either(reader: _Reader) -> Value:
    value = _both(reader)
    while reader.take("||"):
        other = _both(reader)
        value = _decided(value, other, by=True)
    return value


def _both(reader: _Reader) -> Value:
    value = _comparison(reader)
    while reader.take("&&"):
        other = _comparison(reader)
        value = _decided(value, other, by=False)
    return value


def _decided(one: Value, other: Value, *, by: bool) -> Value:
    """Join two sides: `by` decides on whichever side it stands, even beside an error."""
    if one is by or other is by:
        return by
    for side in (one, other):
        if isinstance(side, CelError):
            return side
        if isinstance(side, str):
            return CelError(f"'{side}' is neither true nor false")
    return not by


def _comparison(reader: _Reader) -> Value:
    left = _operand(reader)
    sign = reader.take("==", "!=", "in")
    if not sign:
        return left
    right = _list(reader) if sign == "in" else [_operand(reader)]
    for side in (left, *right):
        if isinstance(side, CelError):
            return side
    return (left in right) is (sign != "!=")


def _list(reader: _Reader) -> list[Value]:
    reader.expect("[")
    found = [_operand(reader)]
    while reader.take(","):
        found.append(_operand(reader))
    reader.expect("]")
    return found


def _operand(reader: _Reader) -> Value:
    if reader.take("!"):
        value = _operand(reader)
        return value if isinstance(value, CelError) else not value
    if reader.take("("):
        value = _either(reader)
        reader.expect(")")
        return value
    token = reader.tokens.pop(0) if reader.tokens else ""
    if token[:1] in ("'", '"'):
        return token[1:-1]
    if token.startswith("assertion."):
        name = token.removeprefix("assertion.")
        return reader.claims[name] if name in reader.claims else CelError(f"the token has no '{name}'")
    raise CelError(f"expected a value, not '{token}'")
