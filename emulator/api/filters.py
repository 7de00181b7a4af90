"""
The two dialects of `filter`, which cannot be mixed in one expression.

    name = web-1 AND (labels.env:prod OR NOT status = RUNNING)      AIP-160
    (name eq ".*web.*") (zone ne "asia.*")                          RE2; every comparison must match in full

Any other text is refused: a list with an ignored filter would contain documents that the client did not request.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import re2
from lark import Lark, Token, Transformer, exceptions

from emulator.api.errors import ApiError, invalid

Predicate = Callable[[Mapping[str, Any]], bool]

_AIP: Final = Lark(
    r"""
    ?start: either
    ?either: all ("OR" all)*
    ?all: term ("AND"? term)*
    ?term: "NOT" term -> negation | "-" term -> negation | "(" either ")" | comparison
    comparison: FIELD OPERATOR value
    value: STRING | WORD
    OPERATOR: "!=" | "<=" | ">=" | "=" | "<" | ">" | ":"
    FIELD.2: /(?!(AND|OR|NOT)\b)[A-Za-z_][\w\-]*(\.[\w\-]+)*(?=\s*(!=|<=|>=|=|<|>|:))/
    STRING: /"(\\.|[^"\\])*"/ | /'(\\.|[^'\\])*'/
    WORD: /[^\s()"'=<>!:][^\s()"']*/ | "*"
    %ignore /\s+/
    """,
    parser="earley",
    lexer="dynamic",
    ambiguity="resolve",
)
_QUIET: Final = re2.Options()
_QUIET.log_errors = False
_RE2: Final = Lark(
    r"""
    start: term+
    ?term: "(" term ")" | comparison
    comparison: FIELD WORD_OPERATOR value
    value: STRING | WORD
    WORD_OPERATOR.2: /(eq|ne)(?=\s)/
    FIELD: /[A-Za-z_][\w\-]*(\.[\w\-]+)*/
    STRING: /"(\\.|[^"\\])*"/ | /'(\\.|[^'\\])*'/
    WORD: /[^\s()"']+/
    %ignore /\s+/
    """,
    parser="earley",
    lexer="dynamic",
)


def compile_filter(text: str) -> Predicate:
    """
    Return the predicate of a filter.

    Raises:
        ApiError: 400, if the text belongs to neither dialect, or has more than 1,000 characters
    """
    if not text.strip():
        return lambda _: True
    if len(text) > 1_000:
        raise invalid("filter", f"{text[:40]}...", "The expression is too long.")
    grammar, transformer = (_RE2, _Re2()) if re.search(r"\s(eq|ne)\s", text) else (_AIP, _Aip())
    try:
        predicate: Predicate = transformer.transform(grammar.parse(text))
    except exceptions.VisitError as error:
        if isinstance(error.orig_exc, ApiError):
            raise error.orig_exc from error
        raise invalid("filter", text, "Invalid list filter expression.") from error
    except exceptions.LarkError as error:
        raise invalid("filter", text, "Invalid list filter expression.") from error
    return predicate


class _Re2(Transformer[Token, Predicate]):
    def start(self, predicates: list[Predicate]) -> Predicate:
        return lambda document: all(predicate(document) for predicate in predicates)

    def comparison(self, parts: list[Any]) -> Predicate:
        field, operator, value = str(parts[0]), str(parts[1]), parts[2]
        try:
            pattern = re2.compile(value, _QUIET)
        except re2.error as error:
            raise invalid("filter", value, f"Not a regular expression: {error}") from error

        def matches(document: Mapping[str, Any]) -> bool:
            return any(pattern.fullmatch(_text(value)) is not None for value in _values(document, field))

        return matches if operator == "eq" else lambda document: not matches(document)

    def value(self, parts: list[Token]) -> str:
        return _unquote(parts[0])


class _Aip(Transformer[Token, Predicate]):
    def either(self, predicates: list[Predicate]) -> Predicate:
        return lambda document: any(predicate(document) for predicate in predicates)

    def all(self, predicates: list[Predicate]) -> Predicate:
        return lambda document: all(predicate(document) for predicate in predicates)

    def negation(self, predicates: list[Predicate]) -> Predicate:
        return lambda document: not predicates[0](document)

    def comparison(self, parts: list[Any]) -> Predicate:
        field, operator, value = str(parts[0]), str(parts[1]), parts[2]
        return lambda document: _compare(_values(document, field), operator, value)

    def value(self, parts: list[Token]) -> str:
        return _unquote(parts[0])


def _compare(field_values: list[Any], operator: str, value: str) -> bool:
    if operator == "!=":
        return not _compare(field_values, "=", value)
    for field_value in field_values:
        text = _text(field_value)
        if operator == ":" and (_glob(value).match(text) if "*" in value else value.lower() in text.lower()):
            return True
        if operator == "=" and (_glob(value).fullmatch(text) if "*" in value else text == value):
            return True
        if operator in ("<", "<=", ">", ">=") and _ordered(text, operator, value):
            return True
    return False


def _ordered(text: str, operator: str, value: str) -> bool:
    try:
        order = (float(text) > float(value)) - (float(text) < float(value))
    except ValueError:
        order = (text > value) - (text < value)
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


def _glob(value: str) -> Any:
    """Return a pattern of RE2, which takes linear time for every value."""
    return re2.compile("(?s)" + ".*".join(map(re2.escape, value.split("*"))), _QUIET)


def _values(document: Any, field: str) -> list[Any]:
    """Return all values of a field; of a list, the values of each member."""
    values = [document]
    rest = field
    while rest:
        # Label keys may contain dots: the longest key that exists is the right one.
        members = [member for value in values for member in (value if isinstance(value, list) else [value])]
        objects = [member for member in members if isinstance(member, dict)]
        if any(rest in member for member in objects):
            return [member[rest] for member in objects if rest in member]
        head, _, rest = rest.partition(".")
        values = [member[head] for member in objects if head in member]
    return values


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unquote(token: Token) -> str:
    text = str(token)
    return re.sub(r"\\([\"'\\])", r"\1", text[1:-1]) if text[:1] in ('"', "'") else text
