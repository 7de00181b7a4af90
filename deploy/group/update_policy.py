"""The update policy that a rollout sets in full, because a PATCH keeps the value of every member that it leaves out."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from deploy.config import RolloutSettings
from deploy.documents.resource import Document

_INSTANCE_COUNTS: Final = ("maxSurge", "maxUnavailable")


def rollout_policy(settings: RolloutSettings, surge: int | None = None) -> Document:
    """
    Return the update policy of a rollout.

    Args:
        settings: rollout settings of the environment file.
        surge: instances above the target size; None for the settings' surge.
    """
    return {
        "type": "PROACTIVE",
        "minimalAction": "REPLACE",
        "mostDisruptiveAllowedAction": "REPLACE",
        "replacementMethod": settings.method,
        "maxSurge": _instance_count(settings.surge if surge is None else surge),
        "maxUnavailable": _instance_count(settings.unavailable),
    }


def _instance_count(count: int) -> Document:
    """Return a fixed number; a PATCH removes a percentage by null. Source: terraform-provider-google sends the same."""
    return {"fixed": count, "percent": None}


def rollback_surge(settings: RolloutSettings, target_size: int, room: int | None) -> int:
    """
    Return the surge of a rollback: every instance at once, as far as the quota has room.

    Args:
        settings: rollout settings of the environment file.
        target_size: target size of the group.
        room: instances above the target size that the quota allows; None if the quota is unknown.
    """
    return max(settings.surge, min(target_size, settings.surge if room is None else room))


def has_rollback_surge(settings: RolloutSettings, policy: Document) -> bool:
    """Return whether a policy is that of the environment file, but for the larger surge of a rollback."""
    differences = differing_values(settings, policy)
    surge, _ = differences.get("maxSurge", (None, None))
    return differences.keys() == {"maxSurge"} and isinstance(surge, int) and surge > settings.surge


def kept_settings(policy: Document) -> RolloutSettings:
    """Return the rollout settings that keep a group's policy; the defaults if an environment file can't express it."""
    values = policy_values(policy)
    kept = {"method": values["replacementMethod"], "surge": values["maxSurge"], "unavailable": values["maxUnavailable"]}
    try:
        return RolloutSettings(**{key: value for key, value in kept.items() if value is not None})
    except ValidationError:
        return RolloutSettings()


def differing_values(settings: RolloutSettings, policy: Document) -> dict[str, tuple[Any, Any]]:
    """Return the members of a policy that differ from the environment file, with the policy's and the file's value."""
    current, expected = policy_values(policy), policy_values(rollout_policy(settings))
    return {key: (current[key], expected[key]) for key in expected if current[key] != expected[key]}


def differences_text(differences: Mapping[str, tuple[Any, Any]]) -> str:
    """Return differing values in a phrase, such as `maxSurge 3, not 1`."""
    return ", ".join(f"{key} {current}, not {expected}" for key, (current, expected) in differences.items())


def policy_values(policy: Document) -> dict[str, Any]:
    """
    Return the values of the members that a rollout sets: a percentage as text, an absent member as None.

    A number of instances that has neither `fixed` nor `percent` is 0, a value that JSON of Google's APIs may leave out.
    """
    values: dict[str, Any] = {
        key: policy.get(key) for key in rollout_policy(RolloutSettings()) if key not in _INSTANCE_COUNTS
    }
    return values | {key: _number_of_instances(policy.get(key)) for key in _INSTANCE_COUNTS}


def _number_of_instances(count: Document | None) -> int | str | None:
    if count is None:
        return None
    return f"{count['percent']} %" if count.get("percent") is not None else count.get("fixed") or 0
