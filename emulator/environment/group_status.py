"""What the API shows of a group: its status flags and counters, and a row for each instance."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

from emulator.environment.clock import timestamp
from emulator.environment.links import name_of, project_of, self_link
from emulator.environment.location import Location
from emulator.group.attempts import Attempt
from emulator.group.boot_phases import boot_times
from emulator.group.conditions import Conditions
from emulator.group.instance_lifecycle import health_state
from emulator.group.instances import Instance, Version
from emulator.group.members import Group
from emulator.group.settings import Settings
from emulator.group.state import activity, is_reached, is_stable
from emulator.group.sums import Sums, sums_of

_COUNTERS: Final = {
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
_TARGET_STATUSES_WHEN_LEAVING: Final = {"DELETING": "DELETED", "ABANDONING": "ABANDONED"}


def current_actions(group: Group) -> dict[str, int]:
    """
    Return how many instances have each current action; every counter is present.

    `none` leaves out suspended and stopped instances. Source: google-cloud-compute 1.57.0, "instances in the managed
    instance group that are running and have no scheduled actions".
    """
    counts = dict.fromkeys(_COUNTERS.values(), 0)
    for instance in group.instances:
        if not instance.is_ready:
            counts[_COUNTERS[instance.action]] += 1
    return counts


def group_status(document: Mapping[str, Any], group: Group, settings: Settings) -> dict[str, Any]:
    """Return `status` of an InstanceGroupManager."""
    stateful = bool(document.get("statefulPolicy", {}).get("preservedState", {}).get("disks"))
    kept = [instance for instance in group.instances if not instance.is_leaving]
    config: dict[str, Any] = {"effective": all(instance.config == settings.config for instance in kept)}
    if settings.config:
        config["currentRevision"] = str(int.from_bytes(blake2b(settings.config.encode(), digest_size=6).digest()))
    return {
        "isStable": is_stable(group, settings),
        "versionTarget": {"isReached": is_reached(group, settings)},
        "stateful": {"hasStatefulConfig": stateful, "perInstanceConfigs": {"allEffective": True}},
        "allInstancesConfig": config,
    }


def managed_instance(
    project: str, instance: Instance, settings: Settings, conditions: Conditions, now_s: float
) -> dict[str, Any]:
    """Return a row of `listManagedInstances`."""
    row: dict[str, Any] = {
        "name": instance.name,
        "instance": self_link(f"{project}/zones/{instance.zone}/instances/{instance.name}"),
        "currentAction": instance.action,
        "targetStatus": _TARGET_STATUSES_WHEN_LEAVING.get(instance.action, instance.target),
        "lastAttempt": {},
    }
    if instance.id:
        row |= {"id": instance.id, "instanceStatus": instance.status}
    if not instance.is_leaving:
        row["version"] = _version(instance.intended)
    checks = [*([settings.health_check] if settings.health_check else []), *settings.balancer_checks]
    if checks and instance.running_at_s >= 0:
        container = conditions.container(instance)
        row["instanceHealth"] = [
            {
                "healthCheck": self_link(check.path),
                "detailedHealthState": health_state(instance, check, container, now_s),
            }
            for check in checks
        ]
    if instance.attempts:
        row["lastAttempt"] = {"errors": {"errors": [_error(instance.attempts[-1])]}}
    return row


def error_row(location: Location, name: str, attempt: Attempt, version: Version) -> dict[str, Any]:
    """Return a row of `listErrors` of a group in a location."""
    zone = attempt.zone or location.zones[0]
    return {
        "error": {"code": attempt.code, "message": attempt.message},
        "instanceActionDetails": {
            "instance": self_link(f"{project_of(location.scope)}/zones/{zone}/instances/{name}"),
            "action": attempt.action,
            "version": _version(version),
        },
        "timestamp": timestamp(attempt.at_s),
    }


def snapshot(group: Group, settings: Settings, conditions: Conditions) -> dict[str, Any]:
    """Return what the request log shows of a group after each change, and what the console draws."""
    rows = [instance_snapshot(instance, group, settings, conditions) for instance in group.instances]
    return group_snapshot(group, settings, sums_of(group.instances)) | {"instances": rows}


def group_snapshot(group: Group, settings: Settings, sums: Sums) -> dict[str, Any]:
    """Return a snapshot without the instances; `sums` are those of the group."""
    return {
        "target_size": settings.size,
        "surge": settings.surge,
        "unavailable": settings.unavailable,
        "versions": [
            {
                "template": name_of(target.version.template),
                "name": target.version.name,
                "size": target.size,
                "percent": target.percent,
            }
            for target in settings.targets
        ],
        "is_stable": is_stable(group, settings, sums),
        "is_reached": is_reached(group, settings, sums),
        "phase": activity(group, settings, sums),
        "living": sums.living.total(),
    }


def instance_snapshot(instance: Instance, group: Group, settings: Settings, conditions: Conditions) -> dict[str, Any]:
    """Return what a snapshot shows of an instance."""
    health = ""
    if settings.health_check is not None:
        health = health_state(instance, settings.health_check, conditions.container(instance), group.at_s)
    phases = boot_times(instance)
    return {
        "name": instance.name,
        "zone": instance.zone,
        "template": name_of(instance.intended.template),
        "version": instance.intended.name,
        "action": instance.action,
        "status": instance.status,
        "target": instance.target,
        "health": health,
        "available": instance.was_available and instance.status == "RUNNING",
        "repairs": instance.repairs,
        "error": instance.attempts[-1].code if instance.attempts else "",
    } | ({"phases": phases} if phases else {})


def _version(version: Version) -> dict[str, str]:
    return {"instanceTemplate": self_link(version.template)} | ({"name": version.name} if version.name else {})


def _error(attempt: Attempt) -> dict[str, Any]:
    return {
        "code": attempt.code,
        "message": attempt.message,
        "errorDetails": [{"localizedMessage": {"locale": "en-US", "message": attempt.message}}],
    }
