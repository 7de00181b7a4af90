"""Numbers of the lines of a text, which may have thousands of mentions."""

from bisect import bisect_left
from functools import lru_cache


def line_number(text: str, index: int) -> int:
    """Return the line of a character of a text, counted from 1."""
    return bisect_left(_line_ends(text), index) + 1


@lru_cache(maxsize=8)
def _line_ends(text: str) -> list[int]:
    return [index for index, char in enumerate(text) if char == "\n"]
