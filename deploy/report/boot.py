"""The phases of the boots of a rollout's instances, for tables and charts: pure."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from deploy.release.boot_times import PHASES
from deploy.rollout.result import InstanceTimes

# What an instance does until it has reached a phase, and after the last one.
_WORDS: Final = {
    "booted": "boots", "login": "logs in", "secrets": "reads secrets", "pulled": "pulls", "started": "starts",
    "answers": "answers",
}  # fmt: skip


def columns(instances: Iterable[InstanceTimes]) -> tuple[str, ...]:
    """Return the phases that any instance has reached, in the order of a boot."""
    reached = {name for instance in instances for name, _ in instance.boot.reached()}
    return tuple(name for name in PHASES if name in reached)


def times(instance: InstanceTimes, phases: Sequence[str]) -> tuple[float | None, ...]:
    """Return the seconds from the start of the rollout to each phase of an instance; None if it was not reached."""
    reached = dict(instance.boot.reached())
    return tuple(reached.get(name) for name in phases)


def spans(instance: InstanceTimes, until_s: float) -> list[tuple[str, float, float]]:
    """
    Return what an instance did before it served, each with begin and end; without phases, that it started.

    Args:
        instance: an instance.
        until_s: time at which it was HEALTHY, or the end of the chart.
    """
    moments = sorted(instance.boot.reached(), key=lambda phase: phase[1])
    if not moments:
        return [("starts", instance.first_poll_s, until_s)]
    ends = [("", instance.first_poll_s), *moments, ("answers", until_s)]
    return [
        (_WORDS[name], begin_s, max(begin_s, min(end_s, until_s))) for (_, begin_s), (name, end_s) in pairwise(ends)
    ]
