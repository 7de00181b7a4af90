"""Personal data: the label of each kind, what stays, and names as an option."""

import pickle

import pytest

from app.pii import redact


@pytest.mark.parametrize(
    "number",
    [
        *("010-1234-5678", "01012345678", "010 1234 5678", "010.1234.5678", "010 - 1234 - 5678", "011-123-4567"),
        *("016-123-4567", "010\u20131234\u20135678", "+82 10-1234-5678", "+821012345678", "+82-10-1234-5678"),
        *("+82 (0)10-1234-5678", "82-10-1234-5678", "02-123-4567", "02)1234-5678", "0212345678", "031-123-4567"),
        *("064 123 4567", "070-1234-5678", "0505-123-4567", "(02) 123-4567", "(+82) 10-1234-5678", "[010] 1234-5678"),
        *("0303-123-4567", "010,1234,5678", "010(1234)5678", "1588-1234", "123-4567", "공일공 일이삼사 5678"),
        *("010-****-5678", "010-12\n34-5678".replace("\n", ""), "01O-l234-5678", "0 1 0 - 1 2 3 4 - 5 6 7 8"),
    ],
)
def test_telephone_numbers_are_replaced(number: str) -> None:
    """Each notation of a phone number becomes its label."""
    assert redact(f"연락처{number}, 홍길동") == "연락처[전화번호], 홍길동"


@pytest.mark.parametrize(
    ("number", "label"),
    [
        *((number, "[주민등록번호]") for number in ("900101-1234567", "900101 1234567", "9001011234567")),
        *((number, "[주민등록번호]") for number in ("041231-4234567", "900101 - 1234567", "890101-0234567")),
        *((number, "[주민등록번호]") for number in ("850229-1******", "900101-1\u25cb\u25cb\u25cb\u25cb\u25cb\u25cb")),
        *((number, "[주민등록번호]") for number in ("900101-1------", "******-1234567", "9 0 0 1 0 1 1 2 3 4 5 6 7")),
        *((number, "[주민등록번호]") for number in ("9001\n01-1234567", "90010l-1Z34S67", "900101,1234567")),
        *((number, "[외국인등록번호]") for number in ("850505-5123456", "850229-7******", "0103068123456")),
    ],
)
def test_registration_numbers_are_replaced(number: str, label: str) -> None:
    """Each notation of the number of a resident or a foreigner becomes its label."""
    assert redact(f"임차인({number})") == f"임차인({label})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("주민등록번호 901301-1234567", "주민등록번호 [주민등록번호]"),  # month 13
        ("주민등록번호 900101-1", "주민등록번호 [주민등록번호]"),
        ("주민(법인)등록번호 900101-1234567", "주민(법인)등록번호 [주민등록번호]"),
        ("등록번호 900101-*******", "등록번호 [주민등록번호]"),
        ("국내거소신고번호 123456-1234567", "국내거소신고번호 [외국인등록번호]"),
        ("면허 111234567890", "면허 [운전면허번호]"),
        ("경기 09-123456-71", "경기 [운전면허번호]"),
        ("11.12.345678.90", "[운전면허번호]"),
        ("Passport No. S98765432", "Passport No. [여권번호]"),
        ("여권 AB1234567", "여권 [여권번호]"),
        ("M123A4567로", "[여권번호]로"),
        ("5555 5555 5555 4444", "[카드번호]"),
        ("카드번호 1234-5678-1234-5678", "카드번호 [카드번호]"),
        ("3782-822463-10005", "[카드번호]"),
        ("고장 접수 010-1234-5678", "고장 접수 [전화번호]"),
        ("직통번호 02-123-4567", "직통번호 [전화번호]"),
        ("9410-1234-****-5678", "[카드번호]"),
        ("kim(at)example.com", "[이메일]"),
        ("\uff4b\uff49\uff4d\uff20example\uff0ecom으로", "[이메일]으로"),
    ],
)
def test_other_kinds_have_their_own_labels(text: str, expected: str) -> None:
    """Licences, passports, cards, addresses of e-mail, and numbers after their word become their labels."""
    assert redact(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("국민은행 123456789012 홍길동", "국민은행 [계좌번호] 홍길동"),
        ("국민은행 (예금주: 홍길동) 12345-67-890123", "국민은행 (예금주: 홍길동) [계좌번호]"),
        ("KB 1234567891", "KB [계좌번호]"),
        ("계좌번호: 1234567890123456", "계좌번호: [계좌번호]"),
        ("[계좌번호] 1234567891", "[계좌번호] [계좌번호]"),
        ("계 좌\t110 123 456789", "계 좌\t[계좌번호]"),
        ("농협 301-1234-5678-91, 1234567891", "농협 [계좌번호], [계좌번호]"),
        ("보증금은 110-123-456789로", "보증금은 [계좌번호]로"),
        ("301-1234-5678-91로", "[계좌번호]로"),
        ("신한 110-123-456789 2026-11-24까지", "신한 [계좌번호] 2026-11-24까지"),
        ("우리은행 담당 010-1234-5678", "우리은행 담당 [전화번호]"),
        ("입금 확인 010-1234-5678 - 010-2222-3333", "입금 확인 [전화번호] - [전화번호]"),
        ("예금주 900101-1234567", "예금주 [주민등록번호]"),
        ("농협 9001011234567", "농협 [계좌번호]"),
        ("12345678901234 (국민은행)", "[계좌번호] (국민은행)"),
        ("신한은행 1 1 0 - 2 3 4 - 5 6 7 8 9 0", "신한은행 [계좌번호]"),
    ],
)
def test_account_numbers_are_replaced(text: str, expected: str) -> None:
    """The shapes of banks, and other digits near a word for an account, become their label."""
    assert redact(text) == expected


