"""The checks of an analysis with a small chart of their values over time: pure."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import ceil, inf, isinf
from typing import Any, Final

from deploy.analysis.reading import CheckSeries, Reading
from deploy.analysis.verdict import number
from deploy.report import table
from deploy.report.lines import wrapped
from lib.output import markdown as escaped

_HEADS: Final = ("check", "value", "limit", "state", "over time")
_BARS: Final = "▁▂▃▄▅▆▇█"
_NO_DATA: Final = "·"
_WIDTH: Final = 40


def text_lines(series: Sequence[CheckSeries], indent: str = "") -> list[str]:
    """Return a table of the checks that were read, and why a check has no data; none if none was read."""
    heads, rows = _table(series)
    reasons = [line for reason in _reasons(series) for line in wrapped(reason, indent, f"{indent}  ")]
    return [*table.text(heads, rows, indent), *reasons] if rows else []


def markdown_lines(series: Sequence[CheckSeries]) -> list[str]:
    """Return the lines of `text_lines` as Markdown, with an empty line at their end."""
    heads, rows = _table(series)
    reasons = [f"- {escaped(reason)}" for reason in _reasons(series)]
    return [*table.markdown(heads, rows), "", *([*reasons, ""] if reasons else [])] if rows else []


def documents(series: Sequence[CheckSeries]) -> list[dict[str, Any]]:
    """Return the checks as JSON objects, each reading with its state."""
    return [
        {"name": check.name, "readings": [{**asdict(reading), "state": reading.state} for reading in check.readings]}
        for check in series
    ]


def without_data(series: Sequence[CheckSeries]) -> tuple[str, ...]:
    """Return the names of the checks that have no data at their last reading."""
    return tuple(check.name for check in series if check.readings and check.readings[-1].state == "no data")


def _table(series: Sequence[CheckSeries]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the heads and the rows; without charts if no check has more than one reading."""
    read = [check for check in series if check.readings]
    width = len(_HEADS) if any(len(check.readings) > 1 for check in read) else len(_HEADS) - 1
    return _HEADS[:width], [_row(check)[:width] for check in read]


def _reasons(series: Sequence[CheckSeries]) -> Iterator[str]:
    """Yield why a check has no data at its last reading."""
    for check in series:
        if check.name in without_data(series):
            yield f"{check.name} has no data: {check.readings[-1].reason}"


def chart(readings: Sequence[Reading]) -> str:
    """
    Return a chart of one line: a bar for each reading, from 0 to the largest value or limit, or a point for no data.

    Of more readings than fit into the line, several have a bar together, which shows the largest of them.
    """
    step = max(1, ceil(len(readings) / _WIDTH))
    values = [_largest(readings[first : first + step]) for first in range(0, len(readings), step)]
    known = [value for reading in readings for value in (reading.value, reading.limit) if value is not None]
    top = max((value for value in known if not isinf(value)), default=0.0)
    return "".join(_NO_DATA if value is None else _bar(value, top) for value in values)


def _row(check: CheckSeries) -> tuple[str, ...]:
    last = check.readings[-1]
    values = [reading.value for reading in check.readings if reading.value is not None]
    over_time = chart(check.readings)
    if len(values) > 1:
        seconds = last.at_s - check.readings[0].at_s
        over_time += f" {number(min(values))} to {number(max(values))} in {seconds:.0f} s"
    return (check.name, number(last.value), number(last.limit), last.state, over_time)


def _largest(readings: Sequence[Reading]) -> float | None:
    return max((reading.value for reading in readings if reading.value is not None), default=None)


def _bar(value: float, top: float) -> str:
    if value == inf:
        return _BARS[-1]
    share = min(max(value / top, 0.0), 1.0) if top > 0 else 0.0
    return _BARS[round(share * (len(_BARS) - 1))]
