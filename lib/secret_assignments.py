"""Secrets that are recognized by the name in an assignment: shell, YAML, JSON, .env, headers, options."""

import re
from collections.abc import Iterator
from typing import Final

from lib.secret_tokens import Secret
from lib.secret_values import WORD, is_secret_name, is_secret_value

_NAME: Final = r"[^\W\d][\w.-]{0,80}"
_QUOTE: Final = r"(?:\\{0,7}[\"'])?"
_BEGIN: Final = r"(?:(?<!\w)|(?<=%[0-9A-Fa-f]{2}))"
_CONTINUED: Final = r"(?:\\\n[ \t]{0,60})?"
_ASSIGNMENT: Final = re.compile(
    rf"{_BEGIN}(?P<name>{_NAME}){_QUOTE}\]?[ \t]{{0,60}}"
    rf"(?P<sign>:[=-]|=>|\+?={{1,3}}|:(?!//|[:?+])|%3[Dd])[ \t]{{0,60}}{_CONTINUED}"
)
# Entries of a list: `- name: X` above `value: Y`, `{"key": "X", "value": "Y"}`.
_ENTRY: Final = re.compile(
    rf"(?<!\w)(?:name|key){_QUOTE}[ \t]{{0,4}}[:=][ \t]{{0,4}}{_QUOTE}(?P<name>{_NAME}){_QUOTE}"
    rf"[,\s-]{{1,60}}{_QUOTE}value{_QUOTE}[ \t]{{0,8}}(?P<sign>[:=])[ \t]{{0,8}}"
)
_OPTION: Final = re.compile(rf"(?<![\w-])--?(?P<name>{_NAME})[ \t]{{1,4}}{_CONTINUED}(?P<sign>(?=[^\s=-]))")
# Assignments of a Dockerfile, csh, fish, Windows, and of tools with their own settings.
_SETTING: Final = re.compile(
    r"\b(?:ENV|ARG|setenv|setx|set[ \t]-g?x|config(?:ure)?[ \t]{1,4}set|config[ \t]{1,4}--(?:global|system|local))"
    rf"[ \t]{{1,4}}(?P<name>{_NAME})[ \t]{{1,4}}(?P<sign>(?=[^\s=]))"
)
_ELEMENT: Final = re.compile(rf"<(?P<name>{_NAME})(?:[ \t][^<>\n]{{0,200}})?>(?P<sign>(?=[^<\s]|<!\[CDATA\[))")
# gcloud's, docker's and kubectl's options that take the name of a secret.
_TAKES_A_NAME: Final = re.compile(r"--(?:set-|update-)?(?:build-)?secrets?\Z")
# Text that may precede the name in its line: tag of a log, marks of lists and quotations, a word of the shell.
_BEFORE: Final = re.compile(
    r"(?:[^\n]{0,150}?(?:\[\d+\]|startup-script): )?"
    r"[ \t>+*-]*(?:export[ \t]+|readonly[ \t]+|declare[ \t]+-\w+[ \t]+|Environment=)?"
)
_LINE: Final = re.compile(r"[^\n]*")
_SCALAR: Final = re.compile(r"[^\s,}\]#](?:[^\n#]|(?<=\S)#)*+")
_HEADER: Final = {quote: re.compile(rf"[^{quote}\n]*+") for quote in ("'", '"')}
_FLOW: Final = re.compile(r"[^\s\"',;}\])]*+")
_QUOTED: Final = re.compile(
    r"\\{1,7}\"(?P<escaped>[^\n]*?)\\{1,7}\""
    r"|(?i:[bru]{0,2})(?:\"(?P<double>(?:[^\"\\\n]|\\.)*+)\"|'(?P<single>[^'\n]*+)')"
)
# The first line of a text with several lines, or a cut text; not `grep "TOKEN=" file`.
_UNCLOSED: Final = re.compile(r"\\{0,7}[\"'](?P<value>[^\s\"'`()|;&,][^\n\"'`]{0,1024}+)(?=\n|\Z)")
_BEHIND_QUOTE: Final = frozenset(("", *" \t\n|;&)$"))
_BLOCK: Final = re.compile(
    r"[|>](?:[+-]?\d?|\d[+-])(?:[ \t]{1,60}#[^\n]{0,200})?[ \t]{0,60}\r?\n(?P<lines>(?:[ \t]+[^\n]*(?:\n|\Z)|\r?\n)+)"
)
# A word on the line after its key that is neither a list entry nor another key.
_NEXT_LINE: Final = re.compile(
    r"\r?\n[ \t]{1,60}(?P<value>\"[^\"\s]++\"|'[^'\s]++'|[^\s\"'`#(){}\[\]=:-][^\s\"'`(){}\[\]=:]*+)[,}]?(?=[\r\n]|\Z)"
)
_TEXT: Final = re.compile(r"<!\[CDATA\[[^<\]\n]*+\]\]>|[^<\n]+")


