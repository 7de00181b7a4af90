"""
A normalised view of a text, with the position of each character in the text.

OCR, forms and people write a number in many ways. In the view a number has ASCII digits, and at most one separator
between two digits, so each pattern describes one way:

- NFKC, decimal and circled digits of every script as ASCII; jamo composed to syllables
- format characters, soft hyphens and combining marks removed
- separators as `-`, `~`, `/`, `.`, `|` (a table cell), a line feed or a blank; characters that mask digits as `*`
- letters that OCR reads in the place of digits, in a run of digits, as digits
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

UNKNOWN: Final = "\ufffd"  # what a character without a meaning here becomes; also keeps private characters out
_ALIKE: Final = {
    **dict.fromkeys("_\u2043\u2212\u30fc\uff70\u31d0\u3161\u4e00\u2500\u2501\uffda\uff3f\u1173", "-"),
    **dict.fromkeys("~\u02dc\u223c\u301c\uff5e", "~"),
    **dict.fromkeys("\u00b7\u2024\u2027\u2219\u22c5\u3002\u30fb\u318d\u119e\uff61\uff65\uff0e", "."),
    **dict.fromkeys("\u2044\u2215\uff0f", "/"),
    **dict.fromkeys("\t\u00a6\u2502\u2503\u2551\uff5c", "|"),
    **dict.fromkeys("\n\r\v\f\x85\u2028\u2029", "\n"),
    **dict.fromkeys(
        "*#\u00d7\u2022\u2217\u25a0\u25a1\u25c6\u25c7\u25cb\u25cf\u25ef\u2605\u2606\u203b\uff03\uff0a", "*"
    ),
    **dict.fromkeys("\u115f\u1160\u3164\uffa0", ""),  # fillers of Hangul
    "\u2800": " ",
}
_BY_CATEGORY: Final = {
    **dict.fromkeys(("Cf", "Mn", "Me"), ""),
    **dict.fromkeys(("Cc", "Zs"), " "),
    **dict.fromkeys(("Co", "Cs", "Cn"), UNKNOWN),
    "Pd": "-",
}
_JAMO: Final = re.compile("[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")
_SEPARATORS: Final = re.compile(r"(?<=[0-9*xX])[-~/.|)\n ]{2,6}(?=[0-9*xX])")
_STRONGEST_FIRST: Final = "-~/.)|\n "
_LIST_ITEM: Final = re.compile("\n *- ")
_LOOK_ALIKES: Final = re.compile("(?<![0-9A-Za-z])(?=[0-9]{0,23}[OoIlSBZ])[0-9OoIlSBZ]{1,24}(?![0-9A-Za-z])")
_AS_DIGITS: Final = str.maketrans("OoIlSBZ", "0011582")
_PASSPORT: Final = re.compile("[OS][0-9]{8}")
_RARE: Final = frozenset("SBZ")  # counted as digits only among at least three digits
_DIGIT_BEFORE: Final = re.compile(r"[0-9][-~/.|)\n ]{1,3}$")
_DIGIT_AFTER: Final = re.compile(r"[-~/.|)\n ]{1,3}[0-9]")


@dataclass(frozen=True)
class View:
    """
    The normalised characters of a text.

    Args:
        characters: the view as a string.
        starts: position in the text where each character of the view begins.
        ends: position in the text where each character of the view ends.
    """

    characters: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the part of the text that a part of the view, which is not empty, stands for."""
        return self.starts[start], self.ends[end - 1]


class _Characters(dict[str, str]):
    """The view of each character that was met before; at most one entry for each code point."""

    def __missing__(self, character: str) -> str:
        self[character] = view = _normalised(character)
        return view


_CHARACTERS: Final = _Characters()


def view_of(text: str) -> View:
    """Return the view of any text."""
    parts = list(map(_CHARACTERS.__getitem__, text))
    starts: Sequence[int] = range(len(parts))
    ends: Sequence[int] = range(1, len(parts) + 1)
    for syllable in _JAMO.finditer(text):
        parts[syllable.start() : syllable.end()] = [
            unicodedata.normalize("NFC", syllable[0]),
            *[""] * (len(syllable[0]) - 1),
        ]
    characters = "".join(parts)
    if not text.isascii() and (len(characters) != len(text) or max(map(len, parts)) > 1):
        starts = list(chain.from_iterable(map(repeat, starts, map(len, parts))))
        ends = list(chain.from_iterable(map(repeat, ends, map(len, parts))))
    return _with_single_separators(View(_LOOK_ALIKES.sub(_digits, characters), starts, ends))


def _normalised(character: str) -> str:
    if character in _ALIKE:
        return _ALIKE[character]
    view = _BY_CATEGORY.get(unicodedata.category(character))
    if view is not None:
        return view
    if unicodedata.decomposition(character).startswith(("<super>", "<sub>", "<fraction>")):
        return UNKNOWN  # as in m², which is no part of a number
    view = unicodedata.normalize("NFKC", character)
    if len(view) > 1:
        return view if view.isdecimal() or not any(map(str.isdigit, view)) else UNKNOWN
    view = _ALIKE.get(view, view)
    digit = unicodedata.digit(view, None) if view else None
    return view if digit is None else str(digit)


def _digits(run: re.Match[str]) -> str:
    """Return a run of digits and look-alikes as digits, if it is a part of a number."""
    if _PASSPORT.fullmatch(run[0]):
        return run[0]
    digits = sum(map(str.isdecimal, run[0]))
    if digits < 3 and not _RARE.isdisjoint(run[0]):
        return run[0]
    is_after_digit = _DIGIT_BEFORE.search(run.string, max(0, run.start() - 4), run.start())
    is_before_digit = _DIGIT_AFTER.match(run.string, run.end())
    is_number = digits or (
        bool(is_after_digit or is_before_digit) if len(run[0]) > 1 else bool(is_after_digit and is_before_digit)
    )
    return run[0].translate(_AS_DIGITS) if is_number else run[0]


def _with_single_separators(view: View) -> View:
    """Return a view where one separator stands for several between two digits."""
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    after = 0
    for separators in _SEPARATORS.finditer(view.characters):
        first, last = separators.span()
        strongest = next(separator for separator in _STRONGEST_FIRST if separator in separators[0])
        characters += (view.characters[after:first], "\n" if _LIST_ITEM.search(separators[0]) else strongest)
        starts += (*view.starts[after:first], view.starts[first])
        ends += (*view.ends[after:first], view.ends[last - 1])
        after = last
    if not after:
        return view
    characters.append(view.characters[after:])
    starts += view.starts[after:]
    ends += view.ends[after:]
    return View("".join(characters), starts, ends)
