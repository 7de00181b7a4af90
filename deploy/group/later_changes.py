"""What was changed in a group after it was patched, and keeps a rollout from ending well; pure."""

from collections.abc import Mapping
from typing import Any, Final

from deploy.group import update_policy

_MEMBERS: Final = ("autoHealingPolicies", "allInstancesConfig", "statefulPolicy", "instanceLifecyclePolicy")


def changes_since_patch(patched: Mapping[str, Any] | None, group: Mapping[str, Any] | None) -> tuple[str, ...]:
    """
    Return the settings that differ from those that a PATCH left, one phrase each; no value of a metadata entry.

    Args:
        patched: The group's document as the PATCH left it; None if this process made none.
        group: The document at the last poll; None if there was none.
    """
    if patched is None or group is None:
        return ()
    before, after = (update_policy.policy_values(document.get("updatePolicy") or {}) for document in (patched, group))
    changed = [
        f"updatePolicy.{key} was changed from {before[key]} to {after[key]}"
        for key in before
        if before[key] != after[key]
    ]
    for member in _MEMBERS:
        old, new = patched.get(member) or None, group.get(member) or None
        if old != new:
            changed.append(f"{member} was {'added' if old is None else 'removed' if new is None else 'changed'}")
    return tuple(changed)
