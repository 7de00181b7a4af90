"""
Text of tools and registries, made safe for a terminal and for the log of a job: pure.

The same rules as lib/output.py, which a Dagger module cannot import: only its own folder is loaded.
"""

import re
from typing import Final

_LINE: Final = 500
_TAIL: Final = 80
_NOTE: Final = 40
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_COMMAND: Final = re.compile(r"(?m)^([^\S\n]*):(?=:)|(#)(?=#(?:\w*)\[)")


def printable(text: str) -> str:
    """
    Return a text that cannot control a terminal or the log of a workflow, with lines of at most 500 characters.

    Colours of tools are removed.
    """
    visible = _INVISIBLE.sub(_shown, _COLOUR.sub("", text.replace("\r\n", "\n")))
    defused = _COMMAND.sub(lambda match: "# " if match[2] else f"{match[1]}: ", visible)
    return "\n".join(map(_shortened, defused.split("\n")))


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"


def _shortened(line: str) -> str:
    if len(line) <= _LINE:
        return line
    return f"{line[: _LINE - _TAIL - _NOTE]} … ({len(line) - _LINE + _NOTE:,} left out) … {line[-_TAIL:]}"
