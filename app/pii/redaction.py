"""The order of the kinds, and the text with labels."""

import re
from typing import Final

from app.pii import accounts, identities, kept, names, phones, residents
from app.pii.kinds import KEPT, LABELS, WINDOW, Candidate, Kind, blank_of
from app.pii.view import view_of

_Span = tuple[int, int, str]
# A number is of the first kind that accepts it.
_KINDS: Final = (
    identities.EMAILS, kept.FIXED, residents.MASKED, kept.DOCUMENTS, residents.WHOLE, phones.INTERNATIONAL,
    phones.MOBILE, phones.LAND, identities.CARDS, identities.LICENCES, identities.PASSPORTS, accounts.SHAPED,
    accounts.LOOSE, phones.LOCAL,
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
    spans: list[_Span] = []
    for kind in (*_KINDS, names.NAMES) if with_names else _KINDS:
        kind_spans = _spans(kind, characters)
        characters = _blanked(characters, kind_spans)
        spans += (span for span in kind_spans if span[2] != KEPT)
    parts: list[str] = []
    after = 0
    for start, end, label in sorted(spans):
        first, last = view.span(start, end)
        parts += (text[after:first], label)
        after = last
    return "".join((*parts, text[after:]))


def _spans(kind: Kind, characters: str) -> list[_Span]:
    """Return start, end and label of each accepted match; a refused one may hide another that begins inside of it."""
    spans = []
    search_from = after = 0
    blank = ""
    while match := kind.pattern.search(characters, search_from):
        start, end = match.span()
        before = characters[max(after, start - WINDOW) : start]
        if start - after < WINDOW:
            before = blank + before
        label = kind.label_of(Candidate(before, match, characters[end : end + WINDOW]))
        if label is None:
            search_from = start + 1
            continue
        spans.append((start, end, label))
        search_from = after = end
        blank = blank_of(label)
    return spans


def _blanked(characters: str, spans: list[_Span]) -> str:
    """Return the view with blanks in the place of the spans, so that no other kind sees them."""
    parts: list[str] = []
    after = 0
    for start, end, label in spans:
        parts += (characters[after:start], blank_of(label) * (end - start))
        after = end
    return "".join((*parts, characters[after:]))
