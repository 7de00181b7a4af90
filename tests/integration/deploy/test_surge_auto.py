"""Rollouts with `surge: auto`: as many instances at once as the quota allows, and then the file's update policy."""

import re
from dataclasses import replace

import pytest

from deploy.errors import CapacityError, NotAllowedError, NotRestoredError, RolledBackError
from deploy.group.drift import drift
from deploy.report.text import facts
from deploy.rollout.insert_template import insert_template
from deploy.rollout.patch import patch_group
from deploy.rollout.plan import NothingToDo, WaitForRollout
from deploy.rollout.promote_plan import plan_promotion
from deploy.rollout.reconcile_plan import plan_reconcile
from deploy.rollout_settings import RolloutSettings
from tests.integration.deploy.faulty import set_instance_rule, set_quotas
from tests.integration.deploy.rig import Rig, new_rig
from tests.integration.deploy.stepped import with_steps
from tests.integration.deploy.test_restored_policy import patches, policy_of, policy_of_file
from tests.unit.deploy.run_results import SUCCESS
from tests.unit.deploy.values import CONFIG, GROUP

AUTO = RolloutSettings(surge="auto", bake_s=0.0, poll_s=(10.0, 10.0))
ROOM = {"INSTANCES": 100.0, "N2D_CPUS": 100.0, "SSD_TOTAL_GB": 5_000.0}


def rig_of(size: int, **quotas: float) -> Rig:
    """Return a rig with a group of a size, and `surge: auto`."""
    rig = new_rig(config=CONFIG.model_copy(update={"rollout": AUTO}), targetSize=size)
    set_quotas(rig, **(ROOM | quotas))
    return rig


def most_instances(rig: Rig) -> int:
    """Return the most instances that the group had at a time."""
    entries = rig.emulator.environment.store.entries(kind="group")
    return max(len(entry["instances"]) for entry in entries if entry["group"] == GROUP)


def abandon(rig: Rig, letter: str = "a") -> None:
    """Deploy a release by a process that is killed right after its PATCH."""
    plan = rig.plan_release(letter)
    insert_template(rig.managed(), plan.target.link, plan.template)
    patch_group(rig.managed(), rig.config, plan.target, plan.before, surge=plan.surge, planned=plan.fingerprint)


@pytest.mark.parametrize(
    ("size", "quotas", "surge"), [(5, {}, 5), (5, {"INSTANCES": 8.0}, 3), (5, {"N2D_CPUS": 14.0}, 2)]
)
def test_rollout_creates_as_many_instances_at_once_as_the_quota_allows(
    size: int, quotas: dict[str, float], surge: int
) -> None:
    """The scarcest quota decides; afterwards a PATCH of its own sets the update policy of the environment file."""
    rig = rig_of(size, **quotas)
    before = patches(rig)
    result = rig.deploy("a")
    assert rig.serving() == ["a"] * size
    assert most_instances(rig) == size + surge
    assert (policy_of(rig), policy_of(rig)["maxSurge"]) == (policy_of_file(rig), 1)
    assert patches(rig) == before + 2
    assert (result.surge, result.restored_policy, result.warnings) == (surge, True, ())
    assert drift(rig.config, rig.observed()) == ()
    run = replace(SUCCESS, rollout=result)
    [fact] = [value for name, value in facts(run, str, is_long=True) if name == "surge"]
    assert fact == f"{surge} above the target size; the environment file's is set again"


def test_quota_with_room_for_the_default_surge_alone_writes_once() -> None:
    """There is nothing to restore, and the report names no surge."""
    rig = rig_of(3, INSTANCES=4.0)
    before = patches(rig)
    result = rig.deploy("a")
    assert (most_instances(rig), patches(rig), result.surge) == (4, before + 1, None)


def test_surge_that_no_write_had_is_not_reported() -> None:
    """A deploy whose template is refused, and a step, which has the surge of the environment file."""
    rig = rig_of(5)
    rig.control("PUT", "emulator/permissions", {"denied": ["compute.instanceTemplates.create"]})
    refused = rig.execution(rig.plan_release("a"))
    with pytest.raises(NotAllowedError):
        refused.perform()
    result = refused.result_so_far()
    assert result is not None
    assert (result.changed, result.surge) == (False, None)
    rig = with_steps(rig_of(5), {"instances": 1}, {"pause": True}, surge="auto", bake_s=0.0)
    assert rig.deploy("a").surge is None
    assert rig.promote().surge == 5


def test_failed_release_is_rolled_back_with_the_policy_of_the_file() -> None:
    """The instances of the release before are all there, so that the rollback needs no surge."""
    rig = rig_of(5)
    set_instance_rule(rig, "a", never_healthy=True)
    with pytest.raises(RolledBackError):
        rig.deploy("a")
    assert rig.serving() == ["latest"] * 5
    assert policy_of(rig) == policy_of_file(rig)
    assert rig.never_fewer_than(5)


