"""
The cleanup policies of the image repository, as its files state them, and what they delete of a list of versions.

Sources, read on 2026-11-27: Artifact Registry, "Cleanup policy overview" (a version is deleted if a DELETE policy
matches and no KEEP policy; a policy keeps the most recent versions of each package); a manifest that an index lists is
not deleted before the index, GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE (GoogleCloudPlatform/gcr-cleaner issue 118,
2022-11-07).
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import hcl2

from policy.running import ROOT

_MODULES: Final = ROOT / "iac/modules"
_TERM: Final = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True)
class Version:
    """
    A version of one image in the repository.

    Args:
        digest: digest of the manifest.
        tags: tags that point to it.
        age_s: seconds since its upload.
        children: digests of the manifests that an index lists.
    """

    digest: str
    tags: tuple[str, ...]
    age_s: float
    children: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    """
    A cleanup policy.

    Args:
        action: DELETE or KEEP.
        tag_state: TAGGED, UNTAGGED or ANY; empty for a policy about the newest versions.
        older_than_s: least age in seconds.
        keep_count: number of the newest versions; 0 for a policy with a condition.
    """

    action: str
    tag_state: str
    older_than_s: float
    keep_count: int

    def matches(self, version: Version, newer: int) -> bool:
        """Return whether the policy is about a version, of which so many versions are newer."""
        if self.keep_count:
            return newer < self.keep_count
        states = ("ANY", "TAGGED" if version.tags else "UNTAGGED")
        return self.tag_state in states and version.age_s > self.older_than_s


def stated_policies() -> tuple[Policy, ...]:
    """
    Return the policies of modules/artifact-registry, with the arguments that the fleet gives and the defaults.

    Raises:
        ValueError: a policy has a condition that `deleted` does not evaluate
    """
    module = _parsed("artifact-registry/main.tf")
    (repository,) = (
        body["this"] for block in module["resource"] for kind, body in block.items() if kind.endswith("_repository")
    )
    values = _values()
    return tuple(_policy(policy, values) for policy in repository["cleanup_policies"])


def deleted(policies: Sequence[Policy], versions: Sequence[Version]) -> set[str]:
    """Return the digests that the policies delete, once they are applied to the versions of one image."""
    by_age = sorted(versions, key=lambda version: version.age_s)
    gone = {version.digest for newer, version in enumerate(by_age) if _is_deleted(policies, version, newer)}
    while True:
        held = {child for version in versions if version.digest not in gone for child in version.children}
        if gone.isdisjoint(held):
            return gone
        gone -= held


def _is_deleted(policies: Sequence[Policy], version: Version, newer: int) -> bool:
    actions = {policy.action for policy in policies if policy.matches(version, newer)}
    return actions == {"DELETE"}


def _policy(body: Mapping[str, Any], values: Mapping[str, Any]) -> Policy:
    (action,) = body["action"]
    if "most_recent_versions" in body:
        (newest,) = body["most_recent_versions"]
        return Policy(action, "", 0, int(_number(newest["keep_count"][0], values)))
    (condition,) = body["condition"]
    unknown = condition.keys() - {"tag_state", "older_than"}
    if unknown:
        raise ValueError(f"policy/cleanup.py evaluates no {', '.join(sorted(unknown))}")
    (age,) = condition.get("older_than", ["0s"])
    return Policy(action, condition["tag_state"][0], _number(age.removesuffix("s"), values), 0)


def _number(text: Any, values: Mapping[str, Any]) -> float:
    """Return a number, or the product of numbers and variables such as `${var.untagged_days * 24}`."""
    term = _TERM.fullmatch(str(text))
    factors = (term[1] if term else str(text)).split("*")
    return math.prod(float(values.get(factor.strip().removeprefix("var."), factor)) for factor in factors)


def _values() -> dict[str, Any]:
    """Return the variables of the module: the defaults, and what the fleet gives."""
    defaults = {
        name: body["default"][0]
        for block in _parsed("artifact-registry/variables.tf")["variable"]
        for name, body in block.items()
        if "default" in body
    }
    calls = [block["registry"] for block in _parsed("fleet/main.tf")["module"] if "registry" in block]
    (call,) = calls
    return defaults | {name: value[0] for name, value in call.items() if name in defaults}


def _parsed(path: str) -> Any:
    return hcl2.loads((_MODULES / path).read_text())
