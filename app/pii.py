"""
Replacement of personal numbers in text for a language model or a log.

Every repetition in the patterns has an upper bound. The only exception, a list of account numbers, is at the end of its
pattern, so it never backtracks: the time grows linearly with the text.
"""

import re

_HYPHEN = "[-\u2010-\u2015\u2212\uff0d]"
_JOIN = f"(?: ?{_HYPHEN} ?| )?"
_END = "(?![0-9])"

# Kept, although parts of them match the other patterns: UUIDs, digests, dates.
_KEPT = (
    "(?<![0-9A-Za-z])(?:"
    "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
    "|(?=[0-9]{0,127}[A-Fa-f])[0-9A-Fa-f]{16,128}"
    "|(?:19|20)[0-9]{2}[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12][0-9]|3[01])"
    ")(?![0-9A-Za-z])"
)
# A date of birth, a digit for century and sex, then six digits or stars, as some registers print.
_RESIDENT = f"(?<![0-9])[0-9]{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]){_JOIN}[1-8](?:[0-9]{{6}}{_END}|[*]{{6}})"
# Area codes, 070 and similar codes, mobiles; public numbers such as 1588-1234 do not start with 0.
_CODE = "(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|50[0-9]|[5-8]0|1[016789])"
_PHONE_JOIN = f"(?: ?(?:{_HYPHEN}|[.)]) ?| )?"
_PHONE = (
    rf"(?:\+82{_PHONE_JOIN}\(?0?|(?<![0-9])82(?:{_HYPHEN}| )\(?0?|(?<![0-9])0){_PHONE_JOIN}{_CODE}"
    f"{_PHONE_JOIN}[0-9]{{3,4}}{_PHONE_JOIN}[0-9]{{4}}{_END}"
)
# Three groups with 10 to 16 digits in all are an account number anywhere, with an optional check number. Other forms
# count only after a word for an account. No pattern looks beyond its end, where another number may become a label.
_THREE_GROUPS = "|".join(
    f"[0-9]{{{first}}}-[0-9]{{{second}}}-[0-9]{{{max(1, 10 - first - second)},{16 - first - second}}}"
    for first in range(1, 15)
    for second in range(1, 16 - first)
)
_ACCOUNT = f"(?<![0-9])(?:{_THREE_GROUPS})(?:-[0-9]{{1,3}})?{_END}"
_KNOWN = f"{_RESIDENT}|{_PHONE}|{_ACCOUNT}"
_NOT_NEXT = f"(?!{_KEPT}|{_KNOWN})"
_AFTER_WORD = (
    f"(?=[+0-9])(?!{_KEPT})(?:{_KNOWN}|(?:[0-9](?:(?: ?{_HYPHEN} ?{_NOT_NEXT})?[0-9]){{9,15}}"
    f"|[0-9](?:(?: {_NOT_NEXT})?[0-9]){{9,15}}){_END})"
)
_ACCOUNT_WORD = (
    "(?:계 ?좌|통 ?장|예 ?금|입 ?금|송 ?금|이체"
    "|은 ?행|뱅크|금고|농 ?협|축협|수협|신협|우체국|국민|신한|우리|하나|기업|제일|씨티|카카오|토스"
    "|(?<![A-Za-z])(?:KB|NH|IBK|SC|KEB|KDB|BNK|DGB)(?![A-Za-z]))"
)
_GAP = rf"(?:(?!{_KEPT}|\[(?:전화번호|주민등록번호)\])[^0-9]){{0,20}}"
_NEXT = f"(?:{_GAP}{_AFTER_WORD})"

_NUMBERS = re.compile(
    f"(?P<kept>{_KEPT})|(?P<accounts>{_ACCOUNT_WORD}{_NEXT}+)"
    f"|(?P<resident>{_RESIDENT})|(?P<phone>{_PHONE})|(?P<account>{_ACCOUNT}){_NEXT}*"
)
_EACH = re.compile(_AFTER_WORD)
_IS_RESIDENT = re.compile(_RESIDENT)
_IS_PHONE = re.compile(_PHONE)


def redacted(text: str) -> str:
    """
    Return a text with labels instead of telephone, resident registration and account numbers.

    Dates, amounts, areas, addresses, UUIDs and digests stay; a second redaction changes nothing.
    """
    return _NUMBERS.sub(_without_numbers, text)


def _without_numbers(match: re.Match[str]) -> str:
    if match["kept"]:
        return match[0]
    if match["resident"] or match["phone"]:
        return _label(match)
    return _EACH.sub(_label, match[0])


def _label(number: re.Match[str]) -> str:
    if _IS_RESIDENT.fullmatch(number[0]):
        return "[주민등록번호]"
    return "[전화번호]" if _IS_PHONE.fullmatch(number[0]) else "[계좌번호]"
