"""The order of the kinds, and the text with labels."""

import re
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import Final

from app.pii import accounts, identities, kept, names, phones, residents
from app.pii.kinds import KEPT, LABELS, WINDOW, Candidate, Kind, blank_of
from app.pii.view import view_of

# Of two kinds that accept a number, the first one labels it.
_KINDS: Final = (
    identities.EMAILS, kept.FIXED, residents.SPLIT, residents.MASKED, kept.DOCUMENTS, residents.WHOLE,
    phones.INTERNATIONAL, phones.MOBILE, phones.LAND, identities.CARDS, identities.LICENCES, identities.PASSPORTS,
    accounts.SHAPED, accounts.LOOSE, phones.LOCAL,
)  # fmt: skip
# Most texts of a log line: ASCII without a digit, `@`, `(at)` or `[at]`.
_WITHOUT_DATA: Final = re.compile(r"[\x00-')-/:-?A-Z\\-\x7f]*")
_LABEL: Final = re.compile("|".join(map(re.escape, LABELS)))


def redact(text: str, *, with_names: bool = False) -> str:
    """
    Return a text with labels in the place of personal data.

    The function is pure, and the time grows linearly with the text. Everything else stays as it is; a second redaction
    changes nothing.

    Args:
        text: any text.
        with_names: whether names after 임차인, 임대인 and 예금주 are replaced too.
    """
    if _WITHOUT_DATA.fullmatch(text):
        return text
    view = view_of(text)
    characters = _LABEL.sub(lambda label: blank_of(label[0]) * len(label[0]), view.characters)
    parts: list[str] = []
    after = 0
    for start, end, label in _spans(characters, (*_KINDS, names.NAMES) if with_names else _KINDS):
        if label != KEPT:
            first, last = view.span(start, end)
            parts += (text[after:first], label)
            after = last
    return "".join((*parts, text[after:]))


def _spans(characters: str, kinds: Sequence[Kind]) -> Iterator[tuple[int, int, str]]:
    """Return start, end and label of each accepted match, the leftmost first; a refused match may hide a later one."""
    after = 0
    blank = ""
    matches = [
        (match.start(), order, match) for order, kind in enumerate(kinds) if (match := kind.pattern.search(characters))
    ]
    heapify(matches)
    while matches:
        start, order, match = heappop(matches)
        kind = kinds[order]
        if start >= after:
            before = characters[max(after, start - WINDOW) : start]
            before = blank + before if start - after < WINDOW else before
            label = kind.label_of(Candidate(before, match, characters[match.end() : match.end() + WINDOW]))
            if label is not None:
                yield start, match.end(), label
                after = match.end()
                blank = blank_of(label)
        if next_match := kind.pattern.search(characters, max(start + 1, after)):
            heappush(matches, (next_match.start(), order, next_match))
