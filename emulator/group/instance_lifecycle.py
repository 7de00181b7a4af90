"""
How one instance boots, becomes healthy, fails and is deleted: pure, from one moment to the next.

The time of the next change of an instance is always known (`due_at_s`). `advanced_instance` computes that change;
nothing here reads a clock.
"""

from dataclasses import replace
from typing import Final

from emulator.group.attempts import Attempt, CreationError, error_message
from emulator.group.health import NEVER, ContainerHealth, HealthCheck, verdict_at, verdicts
from emulator.group.instance_names import instance_id
from emulator.group.instances import STANDBY_ACTIONS, STANDBY_STATUSES, Instance, with_action, with_standby_target
from emulator.group.profile import answers_for_good

RETRY_S: Final = 20.0  # after the first failed creation; then twice as long each time, up to five minutes
REFRESH_S: Final = 3.0
ABANDON_S: Final = 2.0
_LONGEST_RETRY_S: Final = 300.0


def health_state(instance: Instance, health_check: HealthCheck, container: ContainerHealth | None, now_s: float) -> str:
    """Return the health check's verdict on an instance at a moment; empty while the instance does not run."""
    return verdict_at(_verdicts(instance, health_check, container), now_s)


def health_changes_at_s(
    instance: Instance, health_check: HealthCheck, container: ContainerHealth | None, now_s: float
) -> float:
    """Return when the health check's verdict on an instance changes next, or NEVER."""
    changes = _verdicts(instance, health_check, container)
    return min((at_s for at_s, _ in changes if at_s > now_s), default=NEVER)


def due_at_s(
    instance: Instance, health_check: HealthCheck | None, container: ContainerHealth | None, now_s: float
) -> float:
    """Return when the instance changes next, or NEVER; a change whose time has passed is due at once."""
    if instance.action not in ("VERIFYING", "NONE"):
        return instance.stage_at_s + _stage_s(instance)
    if instance.is_ready:
        return NEVER
    if instance.status == "RUNNING":
        return _verdict_due_at_s(instance, health_check, container, now_s)
    return instance.stage_at_s + (0.0 if instance.status == "TERMINATED" else instance.profile.stop_s)


def advanced_instance(
    instance: Instance,
    health_check: HealthCheck | None,
    container: ContainerHealth | None,
    now_s: float,
    error: CreationError | None = None,
) -> Instance | None:
    """
    Return an instance after the change that is due now.

    Args:
        instance: instance before the change
        health_check: health check of its group
        container: health of the bound container
        now_s: time of the change
        error: error that a creation fails with at this moment, beside the profile's own

    Returns:
        The instance after the change; None if it is deleted or abandoned.
    """
    if instance.action in ("VERIFYING", "NONE"):
        return _watched(instance, health_check, container, now_s)
    if instance.stage == "draining":
        return with_action(instance, instance.action, now_s)
    if instance.is_leaving:
        return None
    if instance.action == "REFRESHING":
        template = instance.intended.template
        return replace(instance, action="VERIFYING", actual_template=template, stage="up", stage_at_s=now_s)
    if instance.stage == "requested":
        return _created(instance, now_s, error)
    return _at_next_stage(instance, health_check, now_s)


def _at_next_stage(instance: Instance, health_check: HealthCheck | None, now_s: float) -> Instance:
    if instance.stage == "provisioning":
        return replace(instance, stage="staging", stage_at_s=now_s, status="STAGING")
    if instance.stage == "staging":
        return _running(instance, health_check, now_s)
    if instance.stage == "waiting":
        status = instance.action if instance.status == "RUNNING" else "STOPPING"
        stopping = replace(instance, stage="stopping", stage_at_s=now_s, status=status)
        return replace(stopping, running_at_s=-1.0, was_available=False)
    return _stopped(instance, now_s)


def _running(instance: Instance, health_check: HealthCheck | None, now_s: float) -> Instance:
    """Return an instance that has booted; the group verifies it, or moves it to the standby pool."""
    running = replace(
        instance, action="VERIFYING", stage="up", stage_at_s=now_s, status="RUNNING", running_at_s=now_s,
        was_available=health_check is None, failures=0,
    )  # fmt: skip
    if not instance.is_standby:
        return running
    return with_standby_target(running, instance.target, now_s, instance.standby_from_s)


def _stopped(instance: Instance, now_s: float) -> Instance:
    """Return an instance that has shut down: for the standby pool, or to be recreated or restarted."""
    if instance.action in STANDBY_ACTIONS.values():
        status = STANDBY_STATUSES[instance.target]
        return replace(instance, action="NONE", stage="up", stage_at_s=now_s, status=status)
    if instance.action == "RECREATING":
        deleted = replace(instance, stage="requested", stage_at_s=now_s, status="", id="", actual_template="")
        return replace(deleted, incarnation=instance.incarnation + 1, earlier_boot_s=None)
    template = instance.intended.template
    return replace(instance, stage="staging", stage_at_s=now_s, status="STAGING", actual_template=template)


