"""What Compute Engine continues to do after a process stopped driving a rollout."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.documents.group_state import Group, Version
from deploy.group.unattended_rollout import unattended_rollout
from tests.support.emulator import SEED_TEMPLATE as SEED
from tests.unit.deploy.test_cases import observed
from tests.unit.deploy.values import digest


def settled(**changes: Any) -> Group:
    """Return a settled group of three instances, with changes of its fields."""
    return replace(observed({}).group, **changes)


def test_report_of_an_unattended_rollout() -> None:
    """The text names the instances that Compute Engine still replaces, or says that the group is unchanged."""
    seed = Version(SEED)
    name = f"deploy/{digest('a')[7:19]}/run1/20261123T150000Z/3600s"
    new = Version("new", name)
    group = settled(versions=(new,))
    assert unattended_rollout(group, new, seed, is_patched=False) == (
        (
            "Compute Engine continues with 'new': it replaces 3 more instances, with time until 16:00:00 UTC,"
            " and no process would roll back a failure."
        ),
        True,
    )
    serving = settled().versions[0]
    assert unattended_rollout(settled(), new, serving, is_patched=True) == (
        f"The target version of the group is '{SEED}', and the group has no instance left to replace.",
        True,
    )
    unchanged = "The group is unchanged, and continues to serve."
    assert unattended_rollout(settled(), new, serving, is_patched=False) == (unchanged, False)


@pytest.mark.parametrize(
    ("outdated", "size", "work"),
    [
        (0, 3, "it has no instance left to replace, and"),
        (1, 3, "it replaces 1 more instance, and"),
        (2, 3, "it replaces 2 more instances, and"),
    ],
)
def test_instances_that_are_left_are_counted(outdated: int, size: int, work: str) -> None:
    """A version name of another client has no deadline, and one instance is no plural."""
    serving, new = settled().versions[0], Version("new", "canary")
    instances = settled().instances
    rows = (*instances[:outdated], *(replace(row, version=new) for row in instances[outdated:]))
    text, is_applied = unattended_rollout(settled(versions=(new,), instances=rows), new, serving, is_patched=True)
    assert (f": {work} no process" in text, is_applied) == (True, True)


def test_group_without_instances_or_versions_is_reported() -> None:
    """A group of size 0 serves nothing, and a group without a version was not changed by this process."""
    new, serving = Version("new"), settled().versions[0]
    empty = settled(target_size=0, instances=())
    assert unattended_rollout(empty, new, serving, is_patched=False) == (
        "The group is unchanged, and has no instances.",
        False,
    )
    unchanged = ("The group is unchanged, and continues to serve.", False)
    assert unattended_rollout(settled(versions=()), new, serving, is_patched=True) == unchanged


def test_canary_that_is_left_is_named_with_its_share() -> None:
    """A canary stays as it is without a process; one of another rollout, or before an abort, is unchanged."""
    old, new = settled().versions[0], Version("new", f"deploy/{digest('a')[7:19]}/run1/20261123T150000Z/steps")
    raw = {"versions": [{}, {"targetSize": {"fixed": 1}}]}
    group = settled(versions=(old, new), raw=raw)
    left = (
        f"'new' is a canary on 1 of 3 instances beside '{SEED}', and no process would go on with it, or roll back a"
        " failure."
    )
    assert unattended_rollout(group, new, old, is_patched=True) == (left, True)
    assert unattended_rollout(group, new, old, is_patched=False) == (left, True)
    unchanged = ("The group is unchanged, and continues to serve.", False)
    assert unattended_rollout(group, old, new, is_patched=False) == unchanged
