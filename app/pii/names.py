"""Names of people after the word for their part in a lease; an option, because a name is no number with a form."""

import re
from typing import Final

from app.pii.kinds import NAME, Candidate, Kind

_SURNAME: Final = (
    "[김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진나지엄채원천방공현함변염여추도"
    "소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용]"
)
_SEAL: Final = " ?[(]?(?:인|서명|날인)[) ]"  # where a person signs or puts a seal
_PARTICLE: Final = "은|는|이|가|을|를|의|에게|께|님|씨|와|과"
_NAMES: Final = re.compile(
    f"(?<=[ :()|\n])(?:(?:남궁|황보|제갈|사공|선우|독고|{_SURNAME}) ?[가-힣] ?[가-힣](?=(?:{_PARTICLE})?(?![가-힣]))"
    f"|{_SURNAME} ?[가-힣](?={_SEAL}))"
)
_ROLE: Final = re.compile("(?:임 ?차 ?인|임 ?대 ?인|예 ?금 ?주)(?: ?(?:성 ?명|이 ?름))?[ :()|\n]{1,4}$")
# What follows these words in a lease and has the form of a name.
_NOUN: Final = re.compile(
    "(?:연 ?락 ?처|주 ?소|전 ?세|소 ?유|소 ?재|서 ?명|성 ?명|전 ?화|신 ?분|신 ?용|인 ?감|인 ?적|이 ?사|지 ?위"
    "|의무|고지|하자|명의|지급|지분|방문|변경|모두|주택|주민|주거|우선|현황|현주|공동|문의|정보|공제|선택|이름|이행|이의|권리|권한|보증|배우|원본"
    "|도장|유의|유무|조건|양도|기타|기존|성별|국적|임차|임대|전입|전출|이외|이상|이하|이내|서류|정산|신청|신규|신고)"
)
_NOUN_WITH_PARTICLE: Final = re.compile("[를을의는에로와과만](?![가-힣])")


def _name(candidate: Candidate) -> str | None:
    if not _ROLE.search(candidate.before):
        return None
    name = candidate.match[0]
    is_noun = _NOUN.match(name) or _NOUN_WITH_PARTICLE.match(name[-1] + candidate.after)
    return None if is_noun else NAME


NAMES: Final = Kind(_NAMES, _name)
