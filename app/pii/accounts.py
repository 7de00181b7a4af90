"""
Bank accounts: the usual groups of digits anywhere, other numbers near a word for a bank or an account.

Amounts beside a bank's name are no accounts: they are round, or a word for an amount stands between.
"""

import re
from typing import Final

from app.pii.kinds import ACCOUNT, ACCOUNT_BLANK, BLANKS, Candidate, Kind

# Digits in the groups of the account numbers that Korean banks print.
_SHAPES: Final = (
    *((3, 4, 4, 2), (3, 4, 4, 3), (3, 6, 2, 3), (3, 2, 6, 1), (3, 2, 4, 3), (4, 4, 4, 1), (3, 3, 6, 1), (3, 2, 5, 1)),
    *((3, 3, 6), (4, 3, 6), (3, 2, 6), (3, 6, 5), (6, 2, 6), (4, 2, 7), (3, 2, 7), (3, 4, 6), (2, 2, 6), (4, 4, 4)),
)
_MOST_GROUPS_FIRST: Final = sorted(_SHAPES, key=len, reverse=True)
_SHAPED: Final = re.compile(
    "(?<![0-9])(?=[0-9](?:[-./~| ]?[0-9]){9})(?:"
    + "|".join("[-./~| ]".join(f"[0-9]{{{digits}}}" for digits in shape) for shape in _MOST_GROUPS_FIRST)
    + ")(?![0-9])"
)
_TEN_DIGITS: Final = "(?<![0-9])(?=[0-9](?:[-./~ ]?[0-9*]){9})"
_SINGLE_DIGITS: Final = "[0-9](?:[-./~ ][0-9]){9,15}(?![-./~ ]?[0-9])"
_GROUPS: Final = "[0-9][0-9*]{0,15}(?:[-./~][0-9*]{1,16}){0,5}(?![0-9])"
_LOOSE: Final = re.compile(f"{_TEN_DIGITS}(?:{_SINGLE_DIGITS}|{_GROUPS})")
_DIGITS_AT_LEAST: Final = 10
_DIGITS_AT_MOST: Final = 16

_ACCOUNT_WORD: Final = (
    "계 ?좌|통 ?장|예 ?금|입 ?금|송 ?금|이 ?체|은 ?행|뱅크|금고|농 ?협|축 ?협|수 ?협|신 ?협|우 ?체 ?국|저 ?축"
    "|[Aa]ccount|A/C"
)
# Ordinary words too, so nothing but punctuation may stand between them and the number.
_BANK_NAME: Final = (
    "국 ?민|신 ?한|우 ?리|하 ?나|기 ?업|제 ?일|씨티|산업|카카오|카뱅|토스"
    "|(?<![A-Za-z])(?:KB|NH|IBK|SC|KEB|KDB|BNK|DGB|[iI]M)"
)
_WORD_BEFORE: Final = re.compile(f"(?s:.)*(?:{_ACCOUNT_WORD})(?P<between>[^0-9{BLANKS}]{{0,24}})$")
_NAME_BEFORE: Final = re.compile(f"(?:{_BANK_NAME})[^0-9A-Za-z가-힣{BLANKS}]{{0,6}}$")
_WORD_BEHIND: Final = re.compile(
    rf"[ ,|]{{0,2}}[(\[]? ?(?:[가-힣A-Za-z]{{0,6}}(?:{_ACCOUNT_WORD})|(?:{_BANK_NAME})(?![가-힣A-Za-z]))"
)
_AMOUNT_WORD: Final = re.compile(
    "액|잔고|대출|채권|저당|보증금|차임|월세|전세|임대료|관리비|계약금|중도금|잔금|대금|요금|수수료|비용|이자|한도|합계"
    "|접수|증서|영업|고객|코드"
)
_AMOUNT_BEFORE: Final = re.compile(f"(?:{_AMOUNT_WORD.pattern})[^0-9{BLANKS}]{{0,6}}$")
_LISTED: Final = re.compile(f"{ACCOUNT_BLANK}[ ,/|\n]{{1,3}}$")
_LONGER: Final = re.compile("[0-9A-Za-z]-$")
_LIST_NUMBER: Final = re.compile("[0-9]{1,2}[.]")
_CONTINUED: Final = re.compile("-[0-9]{1,2}(?![0-9])")


def _shaped(candidate: Candidate) -> str | None:
    """Accept the shape of an account with hyphens, or with other joins near a word for an account."""
    if _LONGER.search(candidate.before) or _CONTINUED.match(candidate.after):
        return None
    number = candidate.match[0]
    groups = number.split("-")
    is_certain = "".join(groups).isdecimal() and not any(re.fullmatch("(?:19|20)[0-9]{2}", group) for group in groups)
    if is_certain and list(map(len, groups)) == [4, 4, 4]:
        is_certain = number.startswith(("100", "101", "190", "900"))  # banks with three groups of four
    return ACCOUNT if is_certain or is_near_account(candidate) else None


def _loose(candidate: Candidate) -> str | None:
    """Accept other groups of digits near a word for an account, unless they are amounts, times or addresses."""
    number = candidate.match[0]
    if candidate.before.endswith("*") or _LIST_NUMBER.match(number):
        return None
    groups = re.split("[-./~ ]", number)
    digits = "".join(groups)
    if not _DIGITS_AT_LEAST <= len(digits) <= _DIGITS_AT_MOST or _LONGER.search(candidate.before):
        return None
    is_spaced = len(digits) == len(groups)
    is_decimal = "." in number and len(groups) == 2
    is_round = any(len(group) > 4 and group.endswith("000") for group in groups)
    if is_decimal or (not is_spaced and (is_round or max(map(len, groups)) < 4)):
        return None
    return ACCOUNT if is_near_account(candidate) else None


def is_near_account(candidate: Candidate) -> bool:
    """Return whether the context of a number is an account."""
    before = candidate.before
    if _LISTED.search(before) or _NAME_BEFORE.search(before):
        return True
    word = _WORD_BEFORE.search(before)
    if word and not _AMOUNT_WORD.search(word["between"]):
        return True
    return bool(_WORD_BEHIND.match(candidate.after)) and not _AMOUNT_BEFORE.search(before)


SHAPED: Final = Kind(_SHAPED, _shaped)
LOOSE: Final = Kind(_LOOSE, _loose)