def test_adjacent_numbers_are_replaced() -> None:
    """Numbers without text between them are all replaced."""
    text = "010-1234-5678-010-2222-3333/02-123-4567,900101-1234567-110-123-456789"
    assert redact(text) == "[전화번호]-[전화번호]/[전화번호],[주민등록번호]-[계좌번호]"


@pytest.mark.parametrize(
    "text",
    [
        "계약일 2026-11-24, 잔금 2026.11.24, 2026/1/5",
        "계약기간 2026-11-24-2028-11-23, 2026.11.24~2028.11.23, 20261124",
        "국민은행 2026-11-24 10시 30분",
        "계좌 123456 2026-11-24",
        "보증금 50,000,000원, 월세 500000원, 1,234,567,890원을 계좌로 입금",
        "국민은행 2000000000, 하나은행 대출 1234567890, 계좌이체 500000/300000",
        "예금잔액 1234567890, 보증금 1234567890 신한은행",
        "전용면적 84.97㎡ (25.7평), 위도 37.5665, 127.0212345678",
        "서울특별시 강남구 역삼동 123-45, 101동 1001호 (우 06234), 테헤란로 152-10",
        "은행 고객센터 1588-1234, 1599-9999, 고객센터 연락처 1588-1234",
        "123456-1234567",  # month 34
        "하나 550e8400-e29b-41d4-a716-446655440000",
        "계좌 12345678-1234-4123-8123-123456789012",
        "송금 abcdefab-1234-4123-8123-123456789012",
        "sha256:01012345678b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f",
        "1234567890123",
        "12345678901234567890",
        "접수번호 2026-1234, 제3조 제1항, 제 123-456-789012 호",
        "등록번호 110111-1234567, 고유번호 1101 2026 001234, 문서확인번호: 4111-1111-1111-1111",
        "사업자등록번호 214-88-12345, 공제번호 123-456-789012, 발급번호 01012345678",
        "ISBN 978-89-1234-567-8, 1-2-3-4-5-6-7-8-9-10, S20260301",
        "900101 1500000, 260301\t1234567원",  # a date and an amount in a table
    ],
)
def test_other_numbers_are_kept(text: str) -> None:
    """Dates, amounts, addresses, public numbers, numbers of documents, UUIDs and digests stay."""
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("임대인 김영희 (인), 임차인: 남궁민수", "임대인 [이름] (인), 임차인: [이름]"),
        ("임차인 성명 홍길동은 예금주 이순신에게", "임차인 성명 [이름]은 예금주 [이름]에게"),
        ("임대인 허준 (인)", "임대인 [이름] (인)"),
        ("임대인 주소를, 임차인 연락처, 임차인은 다음과 같이", "임대인 주소를, 임차인 연락처, 임차인은 다음과 같이"),
    ],
)
def test_names_are_an_option(text: str, expected: str) -> None:
    """Names after a word for a party are replaced by the option alone; other nouns stay."""
    assert redact(text) == text
    assert redact(text, with_names=True) == expected


def test_redaction_can_run_in_another_process() -> None:
    """The function can be pickled, which an executor of processes needs."""
    assert pickle.loads(pickle.dumps(redact)) is redact  # noqa: S301  # bytes of this test
