"""The update policy that a rollout sets in full, because a PATCH keeps the value of every member that it leaves out."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from deploy.documents.group_state import Group
from deploy.documents.instance_count import InstanceCount
from deploy.documents.resource import Document
from deploy.rollout_settings import RolloutSettings

_INSTANCE_COUNTS: Final = ("maxSurge", "maxUnavailable")
# Target size from which surge and unavailable may be percentages. Source: reference of the Compute Engine API, "if the
# group has 10 or more instances"; terraform-provider-google says it of regional groups; read on 2026-11-27.
PERCENT_FROM: Final = 10


def rollout_policy(settings: RolloutSettings, zones: int, surge: int | None = None) -> Document:
    """
    Return the update policy of a rollout.

    The policy has no `instanceRedistributionType`, so that a PATCH keeps the value of a regional group.

    Args:
        settings: rollout settings of the environment file.
        zones: number of the group's zones.
        surge: instances above the target size; None for the settings' surge.
    """
    return {
        "type": "PROACTIVE",
        "minimalAction": "REPLACE",
        "mostDisruptiveAllowedAction": "REPLACE",
        "replacementMethod": settings.method,
        "maxSurge": (settings.surge_in(zones) if surge is None else InstanceCount(surge)).document(),
        "maxUnavailable": settings.unavailable_count.document(),
    }


def accepted_policy(settings: RolloutSettings, group: Group, surge: int | None = None) -> Document:
    """
    Return the update policy of a rollout in numbers that Compute Engine accepts at a group's size and in its zones.

    A group may have shrunk since a rollout began: below ten instances a percentage is the number that it stands for. A
    number between 0 and the number of zones is raised to that; preflight refuses it before a rollout.

    Args:
        settings: rollout settings of the environment file.
        group: the group.
        surge: instances above the target size; None for the settings' surge.
    """
    zones, size = len(group.zones), group.target_size
    policy = rollout_policy(settings, zones, surge)
    counts = {key: InstanceCount.parse(_number_of_instances(policy[key]) or 0) for key in _INSTANCE_COUNTS}
    return policy | {key: _accepted_count(count, zones, size).document() for key, count in counts.items()}


def _accepted_count(count: InstanceCount, zones: int, size: int) -> InstanceCount:
    if count.is_percent and size >= PERCENT_FROM:
        return count
    return InstanceCount(max(count.instances(size), zones, 1) if count.number else 0)


def largest_surge(settings: RolloutSettings, zones: int, target_size: int, room: int | None) -> int | None:
    """
    Return the surge of a rollback, or of a rollout with `surge: auto`: every instance at once, as far as the quota has
    room.

    Args:
        settings: rollout settings of the environment file.
        zones: number of the group's zones; a fixed surge is 0 or at least so many.
        target_size: target size of the group.
        room: instances above the target size that the quota allows; None if the quota is unknown.

    Returns:
        Number of instances; None to keep the surge of the environment file.
    """
    usual = settings.surge_in(zones).instances(target_size)
    possible = min(target_size, usual if room is None else room)
    if settings.method == "RECREATE" or possible <= usual or possible < zones:
        return None
    return possible


def has_larger_surge(settings: RolloutSettings, group: Group) -> bool:
    """Return whether a group's policy is that of the environment file, but for the larger surge of a rollout."""
    differences = differing_values(settings, group)
    surge, _ = differences.get("maxSurge", (None, None))
    usual = settings.surge_in(len(group.zones)).instances(group.target_size)
    return differences.keys() == {"maxSurge"} and isinstance(surge, int) and surge > usual


def kept_settings(group: Group) -> RolloutSettings:
    """Return the rollout settings that keep a group's policy; the defaults if an environment file can't express it."""
    values = policy_values(group.raw.get("updatePolicy") or {})
    kept = {"method": values["replacementMethod"], "surge": values["maxSurge"], "unavailable": values["maxUnavailable"]}
    try:
        settings = RolloutSettings(**{key: value for key, value in kept.items() if value is not None})
        usual = settings.model_copy(update={"surge": None})
        return usual if usual.surge_in(len(group.zones)) == settings.surge_in(len(group.zones)) else settings
    except ValidationError:
        return RolloutSettings()


def differing_values(settings: RolloutSettings, group: Group) -> dict[str, tuple[Any, Any]]:
    """
    Return the members of a group's policy that differ from the environment file, with both values.

    Below ten instances, the number that a percentage of the file stands for is no difference.

    A policy without `mostDisruptiveAllowedAction` allows every action, as one with REPLACE does (a public recording of
    a group that Terraform made; emulator/FIDELITY.md).

    Args:
        settings: rollout settings of the environment file.
        group: the group.
    """
    current = policy_values({"mostDisruptiveAllowedAction": "REPLACE", **(group.raw.get("updatePolicy") or {})})
    expected = policy_values(rollout_policy(settings, len(group.zones)))
    accepted = policy_values(accepted_policy(settings, group))
    return {
        key: (current[key], expected[key]) for key in expected if current[key] not in (expected[key], accepted[key])
    }


def differences_text(differences: Mapping[str, tuple[Any, Any]]) -> str:
    """Return differing values in a phrase, such as `maxSurge 3, not 1`."""
    return ", ".join(f"{key} {current}, not {expected}" for key, (current, expected) in differences.items())


def policy_values(policy: Document) -> dict[str, Any]:
    """
    Return the values of the members that a rollout sets: a percentage as text, an absent member as None.

    A number of instances that has neither `fixed` nor `percent` is 0, a value that JSON of Google's APIs may leave out.
    """
    values: dict[str, Any] = {
        key: policy.get(key) for key in rollout_policy(RolloutSettings(), zones=1) if key not in _INSTANCE_COUNTS
    }
    return values | {key: _number_of_instances(policy.get(key)) for key in _INSTANCE_COUNTS}


def _number_of_instances(count: Document | None) -> int | str | None:
    if count is None:
        return None
    return f"{count['percent']}%" if count.get("percent") is not None else count.get("fixed") or 0
