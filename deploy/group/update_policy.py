"""The update policy that a rollout states in full: what is left out of a patch would keep the group's old value."""

from typing import Any, Final

from deploy.config import RolloutSettings
from deploy.documents.group_state import Document

_BUDGETS: Final = ("maxSurge", "maxUnavailable")


def rollout_policy(rollout: RolloutSettings, surge: int | None = None) -> Document:
    """
    Return the policy of a rollout.

    Args:
        rollout: Of the environment file.
        surge: Machines above the target size instead of the file's; a rollback's.
    """
    return {
        "type": "PROACTIVE",
        "minimalAction": "REPLACE",
        "mostDisruptiveAllowedAction": "REPLACE",
        "replacementMethod": rollout.method,
        "maxSurge": _machines(rollout.surge if surge is None else surge),
        "maxUnavailable": _machines(rollout.unavailable),
    }


def _machines(count: int) -> Document:
    """A patch merges, so a percentage is taken away by name. Source: terraform-provider-google sends the same."""
    return {"fixed": count, "percent": None}


def rollback_surge(rollout: RolloutSettings, target_size: int, room: int | None) -> int:
    """Return how many machines at once a rollback makes: all of them, as far as the quota is known to have room."""
    return max(rollout.surge, min(target_size, rollout.surge if room is None else room))


def policy_values(policy: Document) -> dict[str, Any]:
    """Return a policy by the paths that a rollout states; a percentage stands as such, an absent value as None."""
    found: dict[str, Any] = {key: policy.get(key) for key in rollout_policy(RolloutSettings()) if key not in _BUDGETS}
    for key in _BUDGETS:
        budget = policy.get(key) or {}
        found[key] = f"{budget['percent']} %" if budget.get("percent") is not None else budget.get("fixed")
    return found
