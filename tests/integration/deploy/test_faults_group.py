"""Faults F30 to F58 of docs/faults.md, those of groups and operators, as far as no other module tests them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deploy.compute_engine.permissions import REQUIRED_PERMISSIONS
from deploy.errors import (
    NotAllowedError,
    NotRestoredError,
    RolledBackError,
    SupersededError,
)
from deploy.rollout.deploy_plan import plan_deploy
from tests.integration.deploy.clients import Client
from tests.integration.deploy.faulty import inject_fault, rig_without_bake, set_instance_rule, set_quotas
from tests.unit.deploy.values import GROUP, REPOSITORY, digest

TEMPLATES = "projects/dojangkok-dev/global/instanceTemplates"
ZONE = "projects/dojangkok-dev/zones/asia-northeast3-a"


def test_f30_unknown_fields_are_copied() -> None:
    """A new template contains the fields of its base that this code does not define."""
    rig = rig_without_bake()
    seed = rig.emulator.environment.view.collections[TEMPLATES]["dojangkok-dev-ai-server-seed"]
    properties = {**seed["properties"], "fieldOfNextYear": {"mode": "NEW", "parts": [{"size": 3}]}}
    rig.emulator.environment.store.put(f"{TEMPLATES}/dojangkok-dev-ai-server-seed", {**seed, "properties": properties})
    sent = rig.plan_release("a").template
    assert sent is not None
    assert sent["properties"]["fieldOfNextYear"] == properties["fieldOfNextYear"]


@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_f32_capacity_is_kept_at_every_size(size: int) -> None:
    """A rollout keeps at least three instances, or all of a smaller group, available at every moment."""
    rig = rig_without_bake()
    set_quotas(rig, N2D_CPUS=64.0, SSD_TOTAL_GB=4096.0)
    rig.control("POST", f"{GROUP}/resize?size={size}")
    rig.emulator.environment.clock.move(600)
    rig.emulator.environment.advance()
    rig.deploy("a")
    assert rig.serving() == ["a"] * size
    assert rig.never_fewer_than(min(3, size))


@pytest.mark.parametrize("activity", ["creating", "verifying", "deleting"])
@pytest.mark.parametrize("verb", ["abandonInstances", "deleteInstances"])
def test_f35_instance_removed_during_a_rollout_changes_no_outcome(activity: str, verb: str) -> None:
    """A deploy succeeds although an old instance is abandoned or deleted during the rollout."""
    rig = rig_without_bake()
    name = rig.emulator.environment.view.groups[GROUP].instances[2].name
    body = {"instances": [f"zones/asia-northeast3-a/instances/{name}"]}
    inject_fault(
        rig, when={"phase": activity}, nth=[1], request={"verb": "POST", "path": f"{GROUP}/{verb}", "body": body}
    )
    rig.deploy("a")
    assert set(rig.serving()) == {"a"}


@pytest.mark.parametrize("activity", ["creating", "verifying", "deleting"])
@pytest.mark.parametrize("size", [1, 2, 6])
def test_f36_resize_during_a_rollout_is_kept(activity: str, size: int) -> None:
    """A rollout to a group that is resized meanwhile ends with the new number of instances."""
    rig = rig_without_bake()
    inject_fault(
        rig, when={"phase": activity}, nth=[1], request={"verb": "POST", "path": f"{GROUP}/resize?size={size}"}
    )
    rig.deploy("a")
    assert rig.serving() == ["a"] * size
    assert rig.never_fewer_than(min(3, size))


@pytest.mark.parametrize("crash_after_s", [3, 14, 25])
def test_f42_crash_during_the_bake_is_rolled_back(crash_after_s: int) -> None:
    """A release that crashes early, in the middle or late in the bake is rolled back."""
    rig = rig_without_bake(bake_s=30.0)
    set_instance_rule(rig, "b", crash_after_s=crash_after_s)
    with pytest.raises(RolledBackError):
        rig.deploy("b")
    assert rig.serving() == ["latest"] * 3


def test_f43_old_instance_repaired_during_a_rollout_is_waited_for() -> None:
    """A deploy succeeds although an old instance crashes and is repaired during the rollout."""
    rig = rig_without_bake()
    rig.deploy("a")
    name = rig.emulator.environment.view.groups[GROUP].instances[2].name
    inject_fault(rig, when={"phase": "creating"}, nth=[1],
          request={"verb": "POST", "path": "emulator/crash", "body": {"instance": name}})  # fmt: skip
    rig.deploy("b")
    assert rig.serving() == ["b"] * 3


def test_f45_instance_unhealthy_before_the_deploy_causes_no_rollback() -> None:
    """An instance that crashed before the deploy causes no rollback."""
    rig = rig_without_bake()
    rig.control("POST", "emulator/crash", {"instance": rig.emulator.environment.view.groups[GROUP].instances[0].name})
    rig.emulator.environment.clock.move(20)
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3


@pytest.mark.parametrize(
    "how", [{"status": 412, "reason": "conditionNotMet"}, {"status": 503}, {"cut": "before"}, {"cut": "after"}]
)
def test_f46_rollback_survives_faults(how: dict[str, Any]) -> None:
    """An automatic rollback restores the fallback although its first PATCH fails or loses the connection."""
    rig = rig_without_bake()
    set_instance_rule(rig, "b", never_healthy=True)
    inject_fault(rig, on="*.patch", nth=[2], **how)
    with pytest.raises(RolledBackError):
        rig.deploy("b")
    assert rig.serving() == ["latest"] * 3


def test_f47_deleted_fallback_template_is_reported() -> None:
    """A rollback to a deleted template raises NotRestoredError with the name of the template."""
    rig = rig_without_bake(bake_s=200.0)
    set_instance_rule(rig, "b", crash_after_s=60)
    gone = {"verb": "DELETE", "path": f"{TEMPLATES}/dojangkok-dev-ai-server-seed"}
    inject_fault(rig, when={"phase": "stable"}, nth=[1], request=gone)
    with pytest.raises(NotRestoredError, match="dojangkok-dev-ai-server-seed"):
        rig.deploy("b")


def test_f48_deploy_before_the_patch_of_a_rollback_keeps_its_release() -> None:
    """Another process that deploys before the PATCH of an automatic rollback supersedes the rollback."""
    rig = rig_without_bake()
    set_instance_rule(rig, "b", never_healthy=True)
    failing = Client(rig.emulator, rig.config.project, "client", lambda compute: rig.deploy("b", compute))
    while "rolling back" not in " ".join(rig.printed):
        failing.go(1)
    rig.deploy("c")
    failing.go()
    assert isinstance(failing.error, SupersededError)
    assert rig.serving() == ["c"] * 3


def test_f49_unfinished_rollout_is_rolled_back_at_its_deadline() -> None:
    """A rollout of slow instances that is not done at its deadline is rolled back."""
    rig = rig_without_bake(timeout_s=170.0)
    set_instance_rule(rig, "b", answer_s=40)
    began_s = rig.emulator.environment.clock.now_s()
    with pytest.raises(RolledBackError, match="not done after 170 s"):
        rig.deploy("b")
    assert rig.emulator.environment.clock.now_s() - began_s > 170
    assert rig.serving() == ["latest"] * 3


def test_f53_refused_token_causes_no_rollback() -> None:
    """A deploy patches the group once although many of its polls are refused with 401."""
    rig = rig_without_bake()
    inject_fault(rig, on="instanceGroupManagers.get", nth=list(range(8, 60)), status=401, reason="authError")
    assert rig.deploy("a").changed
    assert rig.serving() == ["a"] * 3
    assert [method for method, _ in rig.writes() if method.endswith(".patch")] == ["instanceGroupManagers.patch"]


@pytest.mark.parametrize("minutes", [-600, -10, 10, 600])
def test_f55_wrong_clock_of_the_client_changes_no_outcome(minutes: int) -> None:
    """A deploy succeeds although the time in its request is minutes or hours wrong."""
    rig = rig_without_bake()
    compute = rig.compute()
    wanted = rig.request("a")
    skewed = replace(wanted, now=wanted.now + timedelta(minutes=minutes))
    rig.perform(plan_deploy(rig.config, skewed, rig.observed(compute)), compute)
    assert rig.serving() == ["a"] * 3


@pytest.mark.parametrize("denied", REQUIRED_PERMISSIONS)
def test_f56_each_permission_that_is_missing_is_named_before_anything_is_written(denied: str) -> None:
    """The refusal of a deploy names the missing permission, and no write succeeds."""
    rig = rig_without_bake()
    rig.granted -= {denied}
    rig.control("PUT", "emulator/permissions", {"denied": [denied]})
    with pytest.raises(NotAllowedError, match=denied):
        rig.deploy("a")
    assert [status for _, status in rig.writes() if status == 200] == []


@pytest.mark.parametrize("denied", REQUIRED_PERMISSIONS)
def test_f56_unchecked_missing_permission_leaves_a_single_release(denied: str) -> None:
    """Without an answer of Cloud Resource Manager, a missing permission fails the deploy at its first use."""
    rig = rig_without_bake()
    rig.control("PUT", "emulator/permissions", {"denied": [denied]})
    try:
        rig.deploy("a")
        expected = "a"
    except NotAllowedError:
        expected = "latest"
    rig.emulator.environment.clock.move(600)
    assert rig.serving() == [expected] * 3


def test_f57_template_of_an_instance_of_another_group_is_kept() -> None:
    """Pruning keeps a template that only an instance of another group still uses."""
    rig = rig_without_bake()
    rig.deploy("0")
    first = rig.observed().group.versions[0].template
    other = {"name": "other", "baseInstanceName": "other", "targetSize": 1}
    rig.control("POST", GROUP.rpartition("/")[0], {**other, "instanceTemplate": f"global/instanceTemplates/{first}"})
    rig.emulator.environment.clock.move(300)
    seed = {"instanceTemplate": "global/instanceTemplates/dojangkok-dev-ai-server-seed"}
    policy = {"type": "OPPORTUNISTIC"}
    rig.control("PATCH", f"{ZONE}/instanceGroupManagers/other", {"versions": [seed], "updatePolicy": policy})
    for letter in "123456789":
        assert rig.deploy(letter).warnings == ()
    assert first in rig.templates()
    assert len(rig.templates()) <= 10


def test_f58_unmanaged_templates_are_kept_with_any_name() -> None:
    """Pruning keeps unmanaged templates, even if their names look like those of releases."""
    rig = rig_without_bake()
    foreign = [f"dojangkok-dev-ai-server-seed-r-{number:012x}" for number in range(3)]
    for name in foreign:
        rig.control("POST", TEMPLATES, {"name": name, "properties": {"machineType": "e2-small"}})
    for letter in "0123456789":
        rig.deploy(letter)
    assert set(foreign) <= set(rig.templates())


def test_f41_lowered_target_size_is_a_warning() -> None:
    """A group without retries of creations gets smaller after a failed creation, and the deploy warns of this."""
    rig = rig_without_bake()
    rig.emulator.environment.options = replace(rig.emulator.environment.options, retries=False)
    set_instance_rule(rig, "a", create_error="INTERNAL_ERROR", create_error_times=1)
    rule = {"image": f"{REPOSITORY}@{digest('a')}", "create_error": ""}
    mended = {"verb": "POST", "path": "emulator/instance-rules", "body": rule}
    inject_fault(rig, when={"phase": "deleting"}, nth=[1], request=mended)
    warnings = rig.deploy("a").warnings
    document = rig.emulator.environment.view.get(GROUP)
    assert document is not None
    assert 0 < document["targetSize"] < 3
    assert f"the target size changed from 3 to {document['targetSize']} during the rollout" in warnings


def test_f41_target_size_lowered_to_0_is_a_failure() -> None:
    """A group without retries of creations that has lost all its instances is a failure of the release."""
    rig = rig_without_bake()
    rig.emulator.environment.options = replace(rig.emulator.environment.options, retries=False)
    set_instance_rule(rig, "a", create_error="INTERNAL_ERROR", create_error_times=1)
    with pytest.raises(RolledBackError, match="the target size became 0 during the rollout"):
        rig.deploy("a")
