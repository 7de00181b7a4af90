"""Settings of a group that changed after its PATCH, which may be the cause of a failed rollout."""

from collections.abc import Mapping
from typing import Any, Final

from deploy.group import update_policy

_MEMBERS: Final = ("autoHealingPolicies", "allInstancesConfig", "statefulPolicy", "instanceLifecyclePolicy")


def changes_since_patch(patched: Mapping[str, Any] | None, latest: Mapping[str, Any] | None) -> tuple[str, ...]:
    """
    Return the settings that differ from those that a PATCH left, a phrase each, without values of metadata entries.

    Args:
        patched: the group's document as the PATCH left it; None if this process made no PATCH.
        latest: the group's document at the last poll; None if there was no poll.
    """
    if patched is None or latest is None:
        return ()
    before, after = (update_policy.policy_values(document.get("updatePolicy") or {}) for document in (patched, latest))
    changes = [
        f"updatePolicy.{key} was changed from {before[key]} to {after[key]}"
        for key in before
        if before[key] != after[key]
    ]
    for member in _MEMBERS:
        old, new = patched.get(member) or None, latest.get(member) or None
        if old != new:
            changes.append(f"{member} was {'added' if old is None else 'removed' if new is None else 'changed'}")
    return tuple(changes)
