"""Reconciles of groups that another run left behind."""

from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.errors import RefusedError, RolledBackError
from deploy.group.health import is_idle
from deploy.report.status import status
from deploy.rollout.plan import ForeignRollout, NothingToDo, ReconcilePlan, UndoRollout, WaitForRollout
from deploy.rollout.reconcile_plan import plan_reconcile
from tests.integration.deploy.clients import Client
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import GROUP, REPOSITORY, digest

ZONE = "projects/dojangkok-dev/zones/asia-northeast3-a"


def planned(rig: Rig) -> ReconcilePlan:
    """Return the plan of a reconcile."""
    return plan_reconcile(rig.config, rig.observed(), rig.now())


def test_rollout_within_its_deadline_is_waited_for() -> None:
    """A rollout whose process was killed ends well if its release serves before the deadline."""
    rig = new_rig()
    rig.abandon("a")
    plan = planned(rig)
    assert isinstance(plan, WaitForRollout)
    assert plan.text.startswith("deploy of aaaaaaaaaaaa, run 19000000001, has 8")
    rig.perform(plan)
    assert rig.serving() == ["a"] * 3


def test_rollout_past_its_deadline_is_undone() -> None:
    """A release that does not serve at the deadline is rolled back."""
    rig = new_rig()
    rig.control("POST", "emulator/instance-rules", {"never_healthy": True})
    rig.abandon("a")
    rig.emulator.environment.clock.move(900)
    plan = planned(rig)
    assert isinstance(plan, UndoRollout)
    assert "past its deadline" in plan.text
    with pytest.raises(RolledBackError):
        rig.perform(plan)
    assert rig.serving() == ["latest"] * 3


def weeks_later(rig: Rig, **rule: object) -> None:
    """Let a release serve for weeks, then replace an instance by hand, under an instance rule."""
    rig.deploy("a")
    rig.deploy("b")
    rig.emulator.environment.clock.move(2_000_000)
    if rule:
        rig.control("POST", "emulator/instance-rules", rule)
    name = rig.observed().group.instances[0].name
    rig.control("POST", f"{GROUP}/recreateInstances", {"instances": [f"{ZONE}/instances/{name}"]})
    rig.emulator.environment.clock.move(5)


def test_instance_that_starts_again_is_waited_for_weeks_after_the_deadline() -> None:
    """A release that is on every instance is not rolled back for a single instance that is not healthy yet."""
    rig = new_rig()
    weeks_later(rig)
    patches = rig.writes().count(("instanceGroupManagers.patch", 200))
    plan = planned(rig)
    name = rig.observed().group.versions[0].template
    assert isinstance(plan, WaitForRollout)
    assert plan.text == f"'{name}' is on every instance, and the group is not settled"
    rig.perform(plan)
    assert rig.serving() == ["b"] * 3
    assert rig.writes().count(("instanceGroupManagers.patch", 200)) == patches


def test_release_on_every_instance_is_undone_after_a_wait_that_failed() -> None:
    """A release on every instance is rolled back if an instance stays unhealthy for the time of a rollout."""
    rig = new_rig()
    weeks_later(rig, never_healthy=True, image=f"{REPOSITORY}@{digest('b')}")
    with pytest.raises(RolledBackError):
        rig.reconcile()
    assert rig.serving() == ["a"] * 3


def test_foreign_rollout_is_left_alone() -> None:
    """A group that has a version without deploy's name is not written to."""
    rig = new_rig()
    observed = rig.observed()
    unsettled = replace(observed, group=replace(observed.group, is_stable=False))
    plan = plan_reconcile(rig.config, unsettled, rig.now())
    assert isinstance(plan, ForeignRollout)
    execution = rig.execution(plan)
    with pytest.raises(RefusedError, match=r"was not rolled out by deploy. Fix: wait for the client that began it"):
        execution.perform()
    assert execution.result_so_far() is None
    assert rig.writes() == []


def test_settled_group_needs_no_work() -> None:
    """A group that serves from every instance is left as it is, a day after the deadline too."""
    rig = new_rig()
    rig.deploy("a")
    plan = plan_reconcile(rig.config, rig.observed(), rig.now() + timedelta(days=1))
    assert isinstance(plan, NothingToDo)
    assert not rig.perform(plan).changed


def test_process_killed_in_its_bake_leaves_nothing_to_do() -> None:
    """Without an analysis the instances show all that the bake watches: the group serves, and nothing is repeated."""
    rig = new_rig()
    dying = Client(rig.emulator, rig.config.project, "dying", lambda compute: rig.deploy("a", compute))
    while rig.serving() != ["a"] * 3 or not is_idle(rig.observed().group):
        dying.go(1)
    dying.kill()
    plan = rig.plan("a")
    assert isinstance(plan, NothingToDo)
    assert plan.warnings == ()
    assert status(rig.config, rig.observed(), rig.now()).summary.endswith("serves from every instance")
    assert isinstance(planned(rig), NothingToDo)


def test_deploy_waits_for_a_rollout_of_the_same_release() -> None:
    """A deploy of the release that the group is set to already writes nothing."""
    rig = new_rig()
    rig.abandon("a")
    writes = rig.writes()
    assert isinstance(rig.plan("a"), WaitForRollout)
    assert not rig.deploy("a").changed
    assert rig.writes() == writes
    assert rig.serving() == ["a"] * 3
