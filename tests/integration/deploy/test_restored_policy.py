"""After a rollback the group has the update policy of the environment file again."""

from typing import Any

from deploy.group import update_policy
from deploy.group.drift import drift
from deploy.rollout.insert_template import insert_template
from deploy.rollout.patch import patch_group
from deploy.rollout.plan import NothingToDo, RestoreRelease, WaitForRollout
from deploy.rollout.reconcile_plan import plan_reconcile
from tests.integration.deploy.faulty import inject_fault, rig_without_bake, set_quotas
from tests.integration.deploy.rig import Rig
from tests.unit.deploy.values import GROUP


def policy_of(rig: Rig) -> dict[str, Any]:
    """Return the values of the group's update policy."""
    document = rig.emulator.environment.view.get(GROUP)
    assert document is not None
    return update_policy.policy_values(document["updatePolicy"])


def policy_of_file(rig: Rig) -> dict[str, Any]:
    """Return the values of the environment file's update policy."""
    return update_policy.policy_values(update_policy.rollout_policy(rig.config.rollout, zones=1))


def patches(rig: Rig) -> int:
    """Return the number of PATCHes that were accepted."""
    return rig.writes().count(("instanceGroupManagers.patch", 200))


def abandon_rollback(rig: Rig) -> RestoreRelease:
    """Deploy two releases, and roll back by a process that is killed right after its PATCH."""
    rig.deploy("a")
    rig.deploy("b")
    plan = rig.plan_rollback()
    assert isinstance(plan, RestoreRelease)
    patch_group(rig.managed(), rig.config, plan.target, plan.before, surge=plan.surge, planned=plan.fingerprint)
    return plan


def test_rollback_restores_the_update_policy_of_the_file() -> None:
    """A rollback replaces three instances at a time, and then a PATCH of its own restores the surge of the file."""
    rig = rig_without_bake()
    rig.deploy("a")
    rig.deploy("b")
    before = patches(rig)
    result = rig.rollback()
    assert (rig.serving(), result.warnings) == (["a"] * 3, ())
    assert policy_of(rig) == policy_of_file(rig)
    assert patches(rig) == before + 2
    assert rig.printed[-1] == "the update policy of the environment file is restored"
    assert drift(rig.config, rig.observed()) == ()


def test_rollback_to_the_version_before_the_first_release_restores_the_policy() -> None:
    """The version of an unmanaged template is restored as it was, and so is the policy."""
    rig = rig_without_bake()
    rig.deploy("a")
    rig.rollback()
    assert rig.serving() == ["latest"] * 3
    assert policy_of(rig) == policy_of_file(rig)


def test_rollback_with_the_surge_of_the_file_writes_once() -> None:
    """Where the quota has no room for a larger surge there is nothing to restore."""
    rig = rig_without_bake()
    set_quotas(rig, INSTANCES=4.0)
    rig.deploy("a")
    before = patches(rig)
    rig.rollback()
    assert patches(rig) == before + 1


def test_reconcile_restores_the_policy_of_a_rollback_that_still_runs() -> None:
    """After a kill during the rollback, reconcile waits for the rollback and then restores the policy."""
    rig = rig_without_bake()
    abandon_rollback(rig)
    assert drift(rig.config, rig.observed()) == ("3 of the instances are still on '" + _template(rig, "b") + "'",)
    plan = plan_reconcile(rig.config, rig.observed(), rig.now())
    assert isinstance(plan, WaitForRollout)
    assert plan.restores_policy
    rig.perform(plan)
    assert (rig.serving(), policy_of(rig)) == (["a"] * 3, policy_of_file(rig))


def _template(rig: Rig, letter: str) -> str:
    observed = rig.observed()
    return next(str(row["name"]) for row in observed.templates if letter * 64 in str(row))


