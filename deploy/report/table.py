"""Tables for people, as text and as Markdown: pure."""

import re
from collections.abc import Sequence

from deploy.report.lines import WIDTH, cropped, padded, width
from lib import output


def text(head: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "") -> list[str]:
    """
    Return the lines of a table, in columns as wide as they need to be.

    Columns that do not fit into 80 cells follow in a second line of each row, and so on. A cell of the table that is
    longer than a line is cut.

    Args:
        head: heads of the columns.
        rows: cells of the rows.
        indent: beginning of every line.
    """
    room = WIDTH - len(indent)
    rows = [[cropped(output.inline(cell), room - 2) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(head, *rows, strict=True)]
    lines = _lines_of_columns(widths, room)
    return [
        f"{begin}{'  '.join(padded(row[column], widths[column]) for column in columns)}".rstrip()
        for row in (head, *rows)
        for begin, columns in zip((indent, *[f"{indent}  "] * len(lines)), lines, strict=False)
    ]


def _lines_of_columns(widths: Sequence[int], room: int) -> list[list[int]]:
    """Return the numbers of the columns in each line of a row; lines behind the first have two cells less."""
    lines: list[list[int]] = [[]]
    for column, cells in enumerate(widths):
        used = sum(widths[before] + 2 for before in lines[-1])
        if lines[-1] and used + cells > room - (2 if len(lines) > 1 else 0):
            lines.append([])
        lines[-1].append(column)
    return lines


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table whose cells are shown as they are."""
    lines = [head, ["---"] * len(head), *(list(map(output.cell, row)) for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def fenced(language: str, lines: Sequence[str]) -> list[str]:
    """Return a Markdown block of lines, whose fence is longer than any in it."""
    longest = max((len(fence) for fence in re.findall(r"`+", "\n".join(lines))), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *lines, fence]
