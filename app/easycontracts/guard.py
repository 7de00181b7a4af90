"""The decision whether a text is a lease, before the language model explains it."""

import re

# The first seven terms are those of the former server; this project added the other three.
_STRONG = ("임대차", "임대인", "임차인", "보증금", "월세", "전세", "차임", "임대료", "임차권", "임차주택")
# The first five terms are those of the former server; this project added terms of leases that contracts of sale lack.
_MEDIUM = (
    *("부동산", "계약서", "중개", "관리비", "확정일자"),
    *("전입신고", "대항력", "우선변제", "원상회복", "갱신", "연체", "퇴거"),
)
_STRONG_POINTS = 2
_MEDIUM_POINTS = 1
_LEASE_POINTS = 6
# Blanks between separate syllables, as in the title "임 대 차 계 약 서".
_BLANK_IN_TITLE = re.compile(r"(?<=(?<![가-힣])[가-힣])\s+(?=[가-힣](?![가-힣]))")


def is_lease(text: str) -> bool:
    """Return whether enough terms of a lease occur, each counted once."""
    joined = _BLANK_IN_TITLE.sub("", text)
    strong = sum(term in joined for term in _STRONG)
    medium = sum(term in joined for term in _MEDIUM)
    return strong * _STRONG_POINTS + medium * _MEDIUM_POINTS >= _LEASE_POINTS
