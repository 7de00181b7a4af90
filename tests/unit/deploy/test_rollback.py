"""The verb `rollback`: all at once, and nothing of its haste left behind."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.config import Rollout
from deploy.errors import NotRestoredError, RefusedError
from deploy.group import update_policy
from deploy.group.drift import drift
from deploy.group.update_policy import fastest_surge
from deploy.rollout.perform import Rollout as Act
from deploy.rollout.rollback_plan import Rollback, plan_rollback
from tests.unit.deploy.rig import GROUP, Rig, rig


def surge(one: Rig) -> int:
    return int(one.control("GET", GROUP)["updatePolicy"]["maxSurge"]["fixed"])


def with_two() -> Rig:
    one = rig()
    one.deploy("a")
    one.deploy("b")
    return one


def decided(one: Rig, **change: Any) -> Rollback:
    wanted = one.wanted("0")
    return plan_rollback(one.config, replace(one.observed(), **change), wanted.run, wanted.now)


def test_rollback_makes_all_machines_at_once_and_the_next_deploy_one_by_one() -> None:
    one = with_two()
    began_s = one.api.world.clock.now_s()
    one.deploy("c")
    serial_s = one.api.world.clock.now_s() - began_s
    began_s = one.api.world.clock.now_s()
    assert one.roll_back().changed
    assert (one.serving(), surge(one)) == (["b"] * 3, 3)
    assert one.api.world.clock.now_s() - began_s < serial_s / 2
    assert drift(one.config, one.observed()) == ()
    one.deploy("d")
    assert (one.serving(), surge(one)) == (["d"] * 3, 1)
    assert one.never_fewer_than(3)


def test_rollback_takes_no_bake() -> None:
    one = with_two()
    one.config = one.config.model_copy(update={"rollout": Rollout(bake_s=5_000)})
    began_s = one.api.world.clock.now_s()
    one.roll_back()
    assert one.api.world.clock.now_s() - began_s < 600


def test_rollback_onto_what_serves_is_no_work() -> None:
    one = with_two()
    before = one.writes()
    serving = one.observed().group.versions[0].template
    assert not one.roll_back(serving).changed
    assert one.writes() == before


def test_surge_goes_by_size_and_quota() -> None:
    one = with_two()
    assert decided(one).surge == 3
    assert decided(one, room=2).surge == 2
    assert decided(one, room=None).surge == 1


def test_machines_that_the_failing_release_has_too_many_count_as_room() -> None:
    """They go on the way back, so the quota that they fill is there for it."""
    one = with_two()
    observed = one.observed()
    surge = replace(observed.group.machines[0], name="surge")
    assert (
        decided(one, room=0, group=replace(observed.group, machines=(*observed.group.machines, surge, surge))).surge
        == 2
    )


@pytest.mark.parametrize(
    ("configured", "size", "room", "expected"),
    [(1, 3, 99, 3), (1, 3, 2, 2), (1, 3, None, 1), (1, 0, 99, 1), (4, 3, 99, 4), (1, 3, 0, 1), (2, 5, None, 2)],
)
def test_fastest_surge(configured: int, size: int, room: int | None, expected: int) -> None:
    assert fastest_surge(Rollout(surge=configured), size, room) == expected


def test_rollback_without_capacity_for_all_at_once_goes_on_as_machines_leave() -> None:
    one = with_two()
    one.control("PUT", "emulator/capacity", {"asia-northeast3-a": 4})
    one.roll_back()
    assert one.serving() == ["a"] * 3
    assert one.never_fewer_than(3)


def test_rollback_without_any_capacity_waits_for_it_and_says_what_it_lacked() -> None:
    one = with_two()
    one.control("PUT", "emulator/capacity", {"asia-northeast3-a": 3})
    with pytest.raises(NotRestoredError, match=r"not done after 570 s: ZONE_RESOURCE_POOL_EXHAUSTED: .* run reconcile"):
        one.roll_back()
    assert one.never_fewer_than(3)


def test_rollback_of_a_group_that_refuses_writes_nothing() -> None:
    one = with_two()
    before = one.writes()
    observed = one.observed()
    stateful = replace(observed.group, raw={**observed.group.raw, "statefulPolicy": {"x": 1}})
    with pytest.raises(RefusedError, match="is stateful"):
        decided(one, group=stateful)
    assert one.writes() == before


def test_decision_survives_a_race_of_somebody_else_who_resizes() -> None:
    one = with_two()
    found = decided(one)
    race = {"verb": "POST", "path": f"{GROUP}/resize?size=2"}
    one.control("POST", "emulator/faults", {"faults": [{"on": "*.patch", "nth": [1], "request": race}]})
    Act(one.compute(), one.config, one.said.append).roll_back(found)
    assert one.serving() == ["a"] * 2


def test_the_first_release_goes_back_to_what_served_before_it() -> None:
    """Terraform's template is nobody's release, and yet it is the way back of a group's first day: entry and all."""
    one = rig()
    first = one.observed().group.versions
    one.deploy("a")
    assert one.roll_back().changed
    assert (one.observed().group.versions, one.serving()) == (first, ["latest"] * 3)
    with pytest.raises(RefusedError, match="there is no good release before the one serving"):
        one.roll_back()


def test_a_first_template_that_is_gone_is_named() -> None:
    one = rig()
    first = one.observed().group.versions[0].template
    one.deploy("a")
    one.control("DELETE", f"projects/dojangkok-dev/global/instanceTemplates/{first}")
    one.api.world.clock.move(60)
    with pytest.raises(RefusedError, match=f"template '{first}', which served before, is gone. Fix: name a release"):
        one.roll_back()


def test_percentages_of_the_group_give_way_to_numbers() -> None:
    one = rig()
    one.control("POST", f"{GROUP}/resize?size=10")
    one.api.world.clock.move(300)
    one.control("PATCH", GROUP, {"updatePolicy": {"maxSurge": {"percent": 20, "fixed": None}}})
    assert "percent" in one.control("GET", GROUP)["updatePolicy"]["maxSurge"]
    one.deploy("a")
    assert update_policy.wanted(Rollout())["maxSurge"] == {"fixed": 1, "percent": None}
    found = one.control("GET", GROUP)["updatePolicy"]
    assert (found["maxSurge"], found["maxUnavailable"]) == (
        {"fixed": 1, "calculated": 1}, {"fixed": 0, "calculated": 0},
    )  # fmt: skip
    assert drift(one.config, one.observed()) == ()
