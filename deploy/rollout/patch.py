"""The PATCH that gives a group its target version and update policy, fenced by the group's fingerprint."""

from dataclasses import dataclass
from typing import Final

from deploy.compute_engine.client import Compute
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.config import Config
from deploy.documents.group_state import Version, parse_group
from deploy.documents.resource import Document
from deploy.errors import CloudError, NotAllowedError, RefusedError, SupersededError
from deploy.group import update_policy
from deploy.group.preflight import refuse_group_settings
from deploy.retry import read_despite_404
from deploy.rollout.write_errors import refused, unknown, untold

_FENCED: Final = 412
_NOT_FOUND_S: Final = 90.0
_FENCED_TIMES: Final = 20


@dataclass(frozen=True)
class Patched:
    """
    What a PATCH left.

    Args:
        replaced: Fingerprint that the group had before; empty if the group had the version and policy already.
        document: The group's document with the policy that the PATCH set.
    """

    replaced: str
    document: Document


def patch_group(
    compute: Compute,
    config: Config,
    version: Version,
    before: Version,
    surge: int | None = None,
    *,
    planned: str | None = None,
) -> Patched:
    """
    Patch a group to a version, if the group has the version that the plan was made for.

    Args:
        compute: API of the project.
        config: Names and policy.
        version: The target version.
        before: What the group has in the plan.
        surge: Instances above the target size instead of the environment's.
        planned: Fingerprint of the group that preflight checked: another one is checked again. None for an automatic
            rollback, which is made in any case: nothing better is left to do.

    Raises:
        SupersededError: The group has neither version.
        RefusedError: What preflight refuses was set since; the group is unchanged.
        DeployError: The PATCH was refused, or its outcome can't be read.
    """
    wanted = update_policy.rollout_policy(config.rollout, surge)
    managed = ManagedGroup(compute, config.zone, config.group)
    for _ in range(_FENCED_TIMES):
        document = _read_group(compute, config, managed)
        versions = parse_group(document, ()).versions
        is_ours = versions == (version,) and version != before and planned is not None
        is_there = versions == (version,) and update_policy.policy_values(
            document.get("updatePolicy") or {}
        ) == update_policy.policy_values(wanted)
        if is_ours or is_there:
            # A policy that was edited after our write took effect is left alone, and named if the rollout fails.
            return Patched("", {**document, "updatePolicy": wanted})
        if versions not in ((before,), (version,)):
            raise SupersededError(
                f"group '{config.group}': somebody else deployed meanwhile: {_shown(versions)}.", "see status"
            )
        if planned not in (None, document["fingerprint"]):
            _refuse(compute, config, managed, document)
        try:
            outcome = managed.patch(_body(document, version, wanted))
        except (CloudError, NotAllowedError) as error:
            if isinstance(error, CloudError) and error.status == _FENCED:
                compute.time.sleep(1.0)
                continue
            outcome = refused(error)
        if outcome.state == "failed" and not _has_version(config, managed, version, outcome.text):
            raise untold(compute, config, f"group '{config.group}' was not told: {outcome.text}", outcome.code)
        return Patched(str(document["fingerprint"]), {**document, "updatePolicy": wanted})
    late = f"group '{config.group}' was not told: each of {_FENCED_TIMES} writes came after somebody else's"
    raise untold(compute, config, late, "")


def _refuse(compute: Compute, config: Config, managed: ManagedGroup, document: Document) -> None:
    """Check the preconditions on the document that is about to be patched: it may be another one than preflight's."""
    found = parse_group(document, ())
    try:
        refuse_group_settings(config, found, managed.get_health_check(document))
    except RefusedError as error:
        text = f"{error.message.rstrip('.')}, and was not when this rollout was planned. The group was told nothing."
        raise RefusedError(text, error.fix) from error
    except (CloudError, NotAllowedError) as error:
        what = f"group '{config.group}' was not told: its health check can't be read: {error.message}"
        raise untold(compute, config, what, refused(error).code) from error


def _read_group(compute: Compute, config: Config, managed: ManagedGroup) -> Document:
    """Read the group's document; a 404 is read again like any other read error, because a single one is no proof."""
    try:
        return read_despite_404(managed.get, compute.time, _NOT_FOUND_S)
    except (CloudError, NotAllowedError) as error:
        what = f"group '{config.group}' was not told: it can't be read: {error.message}"
        raise untold(compute, config, what, refused(error).code) from error


def _body(document: Document, version: Version, wanted: Document) -> Document:
    return {
        "fingerprint": document["fingerprint"],
        "versions": [{"instanceTemplate": version.link} | ({"name": version.name} if version.name else {})],
        "updatePolicy": wanted,
    }


def _has_version(config: Config, managed: ManagedGroup, version: Version, why: str) -> bool:
    """Return whether a PATCH that failed took effect all the same: the group itself shows that."""
    try:
        return parse_group(managed.get(), ()).versions == (version,)
    except (CloudError, NotAllowedError) as error:
        raise unknown(config, why, error) from error


def _shown(versions: tuple[Version, ...]) -> str:
    return ", ".join(f"'{version.template}' {version.name}".strip() for version in versions) or "none"
