"""
How one machine of a group comes up, becomes healthy, breaks and goes: pure, from one moment to the next.

A machine always knows when it will change next (`due`). `advance` takes it over that moment; nothing here reads a
clock. Actions and states are Google's (`ManagedInstance.currentAction`, `Instance.status`).
"""

from dataclasses import dataclass, replace
from typing import Final

from emulator.group.attempts import Attempt, error_message
from emulator.group.health import NEVER, Behaviour, Check, Tie, answers_for_good, verdict_at, verdicts
from emulator.group.instance_names import instance_id

GOING: Final = ("DELETING", "ABANDONING")
# By target status. Source: google-cloud-compute 1.57.0, ManagedInstance.TargetStatus and Instance.Status.
STANDBY_ACTIONS: Final = {"SUSPENDED": "SUSPENDING", "STOPPED": "STOPPING"}
STANDBY_STATUSES: Final = {"SUSPENDED": "SUSPENDED", "STOPPED": "TERMINATED"}
RETRY_S: Final = 20.0  # after the first failed creation; then twice as long each time, up to five minutes
REFRESH_S: Final = 3.0
ABANDON_S: Final = 2.0


@dataclass(frozen=True)
class Version:
    """What a machine is to be: the canonical path of a template, and the name of a group's version."""

    template: str
    name: str = ""


@dataclass(frozen=True)
class Machine:
    """
    A managed instance.

    Args:
        name: Of the instance.
        zone: Such as `asia-northeast3-a`.
        intended: Version that it is to have; a machine is up to date when this is a target of its group.
        behaviour: Of its present life, drawn when that began.
        created_at_s: When the group asked for it.
        id: Of the instance; empty until it exists.
        built: Template of the instance that exists; empty until it does.
        action: What the group does with it.
        stage: How far the action is: waiting, stopping, asked, provisioning, staging, up.
        stage_at_s: When this stage began.
        status: Of the instance; empty until it exists.
        running_at_s: When it was last started; -1 while it is not RUNNING.
        life: How many instances it has been; each draws its behaviour anew.
        failures: Attempts of the present action that failed.
        attempts: The last of them.
        repairs: How often it was recreated because it was unhealthy or gone.
        was_available: RUNNING, and HEALTHY at least once in its present life if there is a check.
        target: Status that it is to reach: RUNNING, or SUSPENDED or STOPPED in the standby pool.
        config: All-instances configuration that it has or is to have, as JSON; empty if there is none.
        standby_from_s: Earliest moment at which it is suspended or stopped; the standby policy's initial delay.
    """

    name: str
    zone: str
    intended: Version
    behaviour: Behaviour
    created_at_s: float
    id: str = ""
    built: str = ""
    action: str = "CREATING"
    stage: str = "asked"
    stage_at_s: float = 0.0
    status: str = ""
    running_at_s: float = -1.0
    life: int = 1
    failures: int = 0
    attempts: tuple[Attempt, ...] = ()
    repairs: int = 0
    was_available: bool = False
    target: str = "RUNNING"
    config: str = ""
    standby_from_s: float = 0.0

    @property
    def is_going(self) -> bool:
        """Whether it no longer counts as a member that lives."""
        return self.action in GOING

    @property
    def is_standby(self) -> bool:
        """Whether it belongs to the standby pool."""
        return self.target != "RUNNING"

    @property
    def is_ready(self) -> bool:
        """Whether it is suspended or stopped, as the standby pool wants it, and nothing happens to it."""
        return self.action == "NONE" and self.status == STANDBY_STATUSES.get(self.target)


def health_now(machine: Machine, check: Check, tie: Tie | None, now_s: float) -> str:
    """Return the check's verdict on a machine at a moment; empty while it does not run."""
    return verdict_at(verdicts(machine.running_at_s, machine.behaviour, check, tie), now_s)


def due(machine: Machine, check: Check | None, tie: Tie | None, now_s: float) -> float:
    """Return when the machine will change next, or NEVER; a moment that has passed is due at once."""
    if machine.action in ("VERIFYING", "NONE"):
        if machine.is_ready or machine.status == "TERMINATED":
            return NEVER if machine.is_ready else machine.stage_at_s
        if machine.status != "RUNNING":
            return machine.stage_at_s + machine.behaviour.stop_s
        if check is None:
            return NEVER if machine.action == "NONE" else now_s
        if machine.action == "NONE" and machine.was_available and tie is None and answers_for_good(machine.behaviour):
            return NEVER
        return min(_verdicts_due(machine, check, tie, now_s), default=NEVER)
    return machine.stage_at_s + _stage_s(machine)


def advance(machine: Machine, check: Check | None, tie: Tie | None, now_s: float, error: str = "") -> Machine | None:
    """
    Take a machine over the moment that it was due at.

    Args:
        machine: Before.
        check: Health check of its group.
        tie: Container behind it.
        now_s: That moment.
        error: Code that a creation fails with at this moment, beside the behaviour's own.

    Returns:
        The machine after; None when it is gone.
    """
    if machine.action in ("VERIFYING", "NONE"):
        return _watch(machine, check, tie, now_s)
    if machine.action in GOING:
        return None
    if machine.action == "REFRESHING":
        return replace(machine, action="VERIFYING", built=machine.intended.template, stage="up", stage_at_s=now_s)
    if machine.stage == "asked":
        return _create(machine, now_s, error)
    return _next_stage(machine, check, now_s)


