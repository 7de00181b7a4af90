"""
How one machine of a group comes up, becomes healthy, breaks and goes: pure, from one moment to the next.

A machine always knows when it will change next (`due`). `advance` takes it over that moment; nothing here reads a
clock. Actions and states are Google's (`ManagedInstance.currentAction`, `Instance.status`).
"""

from dataclasses import dataclass, replace
from hashlib import blake2b
from math import ceil
from typing import Final

NEVER: Final = float("inf")
# Actions that bring an instance up; VERIFYING follows each of them.
STARTING: Final = ("CREATING", "CREATING_WITHOUT_RETRIES", "RECREATING", "RESTARTING", "STARTING")
GOING: Final = ("DELETING", "ABANDONING")
RETRY_S: Final = 20.0  # after the first failed creation; then twice as long each time, up to five minutes
REFRESH_S: Final = 3.0
ABANDON_S: Final = 2.0


@dataclass(frozen=True)
class Version:
    """What a machine is to be: the canonical path of a template, and the name of a group's version."""

    template: str
    name: str = ""


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
    """The real container that stands behind a machine: whether it answers, and since when."""

    answers: bool
    since_s: float


@dataclass(frozen=True)
class Attempt:
    """A failed attempt to create or change a machine."""

    at_s: float
    code: str
    action: str
    message: str


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
        stage: How far the action is: stopping, asked, provisioning, staging, up.
        stage_at_s: When this stage began.
        status: Of the instance; empty until it exists.
        running_at_s: When it was last started; -1 while it is not RUNNING.
        life: How many instances it has been; each draws its behaviour anew.
        failures: Attempts of the present action that failed.
        attempts: The last of them.
        repairs: How often it was recreated because it was unhealthy or gone.
        was_available: RUNNING, and HEALTHY at least once in its present life if there is a check.
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

    @property
    def is_going(self) -> bool:
        """Whether it no longer counts as a member that lives."""
        return self.action in GOING


def health(machine: Machine, check: Check, tie: Tie | None) -> list[tuple[float, str]]:
    """
    Return when the check's verdict on a running machine changes, and to what, in order.

    Probes come every interval from the moment it runs. A verdict needs as many equal answers in a row as its
    threshold says; before the first, it is UNKNOWN.
    """
    if machine.running_at_s < 0:
        return []
    start = machine.running_at_s
    answers, silent = _answering(machine, tie)
    verdicts = [(start, "UNKNOWN")]
    first_unhealthy = start + check.interval_s * check.unhealthy_threshold
    healthy = _probe(start, answers, check.interval_s, check.healthy_threshold)
    if first_unhealthy < healthy:
        verdicts.append((first_unhealthy, "UNHEALTHY"))
    if healthy < NEVER and healthy <= silent:
        verdicts.append((healthy, "HEALTHY"))
    if silent < NEVER:
        verdicts.append((_probe(start, max(silent, start), check.interval_s, check.unhealthy_threshold), "UNHEALTHY"))
    return sorted(verdicts, key=lambda verdict: verdict[0])


def health_now(machine: Machine, check: Check, tie: Tie | None, now_s: float) -> str:
    """Return the check's verdict at a moment; empty while the machine does not run."""
    verdict = ""
    for at_s, state in health(machine, check, tie):
        if at_s <= now_s:
            verdict = state
    return verdict


def due(machine: Machine, check: Check | None, tie: Tie | None, now_s: float) -> float:
    """Return when the machine will change next, or NEVER; a moment that has passed is due at once."""
    if machine.action in ("VERIFYING", "NONE"):
        if machine.status == "TERMINATED":
            return machine.stage_at_s
        if machine.status != "RUNNING":
            return machine.stage_at_s + machine.behaviour.stop_s
        if check is None:
            return NEVER if machine.action == "NONE" else now_s
        if machine.action == "NONE" and machine.was_available and tie is None and _answers_for_good(machine):
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
    if machine.stage == "provisioning":
        return replace(machine, stage="staging", stage_at_s=now_s, status="STAGING")
    if machine.stage == "staging":
        return replace(
            machine, action="VERIFYING", stage="up", stage_at_s=now_s, status="RUNNING", running_at_s=now_s,
            was_available=check is None, failures=0,
        )  # fmt: skip
    if machine.action == "RECREATING":
        return replace(machine, stage="asked", stage_at_s=now_s, status="", id="", built="", life=machine.life + 1)
    return replace(machine, stage="staging", stage_at_s=now_s, status="STAGING", built=machine.intended.template)


