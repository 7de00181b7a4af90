"""The verb `rollback` replaces all instances at once, and restores the update policy in the end."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.errors import NotRestoredError, RefusedError
from deploy.group import update_policy
from deploy.group.drift import drift
from deploy.group.quotas import Quota
from deploy.group.update_policy import rollback_surge
from deploy.rollout.plan import RestoreRelease
from deploy.rollout.rollback_plan import choose_rollback_target, plan_rollback
from deploy.rollout_settings import RolloutSettings
from tests.integration.deploy.faulty import set_quotas
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import GROUP


def surge(rig: Rig) -> int:
    return int(rig.control("GET", GROUP)["updatePolicy"]["maxSurge"]["fixed"])


def with_two() -> Rig:
    rig = new_rig()
    rig.deploy("a")
    rig.deploy("b")
    return rig


def planned(rig: Rig, **change: Any) -> RestoreRelease:
    """Return the plan of a rollback of a group that differs from the rig's."""
    observed = replace(rig.observed(), **change)
    chosen = choose_rollback_target(rig.config, observed, rig.now())
    plan = plan_rollback(rig.config, observed, chosen, "run9", rig.now())
    assert isinstance(plan, RestoreRelease)
    return plan


def test_rollback_replaces_all_instances_at_once() -> None:
    """The surge of a rollback is the size of the group, and in the end that of the environment."""
    rig = with_two()
    began_s = rig.emulator.environment.clock.now_s()
    rig.deploy("c")
    serial_s = rig.emulator.environment.clock.now_s() - began_s
    began_s = rig.emulator.environment.clock.now_s()
    plan = rig.plan_rollback()
    assert isinstance(plan, RestoreRelease)
    assert plan.surge == 3
    assert rig.perform(plan).changed
    assert (rig.serving(), surge(rig)) == (["b"] * 3, 1)
    assert rig.emulator.environment.clock.now_s() - began_s < serial_s / 2
    assert drift(rig.config, rig.observed()) == ()
    rig.deploy("d")
    assert (rig.serving(), surge(rig)) == (["d"] * 3, 1)
    assert rig.never_fewer_than(3)


def test_rollback_has_no_bake() -> None:
    """A rollback ends as soon as the release serves."""
    rig = with_two()
    rig.config = rig.config.model_copy(update={"rollout": RolloutSettings(bake_s=5_000)})
    began_s = rig.emulator.environment.clock.now_s()
    rig.rollback()
    assert rig.emulator.environment.clock.now_s() - began_s < 600


def test_rollback_to_the_serving_release_writes_nothing() -> None:
    """A rollback to the release that serves from every instance is no work."""
    rig = with_two()
    before = rig.writes()
    serving = rig.observed().group.versions[0].template
    assert not rig.rollback(serving).changed
    assert rig.writes() == before


def test_surge_depends_on_size_and_quota() -> None:
    """The surge is the target size, as far as the quota is known to have room."""
    rig = with_two()
    assert planned(rig).surge == 3
    assert planned(rig, quotas=(Quota("INSTANCES", 5.0, 3.0),)).surge == 2
    assert planned(rig, quotas=(), quotas_error="403").surge is None


def test_surplus_instances_count_as_room() -> None:
    """The rollback deletes the surge instances of the failing release, so their quota is free for it."""
    rig = with_two()
    observed = rig.observed()
    surge = replace(observed.group.instances[0], name="surge")
    group = replace(observed.group, instances=(*observed.group.instances, surge, surge))
    assert planned(rig, quotas=(Quota("INSTANCES", 5.0, 5.0),), group=group).surge == 2


@pytest.mark.parametrize(
    ("configured", "size", "room", "expected"),
    [(1, 3, 99, 3), (1, 3, 2, 2), (1, 3, None, None), (1, 0, 99, None), (4, 3, 99, None), (1, 3, 0, None)],
)
def test_rollback_surge(configured: int, size: int, room: int | None, expected: int | None) -> None:
    """The surge is never below the environment's, which the group keeps then."""
    assert rollback_surge(RolloutSettings(surge=configured), 1, size, room) == expected


