"""The PATCH that gives a group its target versions and update policy, fenced by the group's fingerprint."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from deploy.compute_engine.managed_group import ManagedGroup
from deploy.compute_engine.operations import OperationResult
from deploy.config import Config
from deploy.documents.canary import Canary, Target, target_of, version_entries
from deploy.documents.group_state import Version, parse_group
from deploy.documents.resource import Document
from deploy.errors import CloudError, NotAllowedError, RefusedError, SupersededError
from deploy.group import update_policy
from deploy.group.preflight import refuse_group_settings
from deploy.retry import read_despite_404
from deploy.rollout.write_errors import permission_fix, refused_write, unchanged_group_error, unknown_group_error

_FENCED: Final = 412
_NOT_FOUND_S: Final = 90.0
_MOST_WRITES: Final = 20


@dataclass(frozen=True)
class Patched:
    """
    What a PATCH left.

    Args:
        replaced: fingerprint of the group before the PATCH; empty if the group had the version and policy already.
        document: document of the group with the policy that the PATCH set.
        warnings: warnings of Compute Engine's operation.
    """

    replaced: str
    document: Document
    warnings: tuple[str, ...] = ()


def patch_group(
    managed: ManagedGroup,
    config: Config,
    target: Target,
    before: Target,
    *,
    surge: int | None = None,
    planned: str | None = None,
    image_entries: Collection[str] = (),
    is_rollback: bool = False,
) -> Patched:
    """
    Patch a group to a version, or to a canary beside a version, if the group is set to what the plan was made for.

    Args:
        managed: the group.
        config: names and rollout settings of the environment.
        target: what the group is to be set to.
        before: what the group is set to in the plan.
        surge: instances above the target size; None for the number in the environment file.
        planned: fingerprint of the group that preflight checked; a group with another fingerprint is checked again.
            None for an automatic rollback and for an abort, which are made without a check: there is no better action
            left.
        image_entries: metadata entries of the target's template that hold the image, for that check.
        is_rollback: whether an earlier release is restored, for that check.

    Raises:
        SupersededError: the group is set to neither.
        RefusedError: after the plan the group got a setting that preflight refuses, or a target size at which a canary
            would be the whole group; the group is unchanged.
        DeployError: Compute Engine refused the PATCH, or its effect can't be read.
    """
    for _ in range(_MOST_WRITES):
        document = _read_group(managed, config)
        policy = update_policy.accepted_policy(config.rollout, parse_group(document, ()), surge)
        current = _target_of(document)
        is_ours = current == target and target != before and planned is not None
        is_complete = current == target and _has_policy(document, policy)
        if is_ours or is_complete:
            # A policy that was edited after our write took effect is left alone, and named if the rollout fails.
            return Patched("", {**document, "updatePolicy": policy})
        if current is None or not (current in (before, target) or _is_aborted(current, before, target)):
            text = f"another process or client changed the group, which is now set to {_names(document)}"
            raise SupersededError(f"group '{config.group}': {text}.", "see `status`")
        if isinstance(target, Canary) and target.size.instances(size := int(document["targetSize"])) >= size:
            text = f"the target size is {size}, and a canary of {target.size} would be the whole group"
            raise RefusedError(f"group '{config.group}': {text}. The group is unchanged.", "run the command again")
        if planned not in (None, document["fingerprint"]):
            _refuse_changed_group(managed, config, document, current, image_entries, is_rollback=is_rollback)
        try:
            operation = managed.patch(_body(document, target, policy))
        except (CloudError, NotAllowedError) as error:
            if isinstance(error, CloudError) and error.status == _FENCED:
                managed.compute.time.sleep(1.0)
                continue
            operation = refused_write(error)
        if operation.state == "failed" and not _has_version(managed, config, target, operation.text):
            text = f"group '{config.group}' was not patched: {operation.text}"
            raise unchanged_group_error(managed, text, operation.code)
        return Patched(str(document["fingerprint"]), {**document, "updatePolicy": policy}, operation.warnings)
    late = (
        f"group '{config.group}' was not patched: another client changed the group before each of {_MOST_WRITES} writes"
    )
    raise unchanged_group_error(managed, late, "")


def _is_aborted(current: Target, before: Target, target: Target) -> bool:
    """Return whether a canary is aborted that another process has set to another step meanwhile."""
    if not (isinstance(current, Canary) and isinstance(before, Canary)):
        return False
    return target == before.old == current.old and before.new == current.new


def restore_policy(managed: ManagedGroup, config: Config, target: Version) -> tuple[str, tuple[str, ...]]:
    """
    Replace the surge of a rollout by that of the environment file, if the group still has the version.

    A policy that was edited otherwise is left as it is, and so is the group of another deploy. Only a PATCH that a
    stale fingerprint fenced off is repeated.

    Args:
        managed: the group.
        config: names and rollout settings of the environment.
        target: version that the rollout has brought to every instance.

    Returns:
        Fingerprint of the group before the PATCH, empty if none took effect; and warnings of Compute Engine's
        operation, or one with the reason why the policy was not restored.
    """
    for _ in range(_MOST_WRITES):
        try:
            document = read_despite_404(managed.get, managed.compute.time, _NOT_FOUND_S)
        except (CloudError, NotAllowedError) as error:
            return _not_restored(error.message, error.fix)
        if not _has_larger_surge(document, config, target):
            return "", _edited_policy(document, config, target)
        policy = update_policy.accepted_policy(config.rollout, parse_group(document, ()))
        try:
            operation = managed.patch({"fingerprint": document["fingerprint"], "updatePolicy": policy})
        except (CloudError, NotAllowedError) as error:
            if isinstance(error, CloudError) and error.status == _FENCED:
                managed.compute.time.sleep(1.0)
                continue
            return _unless_restored(managed, config, target, document, refused_write(error), error.fix)
        if operation.state != "done":
            return _unless_restored(managed, config, target, document, operation, permission_fix(operation))
        return str(document["fingerprint"]), operation.warnings
    return _not_restored(f"another client changed the group before each of {_MOST_WRITES} writes")


def _unless_restored(
    managed: ManagedGroup, config: Config, target: Version, document: Document, operation: OperationResult, fix: str
) -> tuple[str, tuple[str, ...]]:
    """Return the result of a PATCH whose operation is not done: the group itself shows whether it took effect."""
    try:
        is_restored = not _has_larger_surge(managed.get(), config, target)
    except (CloudError, NotAllowedError):
        is_restored = False
    return (str(document["fingerprint"]), ()) if is_restored else _not_restored(operation.text, fix)


def _has_larger_surge(document: Document, config: Config, target: Version) -> bool:
    group = parse_group(document, ())
    return group.versions == (target,) and update_policy.has_larger_surge(config.rollout, group)


def _edited_policy(document: Document, config: Config, target: Version) -> tuple[str, ...]:
    """Return a warning about a policy that another client has edited; none about the group of another deploy."""
    group = parse_group(document, ())
    differences = update_policy.differing_values(config.rollout, group)
    if not differences or group.versions != (target,):
        return ()
    text = update_policy.differences_text(differences)
    fix = "set the values of the environment file"
    return (f"the update policy was edited during the rollout, and stays: {text}. Fix: {fix}",)


def _not_restored(reason: str, fix: str = "") -> tuple[str, tuple[str, ...]]:
    text = f"the update policy still has the surge of the rollout: {reason.rstrip('.')}"
    return "", (f"{text}. Fix: {fix}, and run `reconcile`" if fix else f"{text}. Fix: run `reconcile`",)


def _refuse_changed_group(
    managed: ManagedGroup,
    config: Config,
    document: Document,
    current: Target,
    image_entries: Collection[str],
    *,
    is_rollback: bool,
) -> None:
    """Check the preconditions on the document that is about to be patched: preflight may have checked another one."""
    try:
        check = managed.get_health_check(document)
        group = parse_group(document, ())
        refuse_group_settings(config, group, check, image_entries, planned=current, is_rollback=is_rollback)
    except RefusedError as error:
        text = f"{error.message.rstrip('.')}, and was not when this rollout was planned. The group is unchanged."
        raise RefusedError(text, error.fix) from error
    except (CloudError, NotAllowedError) as error:
        text = f"group '{config.group}' was not patched: its health check can't be read: {error.message}"
        raise unchanged_group_error(managed, text, refused_write(error).code) from error


def _read_group(managed: ManagedGroup, config: Config) -> Document:
    """Read the group's document; a 404 is read again like any other read error, because a single 404 is no proof."""
    try:
        return read_despite_404(managed.get, managed.compute.time, _NOT_FOUND_S)
    except (CloudError, NotAllowedError) as error:
        text = f"group '{config.group}' was not patched: the group can't be read: {error.message}"
        raise unchanged_group_error(managed, text, refused_write(error).code) from error


def _has_policy(document: Document, policy: Document) -> bool:
    return update_policy.policy_values(document.get("updatePolicy") or {}) == update_policy.policy_values(policy)


def _body(document: Document, target: Target, policy: Document) -> Document:
    return {"fingerprint": document["fingerprint"], "versions": version_entries(target), "updatePolicy": policy}


def _target_of(document: Document) -> Target | None:
    return target_of(parse_group(document, ()))


def _has_version(managed: ManagedGroup, config: Config, target: Target, reason: str) -> bool:
    """Return whether a PATCH that failed took effect all the same: the group itself shows that."""
    try:
        return _target_of(managed.get()) == target
    except (CloudError, NotAllowedError) as error:
        raise unknown_group_error(config.group, reason, error) from error


def _names(document: Document) -> str:
    versions = parse_group(document, ()).versions
    return ", ".join(f"'{version.template}' {version.name}".strip() for version in versions)
