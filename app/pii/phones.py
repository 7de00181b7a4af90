"""
Telephone numbers: mobile, landline, 050x, +82, spoken digits, and local numbers after a word for a phone.

Numbers such as 1588-1234 belong to companies: they stay, unless they are the contact of a person.
"""

import re
from typing import Final

from app.pii.kinds import ANY_JOIN, BLANKS, HARD_JOIN, PHONE, Candidate, Kind, near

_D: Final = "[0-9*xX]"
_SPOKEN: Final = "[공영일이삼사오육륙칠팔구]"
_LAND_JOIN: Final = "[-~/.)| *]?"
_MOBILE_JOIN: Final = rf"(?:[,:\])] ?| ?[(]|{ANY_JOIN})"
_MOBILE_CODE: Final = "1[016789]"
_LAND_CODE: Final = "(?:[35]0[0-9]|2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|[5-8]0)"
_MOBILE: Final = re.compile(
    r"(?=[0공영(\[])(?:[(\[](?=01[0-9][)\]]))?"
    f"(?<![0-9])(?:0{_MOBILE_CODE}|[0공영][1일][016789공영일육칠팔구])"
    f"{_MOBILE_JOIN}(?:{_D}{{3,4}}|{_SPOKEN}{{3,4}}){_MOBILE_JOIN}(?:{_D}{{4}}|{_SPOKEN}{{4}})(?![0-9])"
    f"|(?<![0-9])0 ?1 ?[016789]{HARD_JOIN}{_D}(?: ?{_D}){{2,3}}{HARD_JOIN}{_D}(?: ?{_D}){{3}}(?![0-9])"
)
_INTERNATIONAL: Final = re.compile(
    rf"(?:[(]?[+] ?82|[(]82(?=[)])|(?<![0-9])(?:0082|82(?=[- ]))){_LAND_JOIN}(?:\(0\))?0?{_LAND_JOIN}"
    f"(?:{_MOBILE_CODE}|{_LAND_CODE}){_LAND_JOIN}{_D}{{3,4}}{ANY_JOIN}{_D}{{4}}(?![0-9])"
)
_LAND: Final = re.compile(
    rf"(?:\((?=0[0-9]{{1,3}}\)))?(?<![0-9])0{_LAND_CODE}(?P<first>{_LAND_JOIN}){_D}{{3,4}}(?P<second>{_LAND_JOIN})"
    f"{_D}{{4}}(?![0-9])"
)
_LOCAL: Final = re.compile("(?<![0-9])(?P<office>[1-9][0-9]{2,3})[-.) ][0-9]{4}(?![-0-9])")
_PHONE_WORD: Final = re.compile(
    "(?:연 ?락 ?처|휴 ?대 ?폰|휴대 ?전화|핸드폰|전 ?화(?: ?번 ?호)?|팩 ?스|[☎☏]"
    f"|(?<![A-Za-z])(?:[Hh][.]?[Pp]|TEL|Tel|FAX|Fax))[^0-9가-힣A-Za-z{BLANKS}]{{0,6}}$"
)
_PERSONAL_WORD: Final = near("연 ?락 ?처|휴 ?대 ?폰|휴대 ?전화|핸드폰", 4)
_COMPANY_WORD: Final = near("고객|센터|상담|대표|은행|본사|지점", 16)
_PUBLIC_OFFICE: Final = re.compile("1[5-9][0-9]{2}")
_DECIMAL: Final = re.compile(f"[0-9{BLANKS}][.]$")
_LIST_NUMBER: Final = re.compile(r"(?:^|[^0-9.,])[1-9][0-9]?[.]$")
_LONGER: Final = re.compile("[0-9A-Za-z]-$")


def _land(candidate: Candidate) -> str | None:
    """Refuse parts of longer numbers and of decimal numbers."""
    if _LONGER.search(candidate.before):
        return None
    if _DECIMAL.search(candidate.before) and not (
        _LIST_NUMBER.search(candidate.before) and candidate.match["first"] in ("-", ")")
    ):
        return None
    return PHONE


def _local(candidate: Candidate) -> str | None:
    if not _PHONE_WORD.search(candidate.before):
        return None
    if _PUBLIC_OFFICE.fullmatch(candidate.match["office"]):
        is_personal = _PERSONAL_WORD.search(candidate.before) and not _COMPANY_WORD.search(candidate.before)
        return PHONE if is_personal else None
    return PHONE


INTERNATIONAL: Final = Kind(_INTERNATIONAL, lambda _: PHONE)
MOBILE: Final = Kind(_MOBILE, lambda _: PHONE)
LAND: Final = Kind(_LAND, _land)
LOCAL: Final = Kind(_LOCAL, _local)
