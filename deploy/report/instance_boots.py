"""The boot phases of a rollout's instances, for tables and charts: pure."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Final

from deploy.release.boot_times import PHASES
from deploy.rollout.result import InstanceTimes

# What an instance does until it has reached a phase, and after the last one.
_WORDS: Final = {
    "booted": "boots", "login": "logs in", "secrets": "reads secrets", "pulled": "pulls", "started": "starts",
    "answers": "answers",
}  # fmt: skip


def rows(instances: Iterable[InstanceTimes], shown: Callable[[float], str]) -> list[tuple[str, ...]]:
    """
    Return a table of the boots that wrote a phase, its head first; without any, nothing.

    Args:
        instances: instances of a rollout.
        shown: returns a number of seconds as text.
    """
    booted = [(instance.name, dict(instance.boot.reached())) for instance in instances if instance.boot.reached()]
    phases = [name for name in PHASES if any(name in times for _, times in booted)]
    body = [(name, *(shown(times[phase]) if phase in times else "-" for phase in phases)) for name, times in booted]
    return [("boot", *phases), *body] if booted else []


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
