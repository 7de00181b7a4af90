"""
E-mail addresses, payment cards, driver's licences and passports.

A driver's licence is region (11 to 28), year, six digits and two check digits; older ones have the region's name. A
passport is a letter and eight digits, since December 2021 a letter, three digits, a letter and four digits (the
recognisers of Korea in presidio-analyzer 2.2.365, read 2026-11-27).
"""

import re
from typing import Final

from app.pii.kinds import CARD, EMAIL, LICENCE, PASSPORT, Candidate, Kind, near

_AT: Final = r"(?:@|[(\[](?:[Aa][Tt]|골뱅이)[)\]]|골뱅이|[앳엣])"
_DOT: Final = r"(?:[.]|[(\[][Dd][Oo][Tt][)\]]| ?[닷점] ?)"
_SPOKEN_HOST: Final = f"(?:네이버|지메일|다음|한메일|네이트|카카오)(?: ?{_DOT} ?(?:컴|넷|com|net))?"
_EMAIL: Final = re.compile(
    "(?![A-Za-z0-9.%+-]{65})"  # such a word has no @ near enough, and its search would take twelve times as long
    f"[A-Za-z0-9.%+-]{{1,64}} ?{_AT} ?"
    f"(?:(?:[A-Za-z0-9-]{{1,63}}{_DOT}){{1,5}}(?:[A-Za-z]{{2,24}}|컴|넷)|{_SPOKEN_HOST}"
    "|[A-Za-z0-9-]{1,63} ?[.] ?(?:com|net|org|(?:co ?[.] ?)?kr))"
)
_D: Final = "[0-9*xX]"
_CARD: Final = re.compile(
    f"(?<![0-9])(?:[0-9]{{4}}(?P<join>[-~./ |]?){_D}{{4}}(?P=join){_D}{{4}}(?P=join){_D}{{4}}"
    "|3[47][0-9]{2}(?P<amex>[-~./ |]?)[0-9]{6}(?P=amex)[0-9]{5})(?![0-9])"
)
_CARD_WORD: Final = near("카 ?드|[Cc]ard|CARD", 12)
_CARD_BEGIN: Final = tuple("234569")
_LICENCE: Final = re.compile(
    "(?<![0-9])(?:(?:1[1-9]|2[0-8])(?P<join>[-~./ |]?)[0-9]{2}(?P=join)[0-9]{6}(?P=join)[0-9]{2}"
    "|[0-9]{2}-[0-9]{6}-[0-9]{2})(?![-0-9])"
)
_LICENCE_WORD: Final = near("면 ?허", 14)
_REGION: Final = re.compile(
    "(?:서울|부산|경기|강원|충북|충남|전북|전남|경북|경남|제주|대구|인천|광주|대전|울산|세종)[- ]?$"
)
_PASSPORT: Final = re.compile(
    "(?<![A-Za-z])(?:[A-Za-z]{1,2}[- ]?[0-9OoIlSBZ](?: ?[0-9OoIlSBZ]){6,7}"
    "|[A-Za-z][- ]?[0-9OoIl]{3}[A-Za-z][0-9OoIl]{4})(?![0-9])"
)
_PASSPORT_WORD: Final = near("여 ?권|[Pp]assport|PASSPORT", 14)
_KOREAN_PASSPORT: Final = re.compile("[MSRODG](?:(?!(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2]))[0-9]{8}|[0-9]{3}[A-Z][0-9]{4})")


def _card(candidate: Candidate) -> str | None:
    if _CARD_WORD.search(candidate.before):
        return CARD
    digits = re.sub("[^0-9*xX]", "", candidate.match[0])
    if not digits.isdecimal():
        return CARD
    return CARD if digits.startswith(_CARD_BEGIN) and _has_check_digit(digits) else None


def _has_check_digit(digits: str) -> bool:
    """Return whether Luhn's sum of the digits ends in 0."""
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(value // 10 + value % 10 for value in doubled)) % 10 == 0


def _licence(candidate: Candidate) -> str | None:
    if _LICENCE_WORD.search(candidate.before) or _REGION.search(candidate.before):
        return LICENCE
    is_whole = candidate.match["join"] in tuple("-~./|") and not re.search("[0-9A-Za-z]-$", candidate.before)
    return LICENCE if is_whole else None


def _passport(candidate: Candidate) -> str | None:
    is_passport = _PASSPORT_WORD.search(candidate.before) or _KOREAN_PASSPORT.fullmatch(candidate.match[0])
    return PASSPORT if is_passport else None


EMAILS: Final = Kind(_EMAIL, lambda _: EMAIL)
CARDS: Final = Kind(_CARD, _card)
LICENCES: Final = Kind(_LICENCE, _licence)
PASSPORTS: Final = Kind(_PASSPORT, _passport)
