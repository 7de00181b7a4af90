"""Rollouts that replace instances by RECREATE, with a surge in percent, and while a group redistributes itself."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.errors import RolledBackError
from deploy.group.drift import drift
from deploy.report.preview import preview, preview_report
from deploy.rollout.plan import NothingToDo
from tests.integration.deploy.faulty import set_instance_rule, set_quotas
from tests.integration.deploy.regional import POLICY, recreating_rig, regional_rig, settings, zones_of_instances
from tests.integration.deploy.rig import Rig, new_rig
from tests.support.reports import unwrapped


def names(rig: Rig) -> list[str]:
    """Return the names of the instances that are meant to run."""
    return sorted(instance.name for instance in rig.observed().group.active_instances)


def test_recreated_instances_keep_their_names() -> None:
    """By RECREATE one instance is missing at a time, and the report has the old and the new instance of each name."""
    rig = recreating_rig()
    before = names(rig)
    result = rig.deploy("a")
    assert (rig.serving(), names(rig)) == (["a"] * 3, before)
    assert rig.never_fewer_than(2)
    assert not rig.never_fewer_than(3)
    old, new = ([times for times in result.instances if times.is_new is is_new] for is_new in (False, True))
    assert sorted(times.name for times in old) == sorted(times.name for times in new) == before
    assert all(times.deleted_s is not None for times in old)
    assert {times.state for times in new} == {"healthy"}


def test_plan_states_that_the_capacity_falls() -> None:
    """The plan of RECREATE says that names stay, and by how many instances the capacity falls."""
    rig = recreating_rig()
    lines = unwrapped(preview_report(preview(rig.config, rig.observed(), rig.plan("a")), "text"))
    assert f"  recreates 3 instances: {', '.join(names(rig))}\n" in lines
    assert "  the capacity falls by up to 1 of 3 instances\n" in lines
    alone = recreating_rig(size=1)
    report = unwrapped(preview_report(preview(alone.config, alone.observed(), alone.plan("a")), "text"))
    assert "  the capacity falls by up to 1 of 1 instance: no instance may serve meanwhile\n" in report


def test_failing_release_is_rolled_back_by_recreating() -> None:
    """The rollback restores the release under the same names; the first replacement of an instance is no repair."""
    rig = recreating_rig()
    before = names(rig)
    set_instance_rule(rig, "b", never_healthy=True)
    with pytest.raises(RolledBackError) as error:
        rig.deploy("b")
    assert (rig.serving(), names(rig)) == (["latest"] * 3, before)
    assert "was recreated 2 times because it was unhealthy" in str(error.value)
    assert rig.never_fewer_than(2)


def test_rollback_and_reconcile_recreate_too() -> None:
    """A typed rollback adds no surge, and a rollout of a killed process is finished."""
    rig = recreating_rig()
    first = rig.deploy("a").target
    rig.abandon("b")
    rig.reconcile()
    assert rig.serving() == ["b"] * 3
    assert rig.rollback().target.link == first.link
    assert rig.serving() == ["a"] * 3
    assert rig.control("GET", rig.group)["updatePolicy"]["maxSurge"]["fixed"] == 0


def test_standby_pool_beside_recreated_instances() -> None:
    """Suspended and stopped instances count neither as serving nor as missing."""
    rig = recreating_rig()
    rig.control("PATCH", rig.group, {"targetSuspendedSize": 1, "targetStoppedSize": 1})
    rig.emulator.environment.clock.move(600)
    assert rig.deploy("a").changed
    group = rig.observed().group
    assert (rig.serving(), len(group.standby_instances), group.target_size) == (["a"] * 3, 2, 3)
    assert isinstance(rig.plan("a"), NothingToDo)


@pytest.mark.parametrize("is_regional", [False, True])
def test_surge_in_percent(is_regional: bool) -> None:
    """A surge of 25 % of ten instances is three at most, and the group's policy is no drift."""
    policy: dict[str, Any] = {"maxSurge": {"percent": 25}}
    rollout = settings(surge="25%")
    if is_regional:
        rig = regional_rig(size=10, rollout=rollout, **policy)
    else:
        rig = new_rig(targetSize=10, updatePolicy=POLICY | policy)
        rig.config = rig.config.model_copy(update={"rollout": rollout})
        rig.emulator.environment.advance()
    set_quotas(rig, N2D_CPUS=100.0, SSD_TOTAL_GB=2_000.0)
    assert rig.deploy("a").changed
    assert rig.serving() == ["a"] * 10
    assert rig.never_fewer_than(10)
    assert rig.control("GET", rig.group)["updatePolicy"]["maxSurge"]["percent"] == 25
    assert drift(rig.config, rig.observed()) == ()


def test_redistribution_during_a_rollout_is_no_failure() -> None:
    """A group that moves instances to an empty zone by itself meanwhile still serves the release in the end."""
    rig = regional_rig(size=6, instanceRedistributionType="NONE")
    leaving = [instance for instance in rig.observed().group.instances if instance.zone == "asia-northeast3-c"]
    links = [f"zones/{instance.zone}/instances/{instance.name}" for instance in leaving]
    rig.control("POST", f"{rig.group}/abandonInstances", {"instances": links})
    rig.emulator.environment.clock.move(300)
    assert zones_of_instances(rig) == ["asia-northeast3-a"] * 2 + ["asia-northeast3-b"] * 2
    rig.control("PATCH", rig.group, {"updatePolicy": {"instanceRedistributionType": "PROACTIVE"}})
    rig.emulator.environment.clock.move(5)
    observed = rig.observed()
    assert not observed.group.is_stable
    assert rig.deploy("a").changed
    assert rig.serving() == ["a"] * 4
    assert {zone[-1] for zone in zones_of_instances(rig)} == {"a", "b", "c"}
    assert replace(observed.group, instances=()).zones == rig.observed().group.zones


def test_check_of_a_load_balancer_that_fails_is_a_warning() -> None:
    """A release that serves by the group's own check is kept, and report and status name the other check."""
    rig, home = recreating_rig(), "projects/dojangkok-dev/global"
    rig.control("POST", "emulator/instance-rules", {"unanswered": ["front"]})
    check = {"name": "front", "type": "HTTP", "httpHealthCheck": {"port": 81}}
    rig.control("POST", f"{home}/healthChecks", check)
    backends = [{"group": rig.group.replace("/instanceGroupManagers/", "/instanceGroups/")}]
    service = {"name": "front", "healthChecks": ["global/healthChecks/front"], "backends": backends}
    rig.control("POST", f"{home}/backendServices", service)
    rig.emulator.environment.clock.move(60)
    result = rig.deploy("a")
    assert rig.serving() == ["a"] * 3
    [warning] = [line for line in result.warnings if "health check 'front'" in line]
    assert "does not find 3 of 3 instances healthy" in warning
    assert warning in drift(rig.config, rig.observed())
