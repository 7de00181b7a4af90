"""The decision whether a text is a lease."""

import pytest

from app.easycontracts.guard import is_lease

LEASE = "부동산 월세 계약서. 임대인과 임차인은 임대차 계약을 맺는다. 보증금 10,000,000원, 차임 500,000원."
TITLES = "부 동 산  임 대 차  계 약 서\n임 대 인 : 홍길동\n임 차\n인 : 김철수"
SALE = (
    "부동산 매매 계약서. 매도인과 매수인은 아래와 같이 매매 계약을 맺는다. 계약금, 중도금, 잔금. "
    "중개보수. 기존 임대차는 승계한다. 소유권 이전 등기. 특약사항."
)
EMPLOYMENT = "근로계약서. 사용자와 근로자는 다음과 같이 계약을 맺는다. 임금 월 3,000,000원. 계약의 갱신, 퇴직."


@pytest.mark.parametrize("text", [LEASE, TITLES])
def test_lease_is_accepted(text: str) -> None:
    """A lease and its spaced titles have enough terms."""
    assert is_lease(text)


@pytest.mark.parametrize("text", ["", SALE, EMPLOYMENT, "임대차 " * 100, "보증금, 계약서, 부동산"])
def test_other_text_is_refused(text: str) -> None:
    """Other contracts and repeated terms are not a lease."""
    assert not is_lease(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("임대차 임대인 임차인", True),
        ("임대차 임대인 관리비", False),  # no 차임 between the words
        ("임대차 임대인 관리비 중개", True),
        ("부동산 계약서 중개 관리비 확정일자 전입신고", True),
    ],
)
def test_six_points_are_enough(text: str, expected: bool) -> None:
    """Strong terms have two points, others one."""
    assert is_lease(text) is expected
