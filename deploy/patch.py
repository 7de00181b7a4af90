"""The PATCH that gives a group its target version and update policy, fenced by the group's fingerprint."""

from typing import Final

from deploy import policy
from deploy.compute import Compute, Document
from deploy.config import Config
from deploy.errors import CloudError, NotAllowedError, SupersededError
from deploy.observed import Version, group
from deploy.untold import refused, unknown, untold

_FENCED: Final = 412
_FENCED_TIMES: Final = 20


def patch_group(compute: Compute, config: Config, version: Version, before: Version, surge: int | None = None) -> str:
    """
    Patch a group to a version, if the group has the version that the plan was made for.

    Args:
        compute: API of the project.
        config: Names and policy.
        version: The target version.
        before: What the group has in the plan.
        surge: Instances above the target size instead of the environment's.

    Returns:
        The fingerprint that the group had; empty if the group has that version and policy already.

    Raises:
        SupersededError: The group has neither version.
        DeployError: The PATCH was refused, or its outcome can't be read.
    """
    wanted = policy.wanted(config.rollout, surge)
    path = f"zones/{config.zone}/instanceGroupManagers/{config.group}"
    for _ in range(_FENCED_TIMES):
        document = compute.get(path)
        versions = group(document, ()).versions
        if versions == (version,) and policy.flat(document.get("updatePolicy") or {}) == policy.flat(wanted):
            return ""
        if versions not in ((before,), (version,)):
            raise SupersededError(
                f"group '{config.group}': somebody else deployed meanwhile: {_shown(versions)}.", "see status"
            )
        try:
            outcome = compute.wait(compute.write("PATCH", path, _body(document, version, wanted)))
        except (CloudError, NotAllowedError) as error:
            if isinstance(error, CloudError) and error.status == _FENCED:
                compute.time.sleep(1.0)
                continue
            outcome = refused(error)
        if outcome.state == "failed" and not _has_version(compute, config, path, version, outcome.text):
            raise untold(compute, config, f"group '{config.group}' was not told: {outcome.text}", outcome.code)
        return str(document["fingerprint"])
    late = f"group '{config.group}' was not told: each of {_FENCED_TIMES} writes came after somebody else's"
    raise untold(compute, config, late, "")


def _body(document: Document, version: Version, wanted: Document) -> Document:
    return {
        "fingerprint": document["fingerprint"],
        "versions": [{"instanceTemplate": version.link} | ({"name": version.name} if version.name else {})],
        "updatePolicy": wanted,
    }


def _has_version(compute: Compute, config: Config, path: str, version: Version, why: str) -> bool:
    """Return whether a PATCH that failed took effect all the same: the group itself shows that."""
    try:
        return group(compute.get(path), ()).versions == (version,)
    except (CloudError, NotAllowedError) as error:
        raise unknown(config, why, error) from error


def _shown(versions: tuple[Version, ...]) -> str:
    return ", ".join(f"'{version.template}' {version.name}".strip() for version in versions) or "none"
