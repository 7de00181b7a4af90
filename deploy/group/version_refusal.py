"""The refusal of a group with two versions: pure."""

from typing import Any, Final

from deploy.config import Config
from deploy.documents.canary import canary_of
from deploy.documents.group_state import Group
from deploy.documents.resource import region_of
from deploy.errors import RefusedError
from deploy.group.gcloud_commands import group_command
from deploy.group.observation import Observation
from deploy.group.step_rollout import is_own_canary, lost_step_reason

ABORT: Final = "run `abort` to restore the version beside the canary"


def versions_refusal(config: Config, group: Group) -> RefusedError:
    """Return the refusal of a group that is not set to one version, with the commands that leave it one."""
    where, canary = f"group '{config.group}'", canary_of(group)
    if canary is not None and is_own_canary(group):
        return RefusedError(
            f"{where}: is in a rollout with steps: '{canary.new.template}' is a canary beside '{canary.old.template}'.",
            "run `promote` to go on with the canary, or `abort` to restore the other",
        )
    names = ", ".join(f"'{version.template}'" for version in group.versions) or "none"
    return RefusedError(f"{where}: has {len(group.versions)} versions: {names}.", _leave_one_version(config, group))


def refuse_lost_step(config: Config, observed: Observation) -> None:
    """
    Refuse to go on with a canary of `deploy` that is at no step of its release; `abort` alone needs no step.

    Raises:
        RefusedError: the group has such a canary.
    """
    reason = lost_step_reason(observed)
    if reason:
        raise RefusedError(f"group '{config.group}': {reason}.", ABORT)


def no_canary(config: Config, group: Group, verb: str) -> RefusedError:
    """Return the refusal of a verb for a group without a canary of `deploy`."""
    names = " and ".join(f"'{version.template}'" for version in group.versions) or "no version"
    return RefusedError(
        f"{verb}: group '{config.group}' has no canary of a rollout with steps: it is set to {names}.",
        "see `status`: after an abort nothing is left to do, and `rollback` would restore the release before"
        if verb == "abort" and len(group.versions) == 1
        else "run `reconcile` if a rollout was interrupted, or else see `status`",
    )


def _leave_one_version(config: Config, group: Group) -> str:
    """Return how to leave the group one version: the version that has every instance without a target of its own."""
    entries: list[dict[str, Any]] = group.raw.get("versions") or []
    # gcloud reads a name as the name of a global template of the project.
    templates = [
        version.link if region_of(version.link) else version.template
        for version, entry in zip(group.versions, entries, strict=False)
        if not {"fixed", "percent"} & (entry.get("targetSize") or {}).keys()
    ]
    if not templates:
        return "set its instance template"
    command = group_command(config, "rolling-action start-update", "--version", f"template={templates[0]}")
    return f"run '{command}' to keep that version"
