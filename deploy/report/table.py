"""Tables and ages for people: pure."""

import re
from collections.abc import Sequence

from lib import output


def text(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table, in columns as wide as they need to be."""
    rows = [[output.inline(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows)]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table whose cells are shown as they are."""
    lines = [head, ["---"] * len(head), *(list(map(output.cell, row)) for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def fenced(language: str, lines: Sequence[str]) -> list[str]:
    """Return a Markdown block of lines, whose fence is longer than any in it."""
    longest = max((len(fence) for fence in re.findall(r"`+", "\n".join(lines))), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *lines, fence]


def age(seconds: float) -> str:
    """Return a span of time in its two largest units, such as `3 h 12 min`."""
    whole = max(0, int(seconds))
    units = ((whole // 86_400, "d"), (whole // 3_600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s"))
    first = next((index for index, (count, _) in enumerate(units) if count), 3)
    return " ".join(f"{count} {unit}" for count, unit in units[first : first + 2] if count or first == 3)
