"""What a group says of itself: the flags exactly where Google's are, and one row for each machine."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

from emulator.environment.clock import timestamp
from emulator.environment.links import name_of, self_link
from emulator.group.attempts import Attempt
from emulator.group.health import NEVER
from emulator.group.instances import Machine, Version, health_now
from emulator.group.members import Group, Settings, Surroundings, living, outdated, outdated_standby

_ACTIONS: Final = {
    "NONE": "none",
    "CREATING": "creating",
    "CREATING_WITHOUT_RETRIES": "creatingWithoutRetries",
    "VERIFYING": "verifying",
    "RECREATING": "recreating",
    "DELETING": "deleting",
    "ABANDONING": "abandoning",
    "RESTARTING": "restarting",
    "REFRESHING": "refreshing",
    "STARTING": "starting",
    "STOPPING": "stopping",
    "SUSPENDING": "suspending",
    "RESUMING": "resuming",
}
_PHASES: Final = (
    "CREATING", "RECREATING", "RESTARTING", "REFRESHING", "VERIFYING", "STARTING", "RESUMING", "STOPPING", "SUSPENDING",
    "DELETING",
)  # fmt: skip
_LEAVING: Final = {"DELETING": "DELETED", "ABANDONING": "ABANDONED"}


def is_reached(group: Group, settings: Settings) -> bool:
    """Whether no machine that stays is meant to be of another version; says nothing about health."""
    return not outdated(group, settings) and not outdated_standby(group, settings)


def is_stable(group: Group, settings: Settings) -> bool:
    """Whether nothing happens and nothing is about to; a group that waits on an old version is stable as well."""
    return (
        group.decide_at_s == NEVER
        and len(group.machines) == settings.size + sum(settings.standby.sizes.values())
        and all(machine.action == "NONE" for machine in group.machines)
    )


def current_actions(group: Group) -> dict[str, int]:
    """
    Count machines by action; every counter is there.

    `none` leaves out suspended and stopped instances. Source: google-cloud-compute 1.57.0, "instances in the managed
    instance group that are running and have no scheduled actions".
    """
    counts = dict.fromkeys(_ACTIONS.values(), 0)
    for machine in group.machines:
        if not machine.is_ready:
            counts[_ACTIONS[machine.action]] += 1
    return counts


def phase(group: Group, settings: Settings) -> str:
    """Return one word for what a group is at: the furthest-back action, gap, or stable."""
    actions = {machine.action for machine in group.machines}
    for action in _PHASES:
        if action in actions:
            return action.lower()
    return "stable" if is_stable(group, settings) else "gap"


def group_status(document: Mapping[str, Any], group: Group, settings: Settings) -> dict[str, Any]:
    """Return `status` of an InstanceGroupManager."""
    stateful = bool(document.get("statefulPolicy", {}).get("preservedState", {}).get("disks"))
    return {
        "isStable": is_stable(group, settings),
        "versionTarget": {"isReached": is_reached(group, settings)},
        "stateful": {"hasStatefulConfig": stateful, "perInstanceConfigs": {"allEffective": True}},
        "allInstancesConfig": {
            "effective": all(one.config == settings.config for one in group.machines if not one.is_going),
            "currentRevision": str(int.from_bytes(blake2b(settings.config.encode(), digest_size=6).digest()))
            if settings.config
            else "0",
        },
    }


def managed_instance(
    project: str, machine: Machine, settings: Settings, around: Surroundings, now_s: float
) -> dict[str, Any]:
    """Return a row of `listManagedInstances`."""
    row: dict[str, Any] = {
        "name": machine.name,
        "instance": self_link(f"{project}/zones/{machine.zone}/instances/{machine.name}"),
        "currentAction": machine.action,
        "targetStatus": _LEAVING.get(machine.action, machine.target),
        "lastAttempt": {},
    }
    if machine.id:
        row |= {"id": machine.id, "instanceStatus": machine.status}
    if not machine.is_going:
        row["version"] = _version(machine.intended)
    if settings.check is not None and machine.running_at_s >= 0:
        verdict = health_now(machine, settings.check, around.tie(machine), now_s)
        row["instanceHealth"] = [{"healthCheck": self_link(settings.check.path), "detailedHealthState": verdict}]
    if machine.attempts:
        row["lastAttempt"] = {"errors": {"errors": [_error(machine.attempts[-1])]}}
    return row


def error_row(project: str, zone: str, name: str, attempt: Attempt, version: Version) -> dict[str, Any]:
    """Return a row of `listErrors`."""
    return {
        "error": {"code": attempt.code, "message": attempt.message},
        "instanceActionDetails": {
            "instance": self_link(f"{project}/zones/{zone}/instances/{name}"),
            "action": attempt.action,
            "version": _version(version),
        },
        "timestamp": timestamp(attempt.at_s),
    }


def snapshot(group: Group, settings: Settings, around: Surroundings) -> dict[str, Any]:
    """Return what the ledger keeps of a group after each change, and what the console draws."""
    machines = []
    for machine in group.machines:
        verdict = ""
        if settings.check is not None:
            verdict = health_now(machine, settings.check, around.tie(machine), group.at_s)
        machines.append(
            {
                "name": machine.name,
                "template": name_of(machine.intended.template),
                "version": machine.intended.name,
                "action": machine.action,
                "status": machine.status,
                "target": machine.target,
                "health": verdict,
                "available": machine.was_available and machine.status == "RUNNING",
                "repairs": machine.repairs,
                "error": machine.attempts[-1].code if machine.attempts else "",
            }
        )
    return {
        "target_size": settings.size,
        "surge": settings.surge,
        "unavailable": settings.unavailable,
        "versions": [
            {"template": name_of(target.version.template), "name": target.version.name, "size": target.size}
            for target in settings.targets
        ],
        "is_stable": is_stable(group, settings),
        "is_reached": is_reached(group, settings),
        "phase": phase(group, settings),
        "living": len(living(group)),
        "machines": machines,
    }


def _version(version: Version) -> dict[str, str]:
    return {"instanceTemplate": self_link(version.template)} | ({"name": version.name} if version.name else {})


def _error(attempt: Attempt) -> dict[str, Any]:
    return {
        "code": attempt.code,
        "message": attempt.message,
        "errorDetails": [{"localizedMessage": {"locale": "en-US", "message": attempt.message}}],
    }
