"""One instance of a managed instance group: its state, and the actions that the group starts on it; pure."""

from dataclasses import dataclass, replace
from typing import Final

from emulator.group.attempts import Attempt
from emulator.group.profile import Profile

LEAVING_ACTIONS: Final = ("DELETING", "ABANDONING")
_DRAINED_ACTIONS: Final = (*LEAVING_ACTIONS, "RECREATING")
# By target status. Source: google-cloud-compute 1.57.0, ManagedInstance.TargetStatus and Instance.Status.
STANDBY_ACTIONS: Final = {"SUSPENDED": "SUSPENDING", "STOPPED": "STOPPING"}
STANDBY_STATUSES: Final = {"SUSPENDED": "SUSPENDED", "STOPPED": "TERMINATED"}


@dataclass(frozen=True)
class Version:
    """
    A version of a group that an instance can have.

    Args:
        template: canonical path of the instance template
        name: name of the version in the group's `versions`
    """

    template: str
    name: str = ""


@dataclass(frozen=True)
class Instance:
    """
    A managed instance. Actions and states are Google's: `ManagedInstance.currentAction`, `Instance.status`.

    Args:
        name: name of the instance
        zone: zone, such as `asia-northeast3-a`
        intended: version that the group wants the instance to have; up to date if it is a target version of the group
        profile: profile of the present incarnation, drawn when that began
        created_at_s: time at which the group requested the instance
        id: numeric id; empty until the instance exists
        actual_template: template of the instance that exists; empty until it exists
        action: current action of the group on the instance
        stage: progress of that action: waiting, draining, stopping, requested, provisioning, staging, up
        stage_at_s: time at which this stage began
        status: status of the instance; empty until it exists
        running_at_s: time of the last start; -1 while the instance is not RUNNING
        incarnation: number of the VM behind this name; each new VM has a newly drawn profile
        failures: number of failed attempts of the present action
        attempts: the last failed attempts
        repairs: number of recreations because the instance was unhealthy or deleted
        was_available: RUNNING and, with a health check, HEALTHY at least once in its present incarnation
        target: target status: RUNNING, or SUSPENDED or STOPPED in the standby pool
        config: all-instances configuration of the instance, as JSON; empty if there is none
        standby_from_s: earliest time at which it is suspended or stopped, after the standby policy's initial delay
        drained_at_s: time at which load balancers have closed its connections, while its stage is draining
        earlier_boot_s: begin and end of the boot before this one, of the same VM; None if there was none
    """

    name: str
    zone: str
    intended: Version
    profile: Profile
    created_at_s: float
    id: str = ""
    actual_template: str = ""
    action: str = "CREATING"
    stage: str = "requested"
    stage_at_s: float = 0.0
    status: str = ""
    running_at_s: float = -1.0
    incarnation: int = 1
    failures: int = 0
    attempts: tuple[Attempt, ...] = ()
    repairs: int = 0
    was_available: bool = False
    target: str = "RUNNING"
    config: str = ""
    standby_from_s: float = 0.0
    drained_at_s: float = 0.0
    earlier_boot_s: tuple[float, float] | None = None

    @property
    def is_leaving(self) -> bool:
        """Whether the group is deleting or abandoning the instance."""
        return self.action in LEAVING_ACTIONS

    @property
    def is_standby(self) -> bool:
        """Whether the instance belongs to the standby pool."""
        return self.target != "RUNNING"

    @property
    def is_ready(self) -> bool:
        """Whether the instance of a standby pool is suspended or stopped, without a current action."""
        return self.action == "NONE" and self.status == STANDBY_STATUSES.get(self.target)


def is_available(instance: Instance) -> bool:
    """Return whether an instance serves: RUNNING, and HEALTHY at least once if there is a health check."""
    serves = instance.was_available and instance.status == "RUNNING"
    return serves and not instance.is_leaving and not instance.is_standby


def with_action(
    instance: Instance, action: str, now_s: float, intended: Version | None = None, drain_s: float = 0.0
) -> Instance:
    """
    Return an instance on which an action begins.

    Args:
        instance: instance before the action
        action: DELETING, ABANDONING, RECREATING, RESTARTING, REFRESHING, RESUMING or STARTING
        now_s: the present
        intended: version that the action brings; None: the version that the instance is intended to have
        drain_s: seconds in which load balancers close the connections of a running instance before its VM is stopped
    """
    changed = replace(instance, action=action, intended=intended or instance.intended, stage_at_s=now_s, failures=0)
    if action == "REFRESHING":
        return replace(changed, stage="up")
    if action in ("RESUMING", "STARTING"):
        return replace(changed, stage="provisioning", status="PROVISIONING", target="RUNNING")
    if drain_s and action in _DRAINED_ACTIONS and instance.running_at_s >= 0:
        return replace(changed, stage="draining", drained_at_s=now_s + drain_s, was_available=False)
    exists = bool(instance.id)
    stopping = replace(
        changed, running_at_s=-1.0, was_available=False, stage="stopping" if exists else "requested",
        status="STOPPING" if exists else "", earlier_boot_s=_ended_boot(instance, now_s),
    )  # fmt: skip
    return replace(stopping, status=instance.status) if action == "ABANDONING" else stopping


def with_standby_target(instance: Instance, target: str, now_s: float, from_s: float) -> Instance:
    """Return an instance that moves to the standby pool: suspended or stopped at `from_s`, or at once after that."""
    action = STANDBY_ACTIONS[target]
    return replace(instance, target=target, action=action, stage="waiting", stage_at_s=now_s, standby_from_s=from_s)


def shut_down(instance: Instance, now_s: float) -> Instance:
    """Return an instance that shuts down without an action of its group, as after `instances.stop`."""
    return replace(
        instance, status="STOPPING", running_at_s=-1.0, stage_at_s=now_s, was_available=False,
        earlier_boot_s=_ended_boot(instance, now_s),
    )  # fmt: skip


def _ended_boot(instance: Instance, now_s: float) -> tuple[float, float] | None:
    """Return begin and end of the boot that ends now; of the boot before, if the instance does not run."""
    return (instance.running_at_s, now_s) if instance.running_at_s >= 0 else instance.earlier_boot_s
