"""
Personal numbers, taken out of a text before it goes to a language model or into a log.

Every repetition in the patterns has an upper bound, except that of one account number after another, which nothing
follows that could make it go back: the time grows as the text does.
"""

import re

_HYPHEN = "[-\u2010-\u2015\u2212\uff0d]"
_JOIN = f"(?: ?{_HYPHEN} ?| )?"
_END = "(?![0-9])"

# Left alone, though parts of them look like numbers of the other kinds: UUIDs, digests, dates.
_KEPT = (
    "(?<![0-9A-Za-z])(?:"
    "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
    "|(?=[0-9]{0,127}[A-Fa-f])[0-9A-Fa-f]{16,128}"
    "|(?:19|20)[0-9]{2}[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12][0-9]|3[01])"
    ")(?![0-9A-Za-z])"
)
# A date of birth, then the century and sex, then six digits or the stars that some registers print instead.
_RESIDENT = f"(?<![0-9])[0-9]{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]){_JOIN}[1-8](?:[0-9]{{6}}{_END}|[*]{{6}})"
# Area codes, 070 and its like, mobiles; numbers that everybody may know, such as 1588-1234, don't start with 0.
_CODE = "(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|50[0-9]|[5-8]0|1[016789])"
_PHONE_JOIN = f"(?: ?(?:{_HYPHEN}|[.)]) ?| )?"
_PHONE = (
    rf"(?:\+82{_PHONE_JOIN}\(?0?|(?<![0-9])82(?:{_HYPHEN}| )\(?0?|(?<![0-9])0){_PHONE_JOIN}{_CODE}"
    f"{_PHONE_JOIN}[0-9]{{3,4}}{_PHONE_JOIN}[0-9]{{4}}{_END}"
)
# Three groups with 10 to 16 digits in all are an account number wherever they stand, perhaps with a check number after
# them; other shapes are only after a word for it. No pattern looks beyond its end: what is there may become a label.
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

_FOUND = re.compile(
    f"(?P<kept>{_KEPT})|(?P<accounts>{_ACCOUNT_WORD}{_NEXT}+)"
    f"|(?P<resident>{_RESIDENT})|(?P<phone>{_PHONE})|(?P<account>{_ACCOUNT}){_NEXT}*"
)
_EACH = re.compile(_AFTER_WORD)
_IS_RESIDENT = re.compile(_RESIDENT)
_IS_PHONE = re.compile(_PHONE)


def redacted(text: str) -> str:
    """
    The text with labels for telephone, resident registration and account numbers.

    Dates, money, areas, addresses, UUIDs and digests stay as they are; a text that is redacted already does not change.
    """
    return _FOUND.sub(_without_numbers, text)


def _without_numbers(found: re.Match[str]) -> str:
    if found["kept"]:
        return found[0]
    if found["resident"] or found["phone"]:
        return _label(found)
    return _EACH.sub(_label, found[0])


def _label(number: re.Match[str]) -> str:
    if _IS_RESIDENT.fullmatch(number[0]):
        return "[주민등록번호]"
    return "[전화번호]" if _IS_PHONE.fullmatch(number[0]) else "[계좌번호]"
