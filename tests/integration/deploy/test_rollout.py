"""Whole rollouts on the emulator: the serving release, the writes and the report."""

from dataclasses import replace
from functools import partial

import httpx
import pytest

from deploy.compute_engine.granted_permissions import read_granted_permissions
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.compute_engine.observation_reader import read_observation
from deploy.compute_engine.permissions import REQUIRED_PERMISSIONS
from deploy.errors import CapacityError, NotAllowedError, RolledBackError, SupersededError
from deploy.registry.client import Registry
from deploy.registry.http import Logins
from deploy.rollout.deploy_plan import plan_deploy
from emulator.inprocess import Transport
from tests.integration.deploy.rig import new_rig
from tests.support.fake_registry import FakeRegistry
from tests.unit.deploy.values import GROUP, digest

BROKEN = {"never_healthy": True, "serial": ["docker: pull access denied", "API_TOKEN=verysecret"]}


def broken(letter: str) -> dict[str, object]:
    return {"image": f"asia-northeast3-docker.pkg.dev/dojangkok-dev/dojangkok-ai/ai-server@{digest(letter)}", **BROKEN}


def test_a_release_is_rolled_out() -> None:
    """A deploy inserts one template, patches the group once and keeps three instances available."""
    rig = new_rig()
    result = rig.deploy("a")
    assert result.changed
    assert rig.serving() == ["a"] * 3
    assert rig.never_fewer_than(3)
    assert [phase.name for phase in result.phases] == [
        "template", "first instance running", "first healthy", "all healthy", "old deleted", "settled", "baked",
    ]  # fmt: skip
    assert rig.writes() == [("instanceTemplates.insert", 200), ("instanceGroupManagers.patch", 200)]


def test_serving_release_needs_no_write() -> None:
    """A deploy of the serving release writes nothing."""
    rig = new_rig()
    rig.deploy("a")
    before = rig.writes()
    assert not rig.deploy("a").changed
    assert rig.writes() == before


def test_requests_before_the_first_poll_are_few() -> None:
    """A whole deploy, permissions and registry included, keeps the budget of requests before its first poll."""
    rig, fake = new_rig(), FakeRegistry()
    compute = rig.compute()
    began = len(list(rig.emulator.environment.store.entries(kind="request")))
    registry = Registry(httpx.Client(transport=fake), "http://registry", Logins(), compute.time)
    reference = registry.resolve(rig.request("a").reference)
    client = httpx.Client(transport=Transport(rig.emulator))
    read_permissions = partial(
        read_granted_permissions,
        client,
        "http://emulator",
        rig.config.project,
        REQUIRED_PERMISSIONS,
        dict,
        compute.time,
    )
    managed = ManagedGroup(compute, rig.config.location, rig.config.group)
    observed = read_observation(managed, read_permissions, lambda reads: [read() for read in reads])
    rig.perform(plan_deploy(rig.config, replace(rig.request("a"), reference=reference), observed), compute)
    methods = [entry["method"] for entry in rig.emulator.environment.store.entries(kind="request")][began:]
    patch = methods.index("instanceGroupManagers.patch")
    first_poll = methods.index("instanceGroupManagers.get", patch)
    assert "cloudresourcemanager.testIamPermissions" in methods[:patch]
    assert len(fake.seen) + len(methods[:first_poll]) <= 14


def test_release_that_never_answers_is_rolled_back() -> None:
    """The error has the output of the instance, without secrets."""
    rig = new_rig()
    rig.control("POST", "emulator/instance-rules", broken("b"))
    with pytest.raises(RolledBackError) as error:
        rig.deploy("b")
    assert rig.serving() == ["latest"] * 3
    assert rig.never_fewer_than(3)
    text = str(error.value)
    assert "'dojangkok-dev-ai-server-seed' serves again." in text
    assert "pull access denied" in text
    assert "verysecret" not in text


def test_fix_that_fails_never_restores_the_broken_release() -> None:
    """After a proven release, a broken release whose process was killed and a broken fix, the proven release serves."""
    rig = new_rig()
    rig.deploy("a")
    rig.control("POST", "emulator/instance-rules", broken("b"))
    rig.control("POST", "emulator/instance-rules", broken("c"))
    killed = rig.compute()
    rolling = rig.plan_release("b", killed)
    killed.wait(killed.write("POST", "global/instanceTemplates", rolling.template))
    link = f"projects/dojangkok-dev/global/instanceTemplates/{rolling.target.template}"
    rig.control("PATCH", GROUP, {"versions": [{"instanceTemplate": link, "name": rolling.target.name}]})
    rig.emulator.environment.clock.move(60)
    with pytest.raises(RolledBackError):
        rig.deploy("c")
    assert rig.serving() == ["a"] * 3


