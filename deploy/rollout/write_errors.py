"""Errors for writes that never took effect: the group is unchanged."""

from deploy.compute_engine.answers import QUOTA_EXCEEDED
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.compute_engine.operations import OperationResult
from deploy.compute_engine.permissions import grant_fix
from deploy.errors import CapacityError, CloudError, DeployError, NotAllowedError, NotRestoredError, RefusedError
from deploy.group.health import CAPACITY_CODES, is_empty, is_idle

_FORBIDDEN = "FORBIDDEN"  # deploy's own code, for an answer of 401 or 403
# Codes of operations that lack a permission. Source: Compute Engine's errors of templates with a service account.
_NO_PERMISSION = frozenset({_FORBIDDEN, "403", "PERMISSIONS_ERROR", "SERVICE_ACCOUNT_ACCESS_DENIED"})


def refused_write(error: CloudError | NotAllowedError) -> OperationResult:
    """Return the result of a write that an answer refused, until the resource is read."""
    code = error.reason if isinstance(error, CloudError) else _FORBIDDEN
    return OperationResult("failed", code, error.message)


def permission_fix(operation: OperationResult) -> str:
    """Return the fix of an operation that lacked a permission; empty if it failed for another reason."""
    return grant_fix(operation.text) if operation.code in _NO_PERMISSION else ""


def unchanged_group_error(managed: ManagedGroup, text: str, code: str) -> DeployError:
    """
    Return the error for a write that never took effect, with the state of the group, which is read once more.

    Args:
        managed: the group.
        text: which write was refused and why, without a full stop.
        code: code of the operation's or answer's error.
    """
    is_idle_group = False
    try:
        group = managed.read()
        is_idle_group = is_idle(group)
        idle = "The group has no instances" if is_empty(group) else "The release before still serves"
        state = idle if is_idle_group else "The group was not settled before, and is not settled now"
    except DeployError:
        state = "The state of the group can't be read"
    if is_idle_group and (code in CAPACITY_CODES or code == QUOTA_EXCEEDED):
        return CapacityError(f"{text}. {state}.", "raise that quota, or wait for capacity")
    message = f"{text}. The group is unchanged. {state}."
    if code in _NO_PERMISSION:
        return NotAllowedError(message, grant_fix(text))
    fix = "correct what was refused, and deploy again"
    return RefusedError(message, fix if is_idle_group else f"{fix}, or run `reconcile`")


def unknown_group_error(group: str, text: str, error: DeployError) -> NotRestoredError:
    """
    Return the error for a write whose effect can't be read.

    Args:
        group: name of the group.
        text: which write failed and why, without a full stop.
        error: error of the read.
    """
    reason = error.message.rstrip(".")
    message = f"group '{group}': {text}, and whether the group was patched can't be read: {reason}."
    return NotRestoredError(message, "run `reconcile`")
