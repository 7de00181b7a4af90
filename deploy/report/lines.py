"""Lines that fit a terminal of 80 columns, measured in its cells: pure."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from rich.cells import cell_len, chop_cells

from lib.output import inline

WIDTH: Final = 80
# Words with the spaces before them; a command in backticks, or of gcloud in quotes, is one word.
_WORD: Final = re.compile(r"\s*(?:`[^`]*`|'gcloud [^']*'|\S)+")
_COMMAND: Final = re.compile(r"\s*(?:`|'gcloud )")
_ARGUMENT: Final = re.compile(r"""\s*(?:'[^']*'|"[^"]*"|\S)+""")  # quoted as by shlex.quote
_BETWEEN: Final = " · "
_CONTINUED: Final = " \\"  # end of a line that a shell joins with the next one
_UNICODE: Final = "latest"  # and no version that the environment variable UNICODE_VERSION names
Piece = tuple[str, str]  # text of a line, and the end of the line if it is broken behind this text


def width(text: str) -> int:
    """Return the number of a terminal's cells that a text takes."""
    return cell_len(text, _UNICODE)


def padded(text: str, cells: int) -> str:
    """Return a text with spaces up to a number of cells."""
    return text + " " * (cells - width(text))


def cropped(text: str, cells: int) -> str:
    """Return a text of at most this number of cells; a longer one ends in `…`."""
    return text if width(text) <= cells else f"{chop_cells(text, cells - 1, _UNICODE)[0]}…"


def wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    """
    Return a text as lines of at most 80 cells, broken at ` · ` or, where that is not enough, between words.

    A longer word, such as a reference, has a line of its own; only a word that is not ASCII is broken itself. A command
    in backticks that needs several lines has a backslash at the end of each but the last.

    Args:
        text: text of any origin; it is made safe for a terminal.
        first: beginning of the first line.
        rest: beginning of the lines behind it.
    """
    return _lines(_pieces(inline(text).rstrip(), WIDTH - width(rest)), first, rest)


def wrapped_command(command: str, first: str = "", rest: str = "") -> list[str]:
    """Return a command as lines of at most 80 cells that a shell reads as one; arguments as of `wrapped`."""
    return _lines(_arguments(inline(command)), first, rest)


def _pieces(text: str, room: int) -> Iterator[Piece]:
    """Yield the texts that a line may be broken behind: parts, or else words."""
    for number, part in enumerate(text.split(_BETWEEN)):
        whole = f"{_BETWEEN}{part}" if number else part
        if width(whole) <= room:
            yield whole, ""
            continue
        for word in _WORD.findall(whole):
            if width(word) > room and word.isascii() and _COMMAND.match(word):
                yield from _quoted_arguments(word)
            else:
                yield from ((piece, "") for piece in _words(word, room))


def _words(text: str, room: int) -> Iterator[str]:
    """Yield the words of a text that no line has room for, or the text; a word that is not ASCII is cut to fit."""
    for word in [text] if width(text) <= room else re.findall(r"\s*\S+", text):
        yield from [word] if width(word) <= room or word.isascii() else chop_cells(word, room, _UNICODE)


def _arguments(command: str) -> Iterator[Piece]:
    return ((argument, _CONTINUED) for argument in _ARGUMENT.findall(command))


def _quoted_arguments(word: str) -> Iterator[Piece]:
    """Yield the arguments of a command in backticks or quotes; what follows its last one is a text again."""
    *arguments, last = re.findall(r"\s*\S+", word) if "'gcloud " in word else _ARGUMENT.findall(word)
    yield from ((argument, _CONTINUED) for argument in arguments)
    yield last, ""


def _lines(pieces: Iterable[Piece], first: str, rest: str) -> list[str]:
    """Join texts into lines; one that does not fit behind the beginning of the first line has the next line."""
    lines: list[str] = []
    line, end = first, ""
    is_empty = first == rest or not first.strip()
    for text, text_end in pieces:
        if is_empty or width(line + text + text_end) <= WIDTH:
            line += text
        else:
            lines.append(line.rstrip() + end)
            line = rest + text.lstrip()
        end, is_empty = text_end, False
    return [*lines, line.rstrip()]
