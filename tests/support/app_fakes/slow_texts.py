"""Texts that are slow for regular expressions that find personal data: each is a unit, many times in a row."""

from typing import Final

UNITS: Final = (
    "1", "0", "1-", "1 - ", "12-345-", "010-", "010", "국민", "국민 1", "은행 ", "1234567891 ", "900101-", "900101-*",
    "a1", "1*", "[전화번호", "[계좌번호] ", "+82 ", "f" * 127, "2026-11-", "\u200b", "1\u200b", "1\u200b-\u200b", "a@",
    "a@b.", "a.", " ", "\n", "*", "x", "O", "lO1", "O-", "4111-", "M1", "(0", "1,000,", "등록번호 1", "임차인 김",
)  # fmt: skip