def test_reconcile_restores_the_policy_of_a_rollback_that_has_settled() -> None:
    """After a kill between the rollback and its second PATCH, the drift is printed and reconcile removes it."""
    rig = rig_without_bake()
    abandon_rollback(rig)
    rig.emulator.environment.clock.move(900)
    assert drift(rig.config, rig.observed()) == ("the update policy is not the environment's: maxSurge 3, not 1",)
    plan = plan_reconcile(rig.config, rig.observed(), rig.now())
    assert isinstance(plan, NothingToDo)
    assert plan.restores_policy
    result = rig.perform(plan)
    assert (result.changed, result.restored_policy) == (False, True)
    assert (rig.serving(), policy_of(rig)) == (["a"] * 3, policy_of_file(rig))
    assert drift(rig.config, rig.observed()) == ()
    again = plan_reconcile(rig.config, rig.observed(), rig.now())
    assert isinstance(again, NothingToDo)
    assert not again.restores_policy
    assert not rig.perform(again).restored_policy


def test_rollback_again_restores_the_policy_of_a_rollback_that_has_settled() -> None:
    """After a kill between the rollback and its second PATCH, a rollback to the same release removes the surge."""
    rig = rig_without_bake()
    abandoned = abandon_rollback(rig)
    rig.emulator.environment.clock.move(900)
    result = rig.rollback(abandoned.target.template)
    assert (rig.serving(), policy_of(rig)) == (["a"] * 3, policy_of_file(rig))
    assert result.warnings == ()


def test_surge_of_a_rollback_to_an_unmanaged_version_is_no_drift_while_it_runs() -> None:
    """The version of an unmanaged template has no name of deploy, and its rollback a surge of its own all the same."""
    rig = rig_without_bake()
    rig.deploy("a")
    plan = rig.plan_rollback()
    assert isinstance(plan, RestoreRelease)
    patch_group(rig.managed(), rig.config, plan.target, plan.before, surge=plan.surge, planned=plan.fingerprint)
    assert not any("update policy" in line for line in drift(rig.config, rig.observed()))
    rig.emulator.environment.clock.move(900)
    assert "the update policy is not the environment's: maxSurge 3, not 1" in drift(rig.config, rig.observed())
    rig.reconcile()
    assert (rig.serving(), policy_of(rig)) == (["latest"] * 3, policy_of_file(rig))


def test_surge_that_a_person_set_on_the_fallback_of_a_refused_deploy_is_left() -> None:
    """A template of b names a as its fallback although the group never had b: a is no release of a rollback."""
    rig = rig_without_bake()
    rig.deploy("a")
    plan = rig.plan_release("b")
    insert_template(rig.managed(), plan.target.link, plan.template)
    rig.control("PATCH", GROUP, {"updatePolicy": {"maxSurge": {"fixed": 3}}})
    rig.emulator.environment.clock.move(60)
    rig.reconcile()
    assert policy_of(rig)["maxSurge"] == 3


def test_surge_that_a_person_set_on_a_deployed_release_is_left() -> None:
    """reconcile removes the surge of a rollback, and not that of a person after a deploy."""
    rig = rig_without_bake()
    rig.deploy("a")
    rig.control("PATCH", GROUP, {"updatePolicy": {"maxSurge": {"fixed": 3}}})
    rig.emulator.environment.clock.move(60)
    rig.reconcile()
    assert policy_of(rig)["maxSurge"] == 3


def test_deploy_right_after_a_rollback_begins_without_a_warning() -> None:
    """The PATCH of the policy leaves the group settled."""
    rig = rig_without_bake()
    rig.deploy("a")
    rig.deploy("b")
    plan = rig.plan_rollback()
    rig.perform(plan)
    following = rig.plan_release("c")
    assert following.warnings == ()
    assert following.fallback is not None
    assert following.fallback.version == plan.target


def test_rollback_that_cannot_restore_the_policy_succeeds_with_a_warning() -> None:
    """The release serves, so the exit code is 0, and the warning names reconcile."""
    rig = rig_without_bake()
    rig.deploy("a")
    rig.deploy("b")
    inject_fault(rig, on="instanceGroupManagers.patch", nth=[2], status=403, reason="forbidden")
    (warning,) = rig.rollback().warnings
    assert warning.startswith("the update policy still has the surge of the rollout: PATCH ")
    assert warning.endswith(", and run `reconcile`")
    assert rig.serving() == ["a"] * 3
    rig.reconcile()
    assert policy_of(rig) == policy_of_file(rig)
