"""Properties of the redaction and of its view, for any text, and the time that hostile texts take."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.pii import redact
from app.pii.kinds import LABELS
from app.pii.view import view_of

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too
NUMBERS = [
    *("010-1234-5678", "02-123-4567", "900101-1234567", "900101-1******", "110-123-456789", "1234567891"),
    *("2026-11-24", "550e8400-e29b-41d4-a716-446655440000", "deadbeef01234567", "+82", "010", "02", "*", "5,000,000원"),
    *("4111-1111-1111-1111", "11-12-345678-90", "M12345678", "a@b.co", "1588-1234", "37.56651234", "O", "l", "S"),
]
WORDS = [
    *LABELS,
    "국민",
    "은행",
    "계좌",
    "KB",
    "주민",
    "여권",
    "카드",
    "면허",
    "연락처",
    "번호",
    "등록",
    "제",
    "호",
    "원",
    "임차인",
]
JOINS = [
    "-",
    "-",
    " ",
    " - ",
    ".",
    ",",
    "\n",
    "\t",
    "\u2013",
    "~",
    "/",
    "|",
    "(",
    ")",
    "[",
    "]",
    "\u200b",
    "\u00b2",
    "a",
]
PIECES = st.one_of(
    st.text("0123456789", min_size=1, max_size=8),
    st.sampled_from(NUMBERS),
    st.sampled_from(WORDS),
    st.sampled_from(JOINS),
    st.sampled_from(["홍길동", "\u3231", "\u338f", "\u2469", "\u1100\u1161", "e\u0301"]),
)
TEXTS = st.lists(PIECES, max_size=25).map("".join)


@given(st.one_of(TEXTS, ANY_TEXT), st.booleans())
@example("국민 02-123-4567 123456789012", False)
@example("900101-1******010-1234-5678", False)
@example("01000000000+82100000000", False)
@example("[계좌번호]010-1234-5678 - 010-1234-5678", False)
@example("010-1234-5678010-1234-5678010-1234-5678", False)
@example("110-123-456789 1234567891 1234567891", False)
@example("4111-1111-1111-1111-02-123-4567", False)
@example("010-1234-5678M12345678", False)
@example("a@b.co0a@b.co", False)
@example("M12345678M12345678", False)
def test_second_redaction_changes_nothing(text: str, with_names: bool) -> None:
    """Redacting twice gives the same text as redacting once."""
    once = redact(text, with_names=with_names)
    assert redact(once, with_names=with_names) == once


@given(st.one_of(TEXTS, ANY_TEXT), st.booleans())
def test_text_outside_of_matches_stays(text: str, with_names: bool) -> None:
    """The result is the text with labels in the place of parts that are not empty."""
    kept = re.split("|".join(map(re.escape, LABELS)), redact(text, with_names=with_names))
    assert re.fullmatch("(?s:.+)".join(map(re.escape, kept)), text)


# Characters without a meaning for numbers, among them some that the view expands, composes or leaves out.
AROUND = st.text("가나다 ,é\u0301\u200b\u00ad\u3231\u338f\u00b2\u1112\u1161\u11ab\U0001f3e0\n", max_size=12)
BROKEN = st.sampled_from(["", "", "\u200b", "\u00ad", "\ufe0f"])
PLANTED = st.one_of(
    st.from_regex(r"\A01[016789]-[1-9][0-9]{2,3}-[0-9]{4}\Z"),
    st.from_regex(r"\A0(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70)-[1-9][0-9]{2,3}-[0-9]{4}\Z"),
    st.from_regex(r"\A[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9])-[0-9]{7}\Z"),
    st.from_regex(r"\A[1-9][0-9]{2}-[0-9]{2,3}-[0-9]{6}\Z"),
)
DIGITS = st.sampled_from(
    ["0123456789", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19", "⓪①②③④⑤⑥⑦⑧⑨", "٠١٢٣٤٥٦٧٨٩"]
)


@given(AROUND, PLANTED, AROUND, st.data())
def test_planted_number_is_replaced_exactly(before: str, number: str, after: str, data: st.DataObject) -> None:
    """A number in any digits, with characters of no width in it, is replaced, and the text around it stays."""
    digits = data.draw(DIGITS)
    written = [digits[int(character)] if character.isdecimal() else character for character in number]
    marks = data.draw(st.lists(BROKEN, min_size=len(number) - 1, max_size=len(number) - 1))
    planted = "".join(character + mark for character, mark in zip(written, [*marks, ""], strict=True))
    assert re.sub("|".join(map(re.escape, LABELS)), "*", redact(before + planted + after)) == f"{before}*{after}"


@given(st.lists(st.tuples(st.text("가나다 ,:()\n", min_size=1, max_size=30), PLANTED), max_size=5))
def test_no_digit_of_planted_numbers_remains(planted: list[tuple[str, str]]) -> None:
    """Several numbers in a text are replaced completely."""
    assert not re.search("[0-9]", redact("".join(before + number for before, number in planted)))


@given(st.one_of(ANY_TEXT, TEXTS))
def test_view_of_any_text_has_positions_in_order(text: str) -> None:
    """Each character of a view stands for a part of the text, in the text's order."""
    view = view_of(text)
    assert len(view.characters) == len(view.starts) == len(view.ends)
    spans = list(zip(view.starts, view.ends, strict=True))
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(
        first <= second or spans[index] == spans[index + 1]
        for index, (first, second) in enumerate(zip(view.ends, list(view.starts)[1:], strict=False))
    )


@pytest.mark.parametrize("text", ["010-1234", "a①\u200b②", "㈜가", "보증금 ₩5,000"])
def test_view_of_a_digit_is_its_own_place(text: str) -> None:
    """Every digit of the view is at the place of the same digit in the text."""
    view = view_of(text)
    for index, character in enumerate(view.characters):
        if character.isdecimal():
            start, end = view.span(index, index + 1)
            assert view_of(text[start:end]).characters == character
