"""What a health check makes of an application, computed ahead: pure, and exact to the probe."""

from dataclasses import dataclass
from math import ceil
from typing import Final

NEVER: Final = float("inf")


@dataclass(frozen=True)
class Behaviour:
    """
    How a machine behaves; all times in virtual seconds.

    Args:
        create_s: From the request until the instance exists and boots.
        boot_s: From then until it is RUNNING.
        answer_s: From RUNNING until its application answers; None is never.
        crash_after_s: From the first answer until it answers no more; None is never.
        stop_s: To shut down, before a restart or by `instances.stop`.
        delete_s: To shut down and disappear.
        create_error: Code that its creation fails with, such as ZONE_RESOURCE_POOL_EXHAUSTED.
        create_error_times: How often it fails before it succeeds; None is for ever.
        serial: Lines that its start-up prints to the serial port, when it does not answer in the end.
    """

    create_s: float = 4.0
    boot_s: float = 8.0
    answer_s: float | None = 10.0
    crash_after_s: float | None = None
    stop_s: float = 5.0
    delete_s: float = 12.0
    create_error: str = ""
    create_error_times: int | None = None
    serial: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """The health check of a group, and what follows from it."""

    path: str
    interval_s: float = 5.0
    healthy_threshold: int = 2
    unhealthy_threshold: int = 2
    initial_delay_s: float = 0.0
    repairs: bool = True


@dataclass(frozen=True)
class Tie:
    """
    The real container that stands behind a machine.

    Args:
        answers: Whether it answers.
        since_s: virtual time of the first answer, or of the first silence
        before_s: virtual time at which the state before that began; 0 is the start of the emulator
    """

    answers: bool
    since_s: float
    before_s: float = 0.0


def verdicts(running_at_s: float, behaviour: Behaviour, check: Check, tie: Tie | None) -> list[tuple[float, str]]:
    """
    Return when the check's verdict on a running machine changes, and to what, in order.

    Probes come every interval from the moment it runs. A verdict needs as many equal answers in a row as its
    threshold says; before the first, it is UNKNOWN.
    """
    if running_at_s < 0:
        return []
    start = running_at_s
    if tie is not None and tie.answers and start < tie.before_s:
        return _interrupted(start, check, tie)
    answers, silent = _answering(running_at_s, behaviour, tie)
    found = [(start, "UNKNOWN")]
    first_unhealthy = start + check.interval_s * check.unhealthy_threshold
    healthy = _probe(start, answers, check.interval_s, check.healthy_threshold)
    if first_unhealthy < healthy:
        found.append((first_unhealthy, "UNHEALTHY"))
    if healthy < NEVER and healthy <= silent:
        found.append((healthy, "HEALTHY"))
    if silent < NEVER:
        found.append((_probe(start, max(silent, start), check.interval_s, check.unhealthy_threshold), "UNHEALTHY"))
    return sorted(found, key=lambda verdict: verdict[0])


def verdict_at(found: list[tuple[float, str]], now_s: float) -> str:
    """Return the verdict of a moment; empty before the first."""
    verdict = ""
    for at_s, state in found:
        if at_s <= now_s:
            verdict = state
    return verdict


def answers_for_good(behaviour: Behaviour) -> bool:
    """Return whether an application, once it answers, never stops."""
    return behaviour.answer_s is not None and behaviour.crash_after_s is None


def _interrupted(start: float, check: Check, tie: Tie) -> list[tuple[float, str]]:
    """Return the verdicts of a container that answered, was silent for a while, and answers again."""
    found = [(start, "UNKNOWN"), (_probe(start, start, check.interval_s, check.healthy_threshold), "HEALTHY")]
    unhealthy = _probe(start, tie.before_s, check.interval_s, check.unhealthy_threshold)
    if unhealthy < tie.since_s:
        again = _probe(start, tie.since_s, check.interval_s, check.healthy_threshold)
        found += [(unhealthy, "UNHEALTHY"), (again, "HEALTHY")]
    return found


def _answering(running: float, behaviour: Behaviour, tie: Tie | None) -> tuple[float, float]:
    """Return from when, and until when, the application answers."""
    if tie is not None:
        if tie.answers:
            return max(running, tie.since_s), NEVER
        return (running, tie.since_s) if tie.since_s > running else (NEVER, NEVER)
    if behaviour.answer_s is None:
        return NEVER, NEVER
    answers = running + behaviour.answer_s
    return answers, NEVER if behaviour.crash_after_s is None else answers + behaviour.crash_after_s


def _probe(start: float, since: float, interval_s: float, threshold: int) -> float:
    """Return when the threshold-th probe in a row after a moment has come back."""
    if since == NEVER:
        return NEVER
    first = max(1, ceil((since - start) / interval_s - 1e-9))
    return start + (first + threshold - 1) * interval_s
