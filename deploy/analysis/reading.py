"""The values of a check at one poll of a rollout, and their series over all polls: pure."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from deploy.analysis_settings import CheckSettings

# A series of more readings loses every second one of its older half, so that a bake of a day stays a small report. The
# last reading of each state stays: a reading that contradicts the later ones would be missing in the verdict.
_MOST_READINGS: Final = 400


@dataclass(frozen=True)
class Answer:
    """
    The result of one query.

    Args:
        value: value of the one sample; plus infinity is a value; None if there is none.
        reason: why there is no value; empty if there is one.
        fault: what the server refuses, so that no later query has a value either; empty if a later one may have.
    """

    value: float | None
    reason: str = ""
    fault: Literal["", "query", "login", "server"] = ""


@dataclass(frozen=True)
class Reading:
    """
    A check at one poll.

    Args:
        at_s: seconds since the start of the rollout.
        value: value over the new version's instances; None if there is none.
        limit: largest allowed value; None if none is known.
        reason: why the value or a limit is unknown; empty if both are known.
    """

    at_s: float
    value: float | None
    limit: float | None
    reason: str = ""

    @property
    def state(self) -> Literal["above", "within", "no data"]:
        """Above if the value exceeds a known limit, within if it exceeds none of the check's limits, or no data."""
        if self.value is not None and self.limit is not None and self.value > self.limit:
            return "above"
        return "no data" if self.reason else "within"


@dataclass(frozen=True)
class CheckSeries:
    """
    A check with its readings.

    Args:
        name: name of the check.
        readings: readings in the order of the polls.
    """

    name: str
    readings: tuple[Reading, ...] = ()

    def add(self, reading: Reading) -> "CheckSeries":
        """Return the series with one more reading; one that is too long loses every second one of its older half."""
        readings, half = self.readings, _MOST_READINGS // 2
        if len(readings) >= _MOST_READINGS:
            older = readings[:half]
            last = {old.state: number for number, old in enumerate(older)}.values()
            kept = [old for number, old in enumerate(older) if number % 2 == 0 or number in last]
            readings = (*kept, *readings[half:])
        return replace(self, readings=(*readings, reading))


def judged_reading(check: CheckSettings, at_s: float, new: Answer, old: Answer | None) -> Reading | None:
    """
    Return the reading of a check; None if none of its limits applies.

    Args:
        check: the check.
        at_s: seconds since the start of the rollout.
        new: result of the query over the new version's instances.
        old: result over the old version's instances; None if the group has none, so that `at_most` alone counts.
    """
    limits = [check.at_most] if check.at_most is not None else []
    reason = new.reason
    if check.factor is not None and old is not None:
        limit, problem = _compared_limit(old, check.factor)
        limits += [limit] if limit is not None else []
        reason = reason or problem
    elif not limits:
        return None
    return Reading(at_s, new.value, min(limits, default=None), reason)


def _compared_limit(old: Answer, factor: float) -> tuple[float | None, str]:
    """Return the limit that the old version's value sets, or why it sets none."""
    if old.value is None:
        return None, f"{old.reason}, over the old version's instances"
    if not 0 <= old.value < float("inf"):
        return None, f"the old version's value is {old.value:g}, of which no limit can be made"
    return old.value * factor, ""
