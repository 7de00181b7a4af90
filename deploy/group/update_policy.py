"""The update policy that a rollout sets in full, because a PATCH keeps the value of every member that it leaves out."""

from typing import Any, Final

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
    expected, current = policy_values(rollout_policy(settings)), policy_values(policy)
    surge = current["maxSurge"]
    return isinstance(surge, int) and surge > settings.surge and {**expected, "maxSurge": surge} == current


def policy_values(policy: Document) -> dict[str, Any]:
    """Return the values of the members that a rollout sets: a percentage as text, an absent value as None."""
    values: dict[str, Any] = {
        key: policy.get(key) for key in rollout_policy(RolloutSettings()) if key not in _INSTANCE_COUNTS
    }
    for key in _INSTANCE_COUNTS:
        count = policy.get(key) or {}
        values[key] = f"{count['percent']} %" if count.get("percent") is not None else count.get("fixed")
    return values
