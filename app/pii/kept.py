"""What a lease keeps: dates, amounts, coordinates, digests, and numbers of documents."""

import re
from typing import Final

from app.pii.kinds import BLANKS, KEPT, Candidate, Kind

_MONTH: Final = "(?:0?[1-9]|1[0-2])"
_DAY: Final = "(?:0?[1-9]|[12][0-9]|3[01])"
_DATE: Final = (
    f"(?:19|20)[0-9]{{2}}(?P<join>[-./ ]){_MONTH}(?P=join){_DAY}"
    "|(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?!-[0-9*]{7})"
)
_WON: Final = "원(?![가-힣])|원(?=[정을은이의씩까부에으도과와로입임])"
_FIXED: Final = re.compile(
    r"(?=[0-9A-Fa-f₩\\금])(?:(?<![0-9A-Za-z])(?:"
    "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"  # a UUID
    "|(?=[0-9]{0,127}[A-Fa-f])[0-9A-Fa-f]{16,128}"  # a digest
    f"|{_DATE}"
    "|[0-9]{4}-(?:19|20)[0-9]{2}-[0-9]{6}"  # the number of a register of real estate, the year in the middle
    ")(?![0-9A-Za-z])"
    "|(?<![0-9.])(?:[1-9][0-9]{1,2}|0)[.][0-9]{4,16}(?![-0-9.])"  # a coordinate or a ratio
    "|(?<![0-9])[0-9]{1,3}(?:,[0-9]{3}){1,6}(?![0-9])"
    r"|[₩\\] ?[0-9]{1,16}(?![-0-9])"
    "|(?<![입송예적])금 ?[1-9][0-9]{3,15}(?![-0-9])"
    f"|(?<![-0-9])[1-9][0-9]{{0,15}} ?(?:{_WON}|[억천만](?=[ 0-9천백만원])))"
)
_NUMBER: Final = (
    "(?![0-9]{6}[-~/.| ]?[0-9]{0,4} ?[*xX])"  # a masked registration number
    "[0-9]{1,24}(?:[-./~][0-9A-Za-z]{1,24}){0,7}(?:(?: (?!0)[0-9]{1,8}){1,3}(?![-0-9]))?"
)
_DOCUMENT: Final = re.compile(
    "(?P<word>[가-힣] ?[가-힣] ?번 ?호|증 ?서|접 ?수|지 ?번|등 ?록|고 ?유|공 ?제)[은는이가의]?"
    rf"[^0-9가-힣{BLANKS}]{{0,8}}(?:제 ?)?{_NUMBER}"
    "|제 ?[0-9]{1,24}(?:-[0-9]{1,24}){0,5} ?호"
)
# Numbers that these words announce are personal, also in `주민(법인)등록번호` and `주민등록번호(사업자등록번호)`.
_PERSONAL: Final = re.compile(
    "(?:주 ?민|외 ?국 ?인|거 ?소|여 ?권|면 ?허|카 ?드|계 ?좌|통 ?장|예 ?금|입 ?금|은 ?행|뱅크|전 ?화|휴 ?대|핸드|연 ?락"
    f"|팩 ?스|안 ?심|가 ?상|폰)[^0-9\n{BLANKS}]{{0,16}}$"
)
# After these words any number is a document's. After others, telephone and registration numbers are not.
_CERTAIN: Final = re.compile("(?:고 ?유|등 ?록|공 ?제|발 ?급|확 ?인|접 ?수|관 ?리|사 ?업 ?자) ?번 ?호")
_PERSONAL_FORM: Final = re.compile(
    "(?<![0-9-])(?:0(?:1[016789]|[35]0[0-9]|2|[3-6][1-5]|70)[-./~ ]?[0-9]{3,4}[-./~ ]?[0-9]{4}"
    "|[0-9]{6}[-./~ ]?[0-9]{7})$"
)


def _document(candidate: Candidate) -> str | None:
    word = candidate.match["word"]
    if word is None:
        return KEPT
    if _PERSONAL.search(candidate.before[-24:] + word):
        return None
    is_certain = _CERTAIN.search(candidate.before[-2:] + word)
    return KEPT if is_certain or not _PERSONAL_FORM.search(candidate.match[0]) else None


FIXED: Final = Kind(_FIXED, lambda _: KEPT)
DOCUMENTS: Final = Kind(_DOCUMENT, _document)
