"""
Text of other programs in a safe form for a terminal, a job's log and a job summary. Pure.

Serial output, names, messages of an API or a registry, and lines of an instance may contain control sequences of a
terminal, characters that reverse the direction of text, commands of a workflow's log, and Markdown.
"""

import json
import math
import re
from typing import Any, Final

MAX_LINE_LENGTH: Final = 500
REPORT_BYTES: Final = 65_536
_TAIL: Final = 80
_NOTE: Final = 40

# Control characters except tab and line feed, and all format characters of Unicode, such as marks of direction.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)
_PICTURES: Final = 0x2400  # ␀ and the pictures of the other controls of ASCII
_DELETE: Final = 0x7F
# GitHub's and Azure's runners execute `##[…]` and `##vso[…]` anywhere in a line, `::…` at its beginning.
# Source: actions/runner, src/Runner.Common/ActionCommand.cs.
_COMMAND: Final = re.compile(r"(?m)^([^\S\n]*):(?=:)|(#)(?=#(?:\w*)\[)")
# Emphasis, code, links, pictures and cells; mentions, issue numbers and bare addresses, which become links.
_MARKDOWN: Final = re.compile(
    r"[\\`*\[\]|~!]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<!\w)@|(?<!\w)#(?=\d)|:(?=//)|(?<=www)\."
)
# The beginning of a heading or of a list item.
_BLOCK: Final = re.compile(r"^(\s*\d*)(?=\S)(?:(?<!\d)([#+=-])|(?<=\d)([.)])(?=\s|\Z))")


def visible(text: str) -> str:
    """Return a text with a picture or an escape, such as `␛`, for each control and format character."""
    return _INVISIBLE.sub(_picture, text.replace("\r\n", "\n"))


def inline(text: str) -> str:
    """Return a text as one line of at most 500 characters, with line feeds and tabs replaced too."""
    return shortened(visible(text).replace("\n", "␊").replace("\t", " "))


def shortened(line: str) -> str:
    """Return a line of at most 500 characters: the beginning and the end of a longer line."""
    if len(line) <= MAX_LINE_LENGTH:
        return line
    omitted = len(line) - MAX_LINE_LENGTH + _NOTE
    return f"{line[: MAX_LINE_LENGTH - _TAIL - _NOTE]} … ({omitted:,} left out) … {line[-_TAIL:]}"


def printable(text: str) -> str:
    """
    Return a text that is safe on a terminal and in a workflow's log.

    A line has at most 500 characters, and all lines have at most 64 KiB. A JSON report of `as_json` is returned
    unchanged.
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
    """Return a value as JSON in ASCII, with escaped control characters and lines of at most 500 characters."""
    # `##[` in a string would be a command of the workflow's log.
    return json.dumps(_bounded(value), indent=2, default=str).replace("##", "#\\u0023")


def markdown(text: str) -> str:
    """Return a text as one literal line of Markdown: a paragraph, a heading or an item."""
    return _BLOCK.sub(r"\1\\\2\3", cell(text))


def cell(text: str) -> str:
    """Return a text as the literal content of a cell in a Markdown table."""
    escaped = inline(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(_entity, escaped)


def _picture(match: re.Match[str]) -> str:
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
        text = value.encode(errors="backslashreplace").decode()  # a lone surrogate cannot be encoded
        return "\n".join(map(shortened, text.split("\n")))
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no number for it
    if isinstance(value, dict):
        return {key: _bounded(member) for key, member in value.items()}
    return [_bounded(member) for member in value] if isinstance(value, list | tuple) else value
