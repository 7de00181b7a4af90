"""
Registration numbers of residents and foreigners: date of birth, then a digit for century and sex, and six digits.

The seventh digit is 9 or 0 for the 1800s, 1 to 4 for residents and 5 to 8 for foreigners of the 1900s and 2000s
(the recognisers of Korea in presidio-analyzer 2.2.365, read 2026-11-27). Since October 2020 the last six digits are
random, so a check digit proves nothing.
"""

import re
from typing import Final

from app.pii.accounts import is_near_account
from app.pii.kinds import ACCOUNT, ANY_JOIN, BLANKS, FOREIGNER, RESIDENT, Candidate, Kind, near

_DATE: Final = re.compile("[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_MASKS: Final = "[0-9]{0,4} ?[*xX](?: ?[*xX]){2,6}|[0-9][-.+](?: ?[-.+]){4,6}(?![0-9])"
_WHOLE: Final = re.compile(
    "(?<![0-9])(?P<birth>[0-9](?:[ \n]?[0-9]){5})"
    f"(?P<join>(?:[,:] |[,:]|{ANY_JOIN}))(?P<serial>[0-9](?:[ \n]?[0-9]){{6}})(?![0-9])"
)
_MASKED: Final = re.compile(
    f"(?<![0-9])(?P<birth>[0-9]{{6}})[-~/.| ]?(?P<serial>{_MASKS}|[0-9](?![0-9]))(?![A-Za-z])"
    "|[*xX]{6}-[0-9]{7}(?![0-9])"
)
_SPLIT: Final = re.compile(
    f"(?=[0-9뒷])(?:(?<![0-9])(?P<birth>[0-9]{{6}})[^0-9{BLANKS}]{{0,12}}(?:뒷|뒤)|뒷)"
    rf" ?(?:7 ?)?(?P<unit>자 ?리|번 ?호)?[^0-9{BLANKS}]{{0,6}}(?P<serial>[0-9](?: ?[0-9*xX]){{6}})(?![0-9])"
)
_OTHER_WORD: Final = re.compile(
    "(?:법 ?인|사 ?업 ?자|계 ?좌|카 ?드|바 ?코 ?드|관 ?리)(?: ?등 ?록)?(?: ?번 ?호)?[^가-힣]{0,12}$"
)
_DIGITS: Final = 13
_SPACED: Final = re.compile("[0-9](?: [0-9]){12}")
_NEXT_DIGIT: Final = re.compile(" [0-9]")
_RESIDENT_WORD: Final = near("주 ?민", 16)
_FOREIGNER_WORD: Final = near("외 ?국 ?인|거 ?소", 16)
_DECIMAL: Final = re.compile(f"[0-9{BLANKS}][.]$")


def _whole(candidate: Candidate) -> str | None:
    """Accept a valid date with a usual join, or any thirteen digits after a word for these numbers."""
    birth, join, serial = candidate.match.group("birth", "join", "serial")
    label = _label(candidate, serial[0])
    if _is_announced(candidate):
        return label
    if not _DATE.fullmatch("".join(birth.split())):
        return None
    if len(birth + serial) > _DIGITS:
        is_spaced = _SPACED.fullmatch(candidate.match[0]) and not _NEXT_DIGIT.match(candidate.after)
        return label if is_spaced or join.strip() else None
    if not join:
        if serial[0] not in "12345678" or _DECIMAL.search(candidate.before):
            return None
        return ACCOUNT if is_near_account(candidate) else label
    is_amount = join in " |\n" and (serial.endswith("000") or candidate.after.lstrip(" ").startswith("원"))
    return None if is_amount else label


def _masked(candidate: Candidate) -> str | None:
    birth, serial = candidate.match.group("birth", "serial")
    if birth is None:
        return _label(candidate, "")
    if _is_announced(candidate):
        return _label(candidate, serial[0])
    return _label(candidate, serial[0]) if len(serial) > 1 and _DATE.fullmatch(birth) else None


def _split(candidate: Candidate) -> str | None:
    """Accept the last seven digits after a word for them, and the date of birth before it."""
    birth, unit, serial = candidate.match.group("birth", "unit", "serial")
    is_date = birth is None or _DATE.fullmatch(birth)
    is_certain = unit and not _OTHER_WORD.search(candidate.before)
    return _label(candidate, serial[0]) if is_date and (is_certain or _is_announced(candidate)) else None


def _is_announced(candidate: Candidate) -> bool:
    return bool(_RESIDENT_WORD.search(candidate.before) or _FOREIGNER_WORD.search(candidate.before))


def _label(candidate: Candidate, century: str) -> str:
    is_foreigner = century in tuple("5678") or _FOREIGNER_WORD.search(candidate.before)
    return FOREIGNER if is_foreigner else RESIDENT


SPLIT: Final = Kind(_SPLIT, _split)
MASKED: Final = Kind(_MASKED, _masked)
WHOLE: Final = Kind(_WHOLE, _whole)