def _created(instance: Instance, now_s: float, error: CreationError | None) -> Instance:
    """Return an instance after an attempt to create it."""
    profile = instance.profile
    fails = instance.failures < (profile.create_error_times or NEVER)
    if error is None and fails and profile.create_error:
        error = CreationError(profile.create_error, error_message(profile.create_error, instance.name, instance.zone))
    if error is None:
        return replace(
            instance, stage="provisioning", stage_at_s=now_s, status="PROVISIONING",
            actual_template=instance.intended.template,
            id=instance_id(instance.zone, instance.name, instance.created_at_s, instance.incarnation),
        )  # fmt: skip
    attempt = Attempt(now_s, error.code, instance.action, error.message, instance.zone)
    attempts = (*instance.attempts, attempt)[-5:]
    return replace(instance, stage_at_s=now_s, failures=instance.failures + 1, attempts=attempts)


def _watched(
    instance: Instance, health_check: HealthCheck | None, container: ContainerHealth | None, now_s: float
) -> Instance:
    """Return a started instance after the group has read its status and health."""
    if instance.status == "TERMINATED":
        return _repaired(instance, now_s)
    if instance.status != "RUNNING":
        return replace(instance, status="TERMINATED", stage_at_s=now_s)
    if health_check is None:
        return replace(instance, action="NONE", stage_at_s=now_s)
    if health_state(instance, health_check, container, now_s) == "HEALTHY":
        return replace(instance, action="NONE", was_available=True, stage_at_s=now_s)
    if health_check.repairs and now_s >= _repair_at_s(instance, health_check, container, now_s):
        return _repaired(instance, now_s)
    return replace(instance, stage_at_s=now_s)


def _repaired(instance: Instance, now_s: float) -> Instance:
    return replace(with_action(instance, "RECREATING", now_s), repairs=instance.repairs + 1)


def _verdict_due_at_s(
    instance: Instance, health_check: HealthCheck | None, container: ContainerHealth | None, now_s: float
) -> float:
    """Return when a running instance changes: by its verdict, or by the repair that follows from the verdict."""
    is_idle = instance.action == "NONE"
    if health_check is None:
        return NEVER if is_idle else now_s
    if is_idle and instance.was_available and container is None and answers_for_good(instance.profile):
        return NEVER
    changes = _verdicts(instance, health_check, container)
    times_s = [at_s for at_s, _ in changes if at_s > now_s]
    verdict = verdict_at(changes, now_s)
    if verdict == "HEALTHY" and instance.action == "VERIFYING":
        times_s.append(now_s)
    if verdict == "UNHEALTHY" and health_check.repairs:
        times_s.append(_repair_at_s(instance, health_check, container, now_s))
    return min(times_s, default=NEVER)


def _repair_at_s(
    instance: Instance, health_check: HealthCheck, container: ContainerHealth | None, now_s: float
) -> float:
    """Return when an UNHEALTHY instance is recreated: at once, or at the end of the initial delay."""
    if health_state(instance, health_check, container, now_s) != "UNHEALTHY":
        return NEVER
    return max(instance.running_at_s + health_check.initial_delay_s, instance.running_at_s)


def _verdicts(
    instance: Instance, health_check: HealthCheck, container: ContainerHealth | None
) -> list[tuple[float, str]]:
    """Return when the verdict on an instance changes; an instance rule can say that it never answers this check."""
    profile = instance.profile
    if health_check.path.rpartition("/")[2] in profile.unanswered:
        return verdicts(instance.running_at_s, replace(profile, answer_s=None), health_check, None)
    return verdicts(instance.running_at_s, profile, health_check, container)


def _stage_s(instance: Instance) -> float:
    """Return how many seconds the present stage lasts."""
    profile = instance.profile
    if instance.stage in ("draining", "waiting"):
        until_s = instance.drained_at_s if instance.stage == "draining" else instance.standby_from_s
        return max(0.0, until_s - instance.stage_at_s)
    if instance.is_leaving:
        return profile.delete_s if instance.action == "DELETING" and instance.id else ABANDON_S
    if instance.action == "REFRESHING":
        return REFRESH_S
    if instance.stage == "requested":
        return _retry_s(instance.failures) if instance.failures else profile.create_s
    if instance.stage == "stopping":
        return profile.delete_s if instance.action == "RECREATING" else profile.stop_s
    return profile.boot_s / 2


def _retry_s(failures: int) -> float:
    return min(RETRY_S * 2.0 ** (failures - 1), _LONGEST_RETRY_S)