def test_rollback_with_little_capacity_continues_as_instances_leave() -> None:
    """A rollback that can create a single instance at a time ends well."""
    rig = with_two()
    rig.control("PUT", "emulator/capacity", {"asia-northeast3-a": 4})
    rig.rollback()
    assert rig.serving() == ["a"] * 3
    assert rig.never_fewer_than(3)


def test_rollback_without_capacity_fails_at_its_deadline() -> None:
    """The error has the lack of capacity as its reason."""
    rig = with_two()
    rig.control("PUT", "emulator/capacity", {"asia-northeast3-a": 3})
    with pytest.raises(
        NotRestoredError, match=r"not done after 840 s: ZONE_RESOURCE_POOL_EXHAUSTED: .* run `reconcile`"
    ):
        rig.rollback()
    assert rig.never_fewer_than(3)


def test_rollback_of_a_refused_group_writes_nothing() -> None:
    """Preconditions are checked for a rollback too."""
    rig = with_two()
    before = rig.writes()
    observed = rig.observed()
    stateful = replace(observed.group, raw={**observed.group.raw, "statefulPolicy": {"x": 1}})
    with pytest.raises(RefusedError, match="is stateful"):
        planned(rig, group=stateful)
    assert rig.writes() == before


def test_rollback_survives_a_resize_before_its_patch() -> None:
    """A resize between plan and PATCH changes the size, not the release."""
    rig = with_two()
    plan = planned(rig)
    race = {"verb": "POST", "path": f"{GROUP}/resize?size=2"}
    rig.control("POST", "emulator/faults", {"faults": [{"on": "*.patch", "nth": [1], "request": race}]})
    rig.perform(plan)
    assert rig.serving() == ["a"] * 2


def test_rollback_of_the_first_release_restores_the_unmanaged_template() -> None:
    """The version is restored as it was, name included; there is nothing before it."""
    rig = new_rig()
    first = rig.observed().group.versions
    rig.deploy("a")
    assert rig.rollback().changed
    assert (rig.observed().group.versions, rig.serving()) == (first, ["latest"] * 3)
    with pytest.raises(RefusedError, match="there is no proven release before the serving one"):
        rig.rollback()


def test_deleted_unmanaged_template_is_a_refusal() -> None:
    """A rollback of the first release needs the template before it."""
    rig = new_rig()
    first = rig.observed().group.versions[0].template
    rig.deploy("a")
    rig.control("DELETE", f"projects/dojangkok-dev/global/instanceTemplates/{first}")
    rig.emulator.environment.clock.move(60)
    with pytest.raises(
        RefusedError, match=f"template '{first}', which served before, was deleted. Fix: name a release"
    ):
        rig.rollback()


def test_percentages_in_the_update_policy_become_numbers() -> None:
    """A PATCH replaces maxSurge in percent, because a merge would keep both."""
    rig = new_rig()
    set_quotas(rig, SSD_TOTAL_GB=4096.0)
    rig.control("POST", f"{GROUP}/resize?size=10")
    rig.emulator.environment.clock.move(300)
    rig.control("PATCH", GROUP, {"updatePolicy": {"maxSurge": {"percent": 20, "fixed": None}}})
    assert "percent" in rig.control("GET", GROUP)["updatePolicy"]["maxSurge"]
    rig.deploy("a")
    assert update_policy.rollout_policy(RolloutSettings(), zones=1)["maxSurge"] == {"fixed": 1, "percent": None}
    policy = rig.control("GET", GROUP)["updatePolicy"]
    assert (policy["maxSurge"], policy["maxUnavailable"]) == (
        {"fixed": 1, "calculated": 1}, {"fixed": 0, "calculated": 0},
    )  # fmt: skip
    assert drift(rig.config, rig.observed()) == ()
