"""
Text of other programs, made fit for a terminal, a job's log and a job summary: pure.

Serial output, names, messages of an API or a registry, and lines of an instance may hold anything: control sequences
that write to a terminal, characters that reverse the direction of text, commands of a workflow's log, and Markdown.
"""

import json
import re
from typing import Any, Final

LINE: Final = 500
REPORT_BYTES: Final = 65_536
_TAIL: Final = 80
_NOTE: Final = 40

# Controls but tab and line feed, and every format character of Unicode: direction, joiners, tags, byte order marks.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)
_PICTURES: Final = 0x2400  # ␀ and the pictures of the other controls of ASCII
_DELETE: Final = 0x7F
# GitHub's runner and Azure's take `##[…]` and `##vso[…]` anywhere in a line, `::…` at its beginning.
# Source: actions/runner, src/Runner.Common/ActionCommand.cs.
_COMMAND: Final = re.compile(r"(?m)^([^\S\n]*):(?=:)|(#)(?=#(?:\w*)\[)")
# Emphasis, code, links, pictures, cells; mentions, numbers of issues and bare addresses, which become links.
_MARKDOWN: Final = re.compile(
    r"[\\`*\[\]|~!]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<!\w)@|(?<!\w)#(?=\d)|:(?=//)|(?<=www)\."
)
# What begins a heading, an item or a list.
_BLOCK: Final = re.compile(r"^(\s*\d*)(?=\S)(?:(?<!\d)([#+=-])|(?<=\d)([.)])(?=\s|\Z))")


def visible(text: str) -> str:
    """Return a text with every control and format character in its place as a picture or an escape, such as `␛`."""
    return _INVISIBLE.sub(_shown, text.replace("\r\n", "\n"))


def inline(text: str) -> str:
    """Return a text as a part of one line of at most 500 characters: line feeds and tabs are made visible too."""
    return shortened(visible(text).replace("\n", "␊").replace("\t", " "))


def shortened(line: str) -> str:
    """Return a line of at most 500 characters: of a longer one its beginning and its end."""
    if len(line) <= LINE:
        return line
    return f"{line[: LINE - _TAIL - _NOTE]} … ({len(line) - LINE + _NOTE:,} left out) … {line[-_TAIL:]}"


def printable(text: str) -> str:
    """
    Return a text that may be written to a terminal and to a workflow's log.

    Nothing in it controls either, a line has at most 500 characters, and all have at most 64 KiB. A report in JSON is
    returned as it is, if `as_json` made it.
    """
    if _is_json(text):
        return text
    lines = [shortened(line) for line in _COMMAND.sub(_defused, visible(text)).split("\n")]
    size = 0
    for number, line in enumerate(lines):
        size += len(line.encode()) + 1
        if size > REPORT_BYTES - 2 * _NOTE:
            return "\n".join([*lines[:number], f"… ({len(lines) - number:,} more lines are left out)"])
    return "\n".join(lines)


def as_json(value: Any) -> str:
    """Return a value as JSON in ASCII: a string's control characters are escaped, and its parts beyond 500 left out."""
    # `##[` in a string would be a command of the workflow's log.
    return json.dumps(_bounded(value), indent=2, default=str).replace("##", "#\\u0023")


def markdown(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line: a paragraph, a heading or an item."""
    return _BLOCK.sub(r"\1\\\2\3", cell(text))


def cell(text: str) -> str:
    """Return a text that a cell of a Markdown table shows as it is."""
    escaped = inline(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(_entity, escaped)


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == _DELETE:
        return "␡"
    return f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"


def _defused(match: re.Match[str]) -> str:
    return "# " if match[2] else f"{match[1]}: "


def _entity(match: re.Match[str]) -> str:
    character = match[0]
    return f"\\{character}" if character in "\\`*[]|~!_" else f"&#{ord(character)};"


def _is_json(text: str) -> bool:
    if not text.isascii() or text[:1] not in ("{", "[") or _INVISIBLE.search(text) or "##" in text:
        return False
    try:
        return as_json(json.loads(text)) == text
    except (ValueError, RecursionError):
        return False


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        text = value.encode(errors="backslashreplace").decode()  # half of a pair of UTF-16 is no character
        return "\n".join(map(shortened, text.split("\n")))
    if isinstance(value, dict):
        return {key: _bounded(member) for key, member in value.items()}
    return [_bounded(member) for member in value] if isinstance(value, list | tuple) else value
