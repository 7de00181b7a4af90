"""Personal numbers: replaced and kept numbers, and the time of redaction."""

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.pii import redacted


@pytest.mark.parametrize(
    "number",
    [
        *("010-1234-5678", "01012345678", "010 1234 5678", "010.1234.5678", "010 - 1234 - 5678", "011-123-4567"),
        *("016-123-4567", "010\u20131234\u20135678", "+82 10-1234-5678", "+821012345678", "+82-10-1234-5678"),
        *("+82 (0)10-1234-5678", "82-10-1234-5678", "02-123-4567", "02)1234-5678", "0212345678", "031-123-4567"),
        *("064 123 4567", "070-1234-5678", "0505-123-4567"),
    ],
)
def test_telephone_numbers_are_replaced(number: str) -> None:
    """Each notation of a phone number becomes its label."""
    assert redacted(f"연락처{number}, 홍길동") == "연락처[전화번호], 홍길동"


@pytest.mark.parametrize(
    "number",
    ["900101-1234567", "900101 1234567", "9001011234567", "041231-4234567", "900101 - 1234567", "850229-5******"],
)
def test_resident_registration_numbers_are_replaced(number: str) -> None:
    """Each notation of a resident number becomes its label."""
    assert redacted(f"임차인({number})") == "임차인([주민등록번호])"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("국민은행 123456789012 홍길동", "국민은행 [계좌번호] 홍길동"),
        ("국민은행 (예금주: 홍길동) 12345-67-890123", "국민은행 (예금주: 홍길동) [계좌번호]"),
        ("KB 1234567890", "KB [계좌번호]"),
        ("계좌번호: 1234567890123456", "계좌번호: [계좌번호]"),
        ("[계좌번호] 1234567890", "[계좌번호] [계좌번호]"),
        ("계 좌\t110 123 456789", "계 좌\t[계좌번호]"),
        ("농협 301-1234-5678-91, 1234567890", "농협 [계좌번호], [계좌번호]"),
        ("보증금은 110-123-456789로", "보증금은 [계좌번호]로"),
        ("301-1234-5678-91로", "[계좌번호]로"),
        ("신한 110-123-456789 2026-11-24까지", "신한 [계좌번호] 2026-11-24까지"),
        ("우리은행 담당 010-1234-5678", "우리은행 담당 [전화번호]"),
        ("입금 확인 010-1234-5678 - 010-2222-3333", "입금 확인 [전화번호] - [전화번호]"),
        ("예금주 900101-1234567", "예금주 [주민등록번호]"),
    ],
)
def test_account_numbers_are_replaced(text: str, expected: str) -> None:
    """Three groups of digits, or digits after a word for an account, become its label."""
    assert redacted(text) == expected


def test_adjacent_numbers_are_replaced() -> None:
    """Numbers without text between them are all replaced."""
    text = "010-1234-5678-010-2222-3333/02-123-4567,900101-1234567-110-123-456789"
    assert not re.search("[0-9]", redacted(text))


@pytest.mark.parametrize(
    "text",
    [
        "계약일 2026-11-24, 잔금 2026.11.24, 2026/1/5",
        "계약기간 2026-11-24-2028-11-23, 2026.11.24~2028.11.23, 20261124",
        "국민은행 2026-11-24 10시 30분",
        "계좌 123456 2026-11-24",
        "보증금 50,000,000원, 월세 500000원, 1,234,567,890원을 계좌로 입금",
        "전용면적 84.97㎡ (25.7평), 위도 37.5665",
        "서울특별시 강남구 역삼동 123-45, 101동 1001호 (우 06234), 테헤란로 152-10",
        "은행 고객센터 1588-1234, 1599-9999",
        "123456-1234567",  # month 34
        "900101-9234567",
        "하나 550e8400-e29b-41d4-a716-446655440000",
        "계좌 12345678-1234-4123-8123-123456789012",
        "송금 abcdefab-1234-4123-8123-123456789012",
        "sha256:01012345678b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f",
        "1234567890123",
        "12345678901234567890",
        "접수번호 2026-1234, 제3조 제1항",
    ],
)
def test_other_numbers_are_kept(text: str) -> None:
    """Dates, amounts, addresses, public numbers, UUIDs and digests stay."""
    assert redacted(text) == text


DIGITS = st.text("0123456789", min_size=1, max_size=8)
PIECES = st.one_of(
    DIGITS,
    st.sampled_from(
        [
            *("010-1234-5678", "02-123-4567", "900101-1234567", "900101-1******", "110-123-456789", "1234567890"),
            *("2026-11-24", "550e8400-e29b-41d4-a716-446655440000", "deadbeef01234567", "+82", "010", "02", "*"),
            *(
                "[전화번호]",
                "[주민등록번호]",
                "[계좌번호]",
                "국민",
                "은행",
                "계좌",
                "KB",
                "[",
                "]",
                "(",
                ")",
                "a",
                "홍길동",
            ),
            *("-", "-", "-", " ", " ", " - ", ".", ",", "\n", "\t", "\u2013"),
        ]
    ),
)


@given(st.lists(PIECES, max_size=25).map("".join))
@example("국민 02-123-4567 123456789012")
@example("900101-1******010-1234-5678")
@example("01000000000+82100000000")
@example("[계좌번호]010-1234-5678 - 010-1234-5678")
@example("010-1234-5678010-1234-5678010-1234-5678")
@example("110-123-456789 1234567890 1234567890")
def test_second_redaction_changes_nothing(text: str) -> None:
    """Redacting twice gives the same text as redacting once."""
    once = redacted(text)
    assert redacted(once) == once


NUMBERS = st.one_of(
    st.from_regex(r"01[016789]-[1-9][0-9]{2,3}-[0-9]{4}", fullmatch=True),
    st.from_regex(r"0(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70)-[1-9][0-9]{2,3}-[0-9]{4}", fullmatch=True),
    st.from_regex(r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9])-?[1-8][0-9]{6}", fullmatch=True),
    st.from_regex(r"[1-9][0-9]{2}-[0-9]{2,3}-[0-9]{6}", fullmatch=True),
    st.from_regex(r"국민은행 [1-9][0-9]{9,15}", fullmatch=True),
)


@given(st.lists(st.tuples(st.text("가나다 ,:()\n", min_size=1, max_size=30), NUMBERS), max_size=5))
def test_no_digit_of_a_planted_number_remains(planted: list[tuple[str, str]]) -> None:
    """Generated numbers in any text are replaced completely."""
    text = "".join(f"{before}{number}" for before, number in planted)
    assert not re.search("[0-9]", redacted(text))


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1-",
        "12-345-",
        "010-",
        "0",
        "국민",
        "국민 1",
        "1234567890 ",
        "900101-",
        "a1",
        "[전화번호",
        "+82 ",
        "f" * 127,
        "2026-11-",
    ],
)
def test_time_grows_linearly(unit: str) -> None:
    """A quadratic search of this text would take more than eight seconds."""
    text = unit * (25_000 // len(unit))
    started_at = time.process_time()
    redacted(text)
    assert time.process_time() - started_at < 4
