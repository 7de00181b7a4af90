"""The verdict of an analysis on the readings of a bake: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from deploy.analysis.reading import CheckSeries, Reading

# As many as the polls in a row that must show success: one value may come of a scrape that met a moment.
_READINGS_IN_A_ROW: Final = 2


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


def analysis_verdict(series: Sequence[CheckSeries]) -> AnalysisVerdict:
    """
    Judge the checks of a bake.

    The last two readings decide: both above the limit is failed, both within it is passed. A check that failed decides
    alone. docs/decisions/0032-analysis.md has the reasons.

    Args:
        series: each check that applies at this poll, with its readings.
    """
    verdicts = [_check_verdict(check) for check in series]
    for state in ("failed", "inconclusive"):
        texts = [verdict.text for verdict in verdicts if verdict.state == state]
        if texts:
            return AnalysisVerdict(state, "; ".join(texts))
    return AnalysisVerdict("passed")


def _check_verdict(check: CheckSeries) -> AnalysisVerdict:
    last = check.readings[-_READINGS_IN_A_ROW:]
    states = {reading.state for reading in last}
    where = f"check '{check.name}'"
    if not last:
        return AnalysisVerdict("inconclusive", f"{where} was not read")
    if last[-1].state == "no data":
        return AnalysisVerdict("inconclusive", f"{where} has no data: {last[-1].reason}")
    if len(last) < _READINGS_IN_A_ROW or len(states) > 1:
        return AnalysisVerdict("inconclusive", f"{where} {_measured(last[-1])}, and two readings in a row must agree")
    if states == {"above"}:
        return AnalysisVerdict("failed", f"{where} {_measured(last[-1])}")
    return AnalysisVerdict("passed")


def _measured(reading: Reading) -> str:
    relation = "above" if reading.state == "above" else "within"
    return f"is {number(reading.value)}, {relation} its limit {number(reading.limit)}"


def number(value: float | None) -> str:
    """Return a value with four significant digits, such as `0.0312`; `-` if there is none."""
    return "-" if value is None else f"{value:.4g}"
