"""The figures of a scenario: requests, losses, duplicates, latencies before, during and after the rollout."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

PHASES: Final = ("before", "during", "after")


@dataclass(frozen=True)
class Latencies:
    """Latencies of the requests of a phase, in milliseconds; None for a phase without requests."""

    p50: float | None
    p99: float | None
    largest: float | None


def latencies(seconds: Iterable[float]) -> Latencies:
    """Return the percentiles of some latencies."""
    ordered = sorted(seconds)
    if not ordered:
        return Latencies(None, None, None)

    def at(share: float) -> float:
        return round(1000 * ordered[max(0, math.ceil(share * len(ordered)) - 1)], 1)

    return Latencies(at(0.5), at(0.99), at(1))


def by_phase(
    times: Sequence[float], values: Sequence[float], began_at: float, ended_at: float
) -> dict[str, list[float]]:
    """Return the values by phase, given the time of each and those of the rollout."""
    found: dict[str, list[float]] = {phase: [] for phase in PHASES}
    for at, value in zip(times, values, strict=True):
        found["before" if at < began_at else "during" if at <= ended_at else "after"].append(value)
    return found


def upper_bound(requests: int, lost: int) -> float:
    """
    Return the largest share of lost requests that agrees with an observation at a confidence of 95 %.

    Without a loss this is the rule of three: 3 / requests. With losses it is the upper limit of the Poisson interval,
    in the approximation of Wilson and Hilferty.
    """
    if not requests:
        return 1.0
    if not lost:
        return min(1.0, 3 / requests)
    degrees = lost + 1
    limit = degrees * (1 - 1 / (9 * degrees) + 1.645 / (3 * math.sqrt(degrees))) ** 3
    return min(1.0, limit / requests)


def duplicates(names: Iterable[str]) -> int:
    """Return how many of some names come again after their first time."""
    return sum(count - 1 for count in Counter(names).values())


def table(outcomes: Sequence[Mapping[str, Any]]) -> str:
    """
    Return the figures of scenarios as a Markdown table, with the latencies before, during and after each.

    The last row is the sum of the scenarios in which no request may be lost, and is left out if there is none.
    """
    head = (
        "| scenario | requests | lost | duplicated | at most lost, 95 % | p50, ms | p99, ms | longest, ms"
        " | the balancer waited for a processor, s |\n|---|---|---|---|---|---|---|---|---|"
    )
    lossless = [outcome for outcome in outcomes if outcome["is_lossless"]]
    return "\n".join([head, *(_row(outcome) for outcome in outcomes), *([_sum(lossless)] if lossless else [])])


def _row(outcome: Mapping[str, Any]) -> str:
    def each(name: str) -> str:
        values = (outcome["short"][phase][name] for phase in PHASES)
        return " / ".join("-" if value is None else f"{value:g}" for value in values)

    latencies = (each("p50"), each("p99"), each("largest"))
    return _cells(outcome["scenario"], _counts(outcome), (*latencies, f"{outcome['balancer_waited_s']:g}"))


def _sum(outcomes: Sequence[Mapping[str, Any]]) -> str:
    sums = {key: sum(outcome[key] for outcome in outcomes) for key in ("requests", "lost", "duplicated")}
    at_most = upper_bound(sums["requests"], sums["lost"])
    waited_s = sum(outcome["balancer_waited_s"] for outcome in outcomes)
    return _cells("together", _counts(sums | {"at_most_lost": at_most}), ("", "", "", f"{waited_s:g}"))


def _counts(outcome: Mapping[str, Any]) -> tuple[str, ...]:
    share = f"{outcome['at_most_lost']:.1e}"
    return f"{outcome['requests']:,}", f"{outcome['lost']:,}", str(outcome["duplicated"]), share


def _cells(name: str, counts: Sequence[str], rest: Sequence[str]) -> str:
    return f"| {' | '.join((name, *counts, *rest))} |"