def test_lack_of_capacity_is_rolled_back_early() -> None:
    """A group without capacity for a new instance is rolled back within two minutes."""
    rig = new_rig()
    rig.control("PUT", "emulator/capacity", {"asia-northeast3-a": 3})
    began_s = rig.emulator.environment.clock.now_s()
    with pytest.raises(CapacityError) as error:
        rig.deploy("a")
    assert "ZONE_RESOURCE_POOL_EXHAUSTED" in str(error.value)
    assert rig.serving() == ["latest"] * 3
    assert rig.emulator.environment.clock.now_s() - began_s < 120


def test_crash_in_the_bake_is_rolled_back() -> None:
    """An application that crashes during the bake is rolled back."""
    rig = new_rig()
    rig.control(
        "POST", "emulator/instance-rules", {**broken("b"), "never_healthy": False, "crash_after_s": 25, "serial": []}
    )
    with pytest.raises(RolledBackError):
        rig.deploy("b")
    assert rig.serving() == ["latest"] * 3


def test_deploy_that_was_faster_keeps_its_release() -> None:
    """A deploy whose plan is older than another deploy's PATCH is superseded."""
    rig = new_rig()
    compute = rig.compute()
    slow = rig.plan("a", compute)
    rig.deploy("b")
    with pytest.raises(SupersededError):
        rig.perform(slow, compute)
    assert rig.serving() == ["b"] * 3


def test_resize_before_the_patch_is_no_obstacle() -> None:
    """A PATCH that meets a new fingerprint is repeated if the version is unchanged."""
    rig = new_rig()
    race = {"verb": "POST", "path": f"{GROUP}/resize?size=4"}
    rig.control(
        "POST", "emulator/faults", {"faults": [{"on": "instanceGroupManagers.patch", "nth": [1], "request": race}]}
    )
    rig.deploy("a")
    assert rig.serving() == ["a"] * 4
    assert [status for method, status in rig.writes() if method.endswith(".patch")] == [412, 200]


def test_missing_permissions_are_all_named_and_nothing_is_written() -> None:
    """The refusal lists every missing permission."""
    rig = new_rig()
    rig.granted -= {"compute.instanceTemplates.create", "compute.instanceGroupManagers.update"}
    with pytest.raises(
        NotAllowedError, match=r"compute.instanceGroupManagers.update, compute.instanceTemplates.create"
    ):
        rig.deploy("a")
    assert rig.writes() == []


def test_old_releases_are_pruned_and_proven_ones_kept() -> None:
    """After ten releases, five to seven templates of deploy and the unmanaged template are left."""
    rig = new_rig()
    for letter in "0123456789":
        rig.deploy(letter)
    ours = [name for name in rig.templates() if "-r-" in name]
    assert 5 <= len(ours) <= 7
    assert "dojangkok-dev-ai-server-seed" in rig.templates()
    assert rig.serving() == ["9"] * 3


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_every_transient_answer_once_on_every_method_changes_nothing(status: int) -> None:
    """A deploy ends well if every method answers once with a transient error."""
    rig = new_rig()
    rig.control(
        "POST", "emulator/faults", {"faults": [{"on": f"{name}*", "nth": [1], "status": status} for name in _METHODS]}
    )
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3
    assert len([name for name in rig.templates() if "-r-" in name]) == 1


@pytest.mark.parametrize("cut", ["before", "after"])
def test_every_connection_cut_once_changes_nothing(cut: str) -> None:
    """A deploy ends well if every method's connection is cut once, before or after its effect."""
    rig = new_rig()
    rig.control(
        "POST", "emulator/faults", {"faults": [{"on": f"{name}*", "nth": [1], "cut": cut} for name in _METHODS]}
    )
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3
    assert len([name for name in rig.templates() if "-r-" in name]) == 1


@pytest.mark.parametrize("has_http_code", [True, False])
def test_operation_that_fails_is_never_success(has_http_code: bool) -> None:
    """An operation that is DONE with an error ends the deploy, with or without an HTTP code."""
    rig = new_rig()
    failing = {"error": "QUOTA_EXCEEDED", "has_http_code": has_http_code}
    rig.control("POST", "emulator/faults", {"faults": [{"on": "instanceTemplates.insert", "operation": failing}]})
    with pytest.raises(Exception, match="QUOTA_EXCEEDED"):
        rig.deploy("a")
    assert rig.serving() == ["latest"] * 3


@pytest.mark.parametrize("fault", [{"hang": True, "commit": True}, {"vanish": True, "commit": True}])
def test_operation_without_a_result_is_judged_by_the_resource(fault: dict[str, bool]) -> None:
    """An operation that hangs or vanishes after its effect does not end the deploy."""
    rig = new_rig()
    rig.control(
        "POST",
        "emulator/faults",
        {"faults": [{"on": "*.patch", "operation": fault}, {"on": "*.insert", "operation": fault}]},
    )
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3


_METHODS = (
    "instanceGroupManagers.get", "instanceGroupManagers.listManagedInstances", "instanceTemplates.list",
    "instanceTemplates.insert", "instanceTemplates.get", "instanceGroupManagers.patch", "globalOperations.wait",
    "zoneOperations.wait", "autoscalers.list", "healthChecks.get", "regions.get",
)  # fmt: skip