def begin(machine: Machine, action: str, now_s: float, intended: Version | None = None) -> Machine:
    """Start an action on a machine: DELETING, ABANDONING, RECREATING, RESTARTING, REFRESHING, RESUMING or STARTING."""
    started = replace(machine, action=action, intended=intended or machine.intended, stage_at_s=now_s, failures=0)
    if action == "REFRESHING":
        return replace(started, stage="up")
    if action in ("RESUMING", "STARTING"):
        return replace(started, stage="provisioning", status="PROVISIONING", target="RUNNING")
    exists = bool(machine.id)
    stopped = replace(
        started, running_at_s=-1.0, was_available=False, stage="stopping" if exists else "asked",
        status="STOPPING" if exists else "",
    )  # fmt: skip
    return replace(stopped, status=machine.status) if action == "ABANDONING" else stopped


def rest(machine: Machine, target: str, now_s: float, from_s: float) -> Machine:
    """Move a machine to the standby pool: it is suspended or stopped at a moment, or at once if that has passed."""
    action = STANDBY_ACTIONS[target]
    return replace(machine, target=target, action=action, stage="waiting", stage_at_s=now_s, standby_from_s=from_s)


def stop(machine: Machine, now_s: float) -> Machine:
    """Shut the instance down behind the group's back, as `instances.stop` does."""
    return replace(machine, status="STOPPING", running_at_s=-1.0, stage_at_s=now_s, was_available=False)


def _next_stage(machine: Machine, check: Check | None, now_s: float) -> Machine:
    if machine.stage == "provisioning":
        return replace(machine, stage="staging", stage_at_s=now_s, status="STAGING")
    if machine.stage == "staging":
        running = replace(
            machine, action="VERIFYING", stage="up", stage_at_s=now_s, status="RUNNING", running_at_s=now_s,
            was_available=check is None, failures=0,
        )  # fmt: skip
        return rest(running, machine.target, now_s, machine.standby_from_s) if machine.is_standby else running
    if machine.stage == "waiting":
        status = machine.action if machine.status == "RUNNING" else "STOPPING"
        waited = replace(machine, stage="stopping", stage_at_s=now_s, status=status)
        return replace(waited, running_at_s=-1.0, was_available=False)
    if machine.action in STANDBY_ACTIONS.values():
        return replace(machine, action="NONE", stage="up", stage_at_s=now_s, status=STANDBY_STATUSES[machine.target])
    if machine.action == "RECREATING":
        return replace(machine, stage="asked", stage_at_s=now_s, status="", id="", built="", life=machine.life + 1)
    return replace(machine, stage="staging", stage_at_s=now_s, status="STAGING", built=machine.intended.template)


def _create(machine: Machine, now_s: float, error: str) -> Machine:
    behaviour = machine.behaviour
    own = behaviour.create_error if machine.failures < (behaviour.create_error_times or NEVER) else ""
    code = error or own
    if not code:
        return replace(
            machine, stage="provisioning", stage_at_s=now_s, status="PROVISIONING", built=machine.intended.template,
            id=instance_id(machine.zone, machine.name, machine.created_at_s, machine.life),
        )  # fmt: skip
    attempt = Attempt(now_s, code, machine.action, error_message(code, machine.name, machine.zone))
    return replace(machine, stage_at_s=now_s, failures=machine.failures + 1, attempts=(*machine.attempts, attempt)[-5:])


def _watch(machine: Machine, check: Check | None, tie: Tie | None, now_s: float) -> Machine:
    """Follow a machine that was started: what the check says of it, and whether it still runs."""
    if machine.status == "TERMINATED":
        restarted = begin(machine, "RECREATING", now_s)
        return replace(restarted, repairs=machine.repairs + 1)
    if machine.status != "RUNNING":
        return replace(machine, status="TERMINATED", stage_at_s=now_s)
    if check is None:
        return replace(machine, action="NONE", stage_at_s=now_s)
    verdict = health_now(machine, check, tie, now_s)
    if verdict == "HEALTHY":
        return replace(machine, action="NONE", was_available=True, stage_at_s=now_s)
    if check.repairs and now_s >= _repair_at(machine, check, tie, now_s):
        return replace(begin(machine, "RECREATING", now_s), repairs=machine.repairs + 1)
    return replace(machine, stage_at_s=now_s)


def _verdicts_due(machine: Machine, check: Check, tie: Tie | None, now_s: float) -> list[float]:
    """Moments at which a watched machine changes: its verdict, and the repair that follows from it."""
    moments = [at_s for at_s, _ in verdicts(machine.running_at_s, machine.behaviour, check, tie) if at_s > now_s]
    verdict = health_now(machine, check, tie, now_s)
    if verdict == "HEALTHY" and machine.action == "VERIFYING":
        moments.append(now_s)
    if verdict == "UNHEALTHY" and check.repairs:
        moments.append(_repair_at(machine, check, tie, now_s))
    return moments


def _repair_at(machine: Machine, check: Check, tie: Tie | None, now_s: float) -> float:
    """Failures inside the initial delay are ignored; a machine that is unhealthy after it is recreated."""
    if health_now(machine, check, tie, now_s) != "UNHEALTHY":
        return NEVER
    return max(machine.running_at_s + check.initial_delay_s, machine.running_at_s)


def _stage_s(machine: Machine) -> float:
    behaviour = machine.behaviour
    if machine.is_going:
        return behaviour.delete_s if machine.action == "DELETING" and machine.id else ABANDON_S
    if machine.action == "REFRESHING":
        return REFRESH_S
    if machine.stage == "waiting":
        return max(0.0, machine.standby_from_s - machine.stage_at_s)
    if machine.stage == "asked":
        return behaviour.create_s if not machine.failures else min(RETRY_S * 2 ** (machine.failures - 1), 300.0)
    if machine.stage == "stopping":
        return behaviour.delete_s if machine.action == "RECREATING" else behaviour.stop_s
    return behaviour.boot_s / 2