def begin(machine: Machine, action: str, now_s: float, intended: Version | None = None) -> Machine:
    """Start an action on a machine: DELETING, ABANDONING, RECREATING, RESTARTING or REFRESHING."""
    started = replace(machine, action=action, intended=intended or machine.intended, stage_at_s=now_s, failures=0)
    if action == "REFRESHING":
        return replace(started, stage="up")
    exists = bool(machine.id)
    stopped = replace(
        started, running_at_s=-1.0, was_available=False, stage="stopping" if exists else "asked",
        status="STOPPING" if exists else "",
    )  # fmt: skip
    return replace(stopped, status=machine.status) if action == "ABANDONING" else stopped


def stop(machine: Machine, now_s: float) -> Machine:
    """Shut the instance down behind the group's back, as `instances.stop` does."""
    return replace(machine, status="STOPPING", running_at_s=-1.0, stage_at_s=now_s, was_available=False)


def _create(machine: Machine, now_s: float, error: str) -> Machine:
    behaviour = machine.behaviour
    own = behaviour.create_error if machine.failures < (behaviour.create_error_times or NEVER) else ""
    code = error or own
    if not code:
        return replace(
            machine, stage="provisioning", stage_at_s=now_s, status="PROVISIONING", built=machine.intended.template,
            id=instance_id(machine),
        )  # fmt: skip
    attempt = Attempt(now_s, code, machine.action, error_message(code, machine))
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
    moments = [at_s for at_s, _ in health(machine, check, tie) if at_s > now_s]
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


def _answers_for_good(machine: Machine) -> bool:
    return machine.behaviour.answer_s is not None and machine.behaviour.crash_after_s is None


def _answering(machine: Machine, tie: Tie | None) -> tuple[float, float]:
    """Return from when, and until when, the application answers."""
    running, behaviour = machine.running_at_s, machine.behaviour
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


def _stage_s(machine: Machine) -> float:
    behaviour = machine.behaviour
    if machine.action == "DELETING":
        return behaviour.delete_s if machine.id else ABANDON_S
    if machine.action == "ABANDONING":
        return ABANDON_S
    if machine.action == "REFRESHING":
        return REFRESH_S
    if machine.stage == "asked":
        return behaviour.create_s if not machine.failures else min(RETRY_S * 2 ** (machine.failures - 1), 300.0)
    if machine.stage == "stopping":
        return behaviour.delete_s if machine.action == "RECREATING" else behaviour.stop_s
    return behaviour.boot_s / 2


def instance_id(machine: Machine) -> str:
    """Return the numeric id of a machine's present instance; the same trace gives the same ids."""
    seed = f"{machine.zone}/{machine.name}/{machine.created_at_s}/{machine.life}"
    return str(10**18 + int.from_bytes(blake2b(seed.encode(), digest_size=7).digest()))


def error_message(code: str, machine: Machine) -> str:
    """Return what Compute Engine says beside a code; the texts are similar, not the same."""
    if code.startswith("ZONE_RESOURCE_POOL_EXHAUSTED"):
        return (
            f"The zone '{machine.zone}' does not have enough resources available to fulfill the request."
            " Try a different zone, or try again later."
        )
    if code == "QUOTA_EXCEEDED":
        return f"Quota 'INSTANCES' exceeded. Limit reached in region '{machine.zone.rpartition('-')[0]}'."
    return f"Instance '{machine.name}' creation failed: {code}"
