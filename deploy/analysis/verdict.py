"""The verdict of an analysis on the readings of a bake: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Literal

from deploy.analysis.reading import CheckSeries, Reading

_ROUNDING_S: Final = 0.15  # times of readings have one decimal


@dataclass(frozen=True)
class AnalysisVerdict:
    """
    The verdict of an analysis after a poll.

    Args:
        state: failed if a check is above its limit, passed if each check is within its limits, or inconclusive.
        text: the check that decides, with its value and limit, or why none does; empty if the state is passed.
    """

    state: Literal["passed", "failed", "inconclusive"]
    text: str = ""


def analysis_verdict(series: Sequence[CheckSeries], scrape_s: float) -> AnalysisVerdict:
    """
    Judge the checks of a bake.

    The last readings over the time between two scrapes decide, because readings within it may show one sample: all
    above the limit is failed, all within it is passed; readings without data are left out, but not the last one. A
    check that failed decides alone. docs/decisions/0032-analysis.md has the reasons.

    Args:
        series: each check that applies at this poll, with its readings.
        scrape_s: seconds between two scrapes of the metrics.
    """
    verdicts = [_check_verdict(check, scrape_s) for check in series]
    for state in ("failed", "inconclusive"):
        texts = [verdict.text for verdict in verdicts if verdict.state == state]
        if texts:
            return AnalysisVerdict(state, "; ".join(texts))
    return AnalysisVerdict("passed")


def _check_verdict(check: CheckSeries, scrape_s: float) -> AnalysisVerdict:
    where = f"check '{check.name}'"
    if not check.readings:
        return AnalysisVerdict("inconclusive", f"{where} was not read")
    last = check.readings[-1]
    if last.state == "no data":
        return AnalysisVerdict("inconclusive", f"{where} has no data: {last.reason}")
    known = [reading for reading in reversed(check.readings) if reading.state != "no data"]
    agreeing = list(takewhile(lambda reading: reading.state == last.state, known))
    if last.at_s - agreeing[-1].at_s < scrape_s - _ROUNDING_S:
        text = f"{where} {_measured(last)}, and must be so for the {scrape_s:g} s between two scrapes"
        return AnalysisVerdict("inconclusive", text)
    if last.state == "above":
        return AnalysisVerdict("failed", f"{where} {_measured(last)}")
    return AnalysisVerdict("passed")


def _measured(reading: Reading) -> str:
    relation = "above" if reading.state == "above" else "within"
    return f"is {number(reading.value)}, {relation} its limit {number(reading.limit)}"


def number(value: float | None) -> str:
    """Return a value with four significant digits, such as `0.0312`; `-` if there is none."""
    return "-" if value is None else f"{value:.4g}"
