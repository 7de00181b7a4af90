"""The warnings before a rollout or a rollback: facts that are no reason to refuse, and yet matter to the operator."""

from math import ceil
from typing import Final

from deploy.config import Config
from deploy.documents.group_state import initial_delay_s
from deploy.group.clock_skew import clock_skew_warnings
from deploy.group.drift import newer_template
from deploy.group.observation import Observation
from deploy.group.preflight import health_check_probe
from deploy.release import secret_scan
from deploy.release.boot_times import LONGEST_START_S
from deploy.release.image_places import mention_warnings
from deploy.release.template import metadata

_SHORTEST_START_S: Final = 60  # seconds from the creation of an instance until its application answers, at least


def preflight_warnings(config: Config, observation: Observation) -> tuple[str, ...]:
    """Return what an operator should know before a rollout, one line each."""
    group = observation.group
    lines = [*clock_skew_warnings(observation.clock_ahead_s)]
    if observation.permissions_error:
        lines.append(f"permissions were not checked: {observation.permissions_error}")
    if config.rollout.surge_in(len(group.zones)).number:
        lines += unchecked_quotas(observation)
    if group.target_size == 0:
        lines.append("the group has target size 0: no instance will prove this release")
    if observation.autoscaler:
        moving = any(step.count.is_percent for step in config.rollout.release_steps)
        steps = ", and a step of a percentage with it" if moving else ""
        lines.append(f"autoscaler '{observation.autoscaler}' may change the target size during the rollout{steps}")
    check_type = health_check_probe(observation.health_check)[0] if observation.health_check else ""
    if check_type in ("TCP", "SSL"):
        lines.append(f"the health check only opens a {check_type} connection: an application that hangs looks healthy")
    lines += _delay_warnings(observation)
    if not (group.is_stable and group.is_reached):
        lines.append("the group is not settled; this rollout replaces any change in progress")
    if config.allowed_secrets:
        _, allowed = secret_scan.divide_leaks(metadata(observation.template), config.allowed_secrets)
        lines += [f"{leak} looks like a secret; the environment file allows it" for leak in allowed]
    lines += mention_warnings(metadata(observation.template), config.repository, config.image_in)
    newer = newer_template(config, observation)
    return (*lines, newer) if newer else tuple(lines)


def rollback_warnings(observation: Observation, surge: int) -> tuple[str, ...]:
    """
    Return what an operator should know before a rollback, one line each.

    Args:
        observation: the group and its surroundings.
        surge: instances above the target size that the rollback may create; with 0 no quota matters.
    """
    lines = [*clock_skew_warnings(observation.clock_ahead_s), *_delay_warnings(observation)]
    if not surge:
        return tuple(lines)
    shortages = [check.shortage(surge, observation.surplus) for check in observation.quota_checks]
    lines += unchecked_quotas(observation)
    return (*lines, *(f"{shortage}: the rollback may wait for room" for shortage in shortages if shortage))


def unchecked_quotas(observation: Observation) -> list[str]:
    """Return a line for each quota that was not checked, with the reason."""
    if observation.quotas_error:
        return [f"quotas were not checked: {observation.quotas_error}"]
    checks = (check for check in observation.quota_checks if check.unchecked)
    return [f"quota not checked: {check.metric}, because {check.unchecked}" for check in checks]


def short_initial_delay(observation: Observation) -> str:
    """
    Return why the group's initial delay is too short; empty if an instance has the time that it needs to be healthy.

    It needs a minute, or as long as a recorded boot took to its started containers (600 s at most),
    and the probes of the health check.
    """
    check, delay_s = observation.health_check or {}, initial_delay_s(observation.group.raw)
    interval_s, threshold = int(check.get("checkIntervalSec") or 5), int(check.get("healthyThreshold") or 2)
    started_s = ceil(min(observation.boot.started_s or 0.0, LONGEST_START_S))
    start_s = max(started_s, _SHORTEST_START_S)
    needed_s = interval_s * threshold + start_s
    if delay_s >= needed_s:
        return ""
    recorded = ", in which a recorded boot has started its containers" if started_s >= start_s else ""
    return (
        f"the initial delay of {delay_s} s is shorter than {needed_s} s"
        f" (check interval {interval_s} s * healthy threshold {threshold} + {start_s} s{recorded})"
    )


def _delay_warnings(observation: Observation) -> list[str]:
    delay = short_initial_delay(observation)
    return [f"{delay}: instances that still start may be recreated. Fix: raise initialDelaySec"] if delay else []