def assignments(text: str) -> Iterator[Secret]:
    """Yield the values of a text that are secrets by their name and form, in linear time."""
    for pattern in (_ASSIGNMENT, _ENTRY, _OPTION, _SETTING, _ELEMENT):
        past = 0
        for match in pattern.finditer(text):
            # The search continues after the last secret: `key=key=key=…` would need quadratic time otherwise.
            if match.start() < past or not is_secret_name(match["name"]):
                continue
            secret = _element(text, match) if pattern is _ELEMENT else _value(text, match)
            if secret is not None:
                past = secret.end
                yield secret


def _value(text: str, match: re.Match[str]) -> Secret | None:
    """Return the value after an assignment's sign, if it is a secret."""
    name, at = match["name"], match.end()
    takes_a_name = _TAKES_A_NAME.search(text, max(0, match.start("name") - 2), match.end("name"))
    if takes_a_name or _is_closing_quote(text, at):
        return None
    if match["sign"] == ":":
        return _field(text, match)
    word = WORD.match(text, at)
    if word is None:
        quoted = _QUOTED.match(text, at) or _UNCLOSED.match(text, at)
        return _judged(name, text, *_inner(quoted)) if quoted else None
    if text.startswith("(", word.end()) and match["sign"]:
        return None  # a call of a function
    if not is_secret_value(name, word[0]):
        return None
    # In an env file the value of a line `NAME=value` may contain blanks without quotes.
    is_line = _is_first(text, match) and word[0][0] not in "\"'" and match["sign"] == "="
    end = _LINE.match(text, word.end()).end() if is_line else word.end()  # type: ignore[union-attr]
    return Secret(at, end, name)


def _field(text: str, match: re.Match[str]) -> Secret | None:
    """Return the value after a colon in YAML, JSON, a header or a sentence, if it is a secret."""
    name, at = match["name"], match.end()
    quoted = _QUOTED.match(text, at) or _UNCLOSED.match(text, at)
    if quoted:
        return _judged(name, text, *_inner(quoted))
    block = _BLOCK.match(text, at) if text.startswith(("|", ">"), at) else None
    if block:
        return _judged(name, text, *block.span("lines"))
    if text.startswith(("{", "["), at):
        return None
    next_line = _NEXT_LINE.match(text, at)
    if next_line:
        return _judged(name, text, *next_line.span("value"), is_prose=True)
    before, is_name_quoted = text[max(0, match.start() - 1) : match.start()], text[match.end("name")] in "\\\"'"
    if not is_name_quoted and (before in ("'", '"') or _is_first(text, match)):
        # The value is the rest of the line, or of the quoted header.
        scalar = _HEADER.get(before, _SCALAR).match(text, at)
        return _judged(name, text, *scalar.span()) if scalar else None
    flow = _FLOW.match(text, at)
    is_prose = not is_name_quoted and before not in ("{", ",")
    return _judged(name, text, *flow.span(), is_prose=is_prose) if flow else None


def _is_closing_quote(text: str, at: int) -> bool:
    """Return whether a quote closes the text with the name, as in `grep "TOKEN=" file && grep "KEY=" file`."""
    quote, begin = text[at : at + 1], _line_start(text, at)
    if quote not in ("'", '"') or text[at + 1 : at + 2] not in _BEHIND_QUOTE or begin is None:
        return False
    return (text.count(quote, begin, at) - text.count(f"\\{quote}", begin, at)) % 2 == 1


def _line_start(text: str, at: int) -> int | None:
    """Return the start of a position's line; None if the start is more than 200 characters before the position."""
    begin = text.rfind("\n", max(0, at - 200), at) + 1
    return None if begin == 0 and at > 200 else begin


def _element(text: str, match: re.Match[str]) -> Secret | None:
    content = _TEXT.match(text, match.end())
    if content is None or not text.startswith(f"</{match['name']}", content.end()):
        return None
    return _judged(match["name"], text, *content.span())


def _judged(name: str, text: str, start: int, end: int, *, is_prose: bool = False) -> Secret | None:
    value = text[start:end].rstrip()
    if not value or not is_secret_value(name, value.rstrip(",;"), is_prose=is_prose):
        return None
    return Secret(start, start + len(value), name)


def _inner(quoted: re.Match[str]) -> tuple[int, int]:
    return next(quoted.span(group) for group, inner in quoted.groupdict().items() if inner is not None)


def _is_first(text: str, match: re.Match[str]) -> bool:
    """Return whether only a list mark, a quotation mark or `export` precedes an assignment in its line."""
    begin = _line_start(text, match.start())
    return begin is not None and _BEFORE.fullmatch(text, begin, match.start()) is not None