def test_reconcile_restores_the_policy_of_a_rollout_that_still_runs() -> None:
    """After a kill during the rollout its surge is no drift; reconcile waits, and then restores the policy."""
    rig = rig_of(3)
    abandon(rig)
    assert not any("update policy" in line for line in drift(rig.config, rig.observed()))
    plan = plan_reconcile(rig.config, rig.observed(), rig.now())
    assert isinstance(plan, WaitForRollout)
    assert plan.restores_policy
    rig.perform(plan)
    assert (rig.serving(), policy_of(rig)) == (["a"] * 3, policy_of_file(rig))


@pytest.mark.parametrize("is_abandoned", [False, True])
def test_quota_that_vanishes_leaves_the_surge_of_the_file(is_abandoned: bool) -> None:
    """After the plan, another client takes all but one instance of the quota: the rollout goes on one by one."""
    rig = rig_of(5)
    plan = rig.plan_release("a")
    assert plan.surge == 5
    if is_abandoned:
        abandon(rig)
    set_quotas(rig, INSTANCES=6.0)
    result = rig.reconcile() if is_abandoned else rig.perform(plan)
    assert (rig.serving(), most_instances(rig)) == (["a"] * 5, 10)
    assert policy_of(rig) == policy_of_file(rig)
    [warning] = [line for line in result.warnings if "goes on with the surge of the environment file" in line]
    assert warning.startswith("QUOTA_EXCEEDED: ")
    assert result.restored_policy


def test_rollout_with_the_surge_of_the_file_has_the_time_that_is_left() -> None:
    """The deadline in the version's name stays: the time before the smaller surge counts."""
    rig = rig_of(5)
    plan = rig.plan_release("a")
    set_quotas(rig, INSTANCES=6.0)
    set_instance_rule(rig, "a", never_healthy=True)
    with pytest.raises(CapacityError) as failed:
        rig.perform(plan)
    waited = re.search(r"not done after (\d+) s", failed.value.message)
    assert waited is not None
    assert int(waited[1]) <= plan.budget_s - 10
    assert rig.serving() == ["latest"] * 5


def test_quota_without_room_for_the_surge_of_the_file_is_a_lack_of_capacity() -> None:
    """No new instance gets capacity, so that a smaller surge would not fit either."""
    rig = rig_of(5)
    plan = rig.plan_release("a")
    set_quotas(rig, INSTANCES=5.0)
    with pytest.raises(CapacityError):
        rig.perform(plan)
    assert rig.serving() == ["latest"] * 5


def test_quota_that_vanishes_twice_ends_in_time() -> None:
    """The instance that fits is the last one: the release has failed after the time of the rollout, and not before."""
    rig = rig_of(5)
    plan = rig.plan_release("a")
    set_quotas(rig, INSTANCES=6.0)

    def take(_: object) -> None:
        if policy_of(rig)["maxSurge"] == 1:
            set_quotas(rig, INSTANCES=1.0)

    with pytest.raises(NotRestoredError, match=r"not done after 1320 s: QUOTA_EXCEEDED"):
        rig.execution(plan, show_snapshot=take).perform()


@pytest.mark.parametrize("verb", ["reconcile", "deploy"])
def test_surge_that_a_killed_rollout_left_is_restored(verb: str) -> None:
    """After a kill between success and the second PATCH, the drift is printed, and both verbs restore the policy."""
    rig = rig_of(3)
    abandon(rig)
    rig.emulator.environment.clock.move(900)
    assert drift(rig.config, rig.observed()) == ("the update policy is not the environment's: maxSurge 3, not 1",)
    plan = plan_reconcile(rig.config, rig.observed(), rig.now()) if verb == "reconcile" else rig.plan("a")
    assert isinstance(plan, NothingToDo)
    assert rig.perform(plan).restored_policy
    assert policy_of(rig) == policy_of_file(rig)
    assert drift(rig.config, rig.observed()) == ()


def test_step_creates_no_more_instances_than_its_target() -> None:
    """A pause leaves the surge in the policy, where it is no drift; the whole group uses the surge, and restores it."""
    rig = with_steps(rig_of(6), {"instances": 1}, {"pause": True}, surge="auto", bake_s=0.0)
    paused = rig.deploy("a")
    assert paused.pause is not None
    assert (rig.serving().count("a"), most_instances(rig)) == (1, 7)
    assert not any("update policy" in line for line in drift(rig.config, rig.observed()))
    observed = rig.observed()
    result = rig.perform(plan_promotion(rig.config, observed, rig.now(), is_full=True))
    assert (rig.serving(), most_instances(rig)) == (["a"] * 6, 11)
    assert (result.surge, result.restored_policy) == (6, True)
    assert policy_of(rig) == policy_of_file(rig)


def test_canary_that_is_aborted_leaves_the_policy_of_the_file() -> None:
    """The rollback of a canary uses the default surge."""
    rig = with_steps(rig_of(6), {"instances": 1}, {"pause": True}, surge="auto", bake_s=0.0)
    rig.deploy("a")
    rig.rollback()
    assert rig.serving() == ["latest"] * 6
    assert policy_of(rig) == policy_of_file(rig)
