"""The verdicts of a health check on one instance, computed in advance: pure, and exact to the probe."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from emulator.group.profile import Profile

NEVER: Final = float("inf")


@dataclass(frozen=True)
class HealthCheck:
    """
    The health check of a group, and what the group does about failures.

    Args:
        path: canonical path of the health check
        interval_s: seconds between two probes
        healthy_threshold: successful probes in a row that make an instance HEALTHY
        unhealthy_threshold: failed probes in a row that make an instance UNHEALTHY
        initial_delay_s: seconds from RUNNING in which an UNHEALTHY instance is not repaired
        repairs: whether the group recreates UNHEALTHY instances
    """

    path: str
    interval_s: float = 5.0
    healthy_threshold: int = 2
    unhealthy_threshold: int = 2
    initial_delay_s: float = 0.0
    repairs: bool = True


@dataclass(frozen=True)
class ContainerHealth:
    """
    The health of a bound container, which instances of its image report as their own.

    Args:
        answers: whether the container answers
        since_s: virtual time of the first answer, or of the first silence
        before_s: virtual time at which the previous state began; 0 is the start of the emulator
    """

    answers: bool
    since_s: float
    before_s: float = 0.0


def verdicts(
    running_at_s: float, profile: Profile, health_check: HealthCheck, container: ContainerHealth | None
) -> list[tuple[float, str]]:
    """
    Return when the verdict on a running instance changes, and to what, in order of time.

    Probes come every interval from RUNNING on. A verdict needs as many equal answers in a row as its threshold;
    before the first verdict the state is UNKNOWN.

    Args:
        running_at_s: virtual time at which the instance became RUNNING; negative: it does not run
        profile: profile of the instance
        health_check: health check of its group
        container: health of the bound container, which replaces the profile; None: no container is bound
    """
    if running_at_s < 0:
        return []
    if profile.failed:
        container = None  # the startup script has failed before it could start the container
    start_s = running_at_s
    if container is not None and container.answers and start_s < container.before_s:
        return _interrupted(start_s, health_check, container)
    answers_s, silent_s = _answering(running_at_s, profile, container)
    changes = [(start_s, "UNKNOWN")]
    first_unhealthy_s = start_s + health_check.interval_s * health_check.unhealthy_threshold
    healthy_s = _probe_s(start_s, answers_s, health_check.interval_s, health_check.healthy_threshold)
    if first_unhealthy_s < healthy_s:
        changes.append((first_unhealthy_s, "UNHEALTHY"))
    if healthy_s < NEVER and healthy_s <= silent_s:
        changes.append((healthy_s, "HEALTHY"))
    if silent_s < NEVER:
        unhealthy_s = _probe_s(
            start_s, max(silent_s, start_s), health_check.interval_s, health_check.unhealthy_threshold
        )
        changes.append((unhealthy_s, "UNHEALTHY"))
    return sorted(changes, key=lambda change: change[0])


def verdict_at(changes: list[tuple[float, str]], now_s: float) -> str:
    """Return the verdict of a moment; empty before the first change."""
    verdict = ""
    for at_s, state in changes:
        if at_s <= now_s:
            verdict = state
    return verdict


def _interrupted(start_s: float, health_check: HealthCheck, container: ContainerHealth) -> list[tuple[float, str]]:
    """Return the verdicts on a container that answered, was silent for a while, and answers again."""
    interval_s = health_check.interval_s
    changes = [
        (start_s, "UNKNOWN"),
        (_probe_s(start_s, start_s, interval_s, health_check.healthy_threshold), "HEALTHY"),
    ]
    unhealthy_s = _probe_s(start_s, container.before_s, interval_s, health_check.unhealthy_threshold)
    if unhealthy_s < container.since_s:
        healthy_again_s = _probe_s(start_s, container.since_s, interval_s, health_check.healthy_threshold)
        changes += [(unhealthy_s, "UNHEALTHY"), (healthy_again_s, "HEALTHY")]
    return changes


def _answering(running_s: float, profile: Profile, container: ContainerHealth | None) -> tuple[float, float]:
    """Return from when and until when the application answers."""
    if container is not None:
        if container.answers:
            return max(running_s, container.since_s), NEVER
        return (running_s, container.since_s) if container.since_s > running_s else (NEVER, NEVER)
    if profile.answer_s is None:
        return NEVER, NEVER
    answers_s = running_s + profile.answer_s
    return answers_s, NEVER if profile.crash_after_s is None else answers_s + profile.crash_after_s


def _probe_s(start_s: float, since_s: float, interval_s: float, threshold: int) -> float:
    """Return the time of the threshold-th probe in a row after a moment."""
    if since_s == NEVER:
        return NEVER
    first = max(1, ceil((since_s - start_s) / interval_s - 1e-9))
    return start_s + (first + threshold - 1) * interval_s
