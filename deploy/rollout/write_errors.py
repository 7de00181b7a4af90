"""The errors of a write that never came to be: the group was told nothing, so no release failed or was rolled back."""

from deploy.compute_engine.answers import QUOTA_EXCEEDED
from deploy.compute_engine.client import Compute
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.compute_engine.operations import OperationResult
from deploy.config import Config
from deploy.errors import CapacityError, CloudError, DeployError, NotAllowedError, NotRestoredError, RefusedError
from deploy.group.health import CAPACITY_CODES, is_empty, is_idle

_FORBIDDEN = "FORBIDDEN"  # ours, for an answer of 401 or 403
# Codes of operations that a permission mends. Source: Compute Engine's errors of templates with a service account.
_NO_PERMISSION = frozenset({_FORBIDDEN, "403", "PERMISSIONS_ERROR", "SERVICE_ACCOUNT_ACCESS_DENIED"})


def refused(error: CloudError | NotAllowedError) -> OperationResult:
    """Return what an answer that refuses a write makes of it, until somebody has read what is there."""
    return OperationResult("failed", error.reason if isinstance(error, CloudError) else _FORBIDDEN, error.message)


def untold(compute: Compute, config: Config, text: str, code: str) -> DeployError:
    """
    Return the error of a write that never came to be: the group is as it was, and that may not be well.

    Args:
        compute: API of the project.
        config: Names.
        text: What was refused and why, without a full stop.
        code: Google's.
    """
    is_well = False
    try:
        group = ManagedGroup(compute, config.zone, config.group).read()
        is_well = is_idle(group)
        serves = "The group has no instances" if is_empty(group) else "What served before serves"
        how = serves if is_well else "The group was not settled before, and is not now"
    except DeployError:
        how = "How it is now can't be read"
    if is_well and (code in CAPACITY_CODES or code == QUOTA_EXCEEDED):
        return CapacityError(f"{text}. {how}.", "raise that quota, or wait for capacity")
    said = f"{text}. The group was told nothing. {how}."
    if code in _NO_PERMISSION:
        return NotAllowedError(said, "give the deployer's account that permission, or other credentials")
    return RefusedError(said, "mend what was refused, and deploy again" + ("" if is_well else ", or run reconcile"))


def unknown(config: Config, text: str, error: DeployError) -> DeployError:
    """Return the error of a write of which nobody can read whether it came to be."""
    said = f"group '{config.group}': {text}, and whether it was told can't be read: {error.message.rstrip('.')}"
    return NotRestoredError(f"{said}.", "run reconcile")
