"""A canary that another process finds: what it shows, goes on with, and refuses."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from deploy.documents.group_state import Version
from deploy.errors import NotRestoredError, RefusedError, RolledBackError, SupersededError
from deploy.group.health import is_idle
from deploy.report.rebuilt_result import rebuilt_result
from deploy.report.releases import release_rows
from deploy.report.status import status
from deploy.rollout.abort_plan import plan_abort
from deploy.rollout.plan import NothingToDo
from deploy.rollout.reconcile_plan import plan_reconcile
from deploy.rollout.result import RolloutResult
from deploy.rollout.snapshot import Snapshot
from tests.integration.deploy.clients import Client
from tests.integration.deploy.stepped import AT_STEP_1, names, share, stepped_rig, target
from tests.unit.deploy.values import GROUP, REPOSITORY, digest


def test_deploy_of_another_release_onto_a_canary_is_refused() -> None:
    """The refusal names both commands; a deploy of the canary's own release goes on with it."""
    rig = stepped_rig()
    rig.deploy("a")
    patches = rig.writes()
    with pytest.raises(RefusedError, match="is a canary beside 'dojangkok-dev-ai-server-seed'") as error:
        rig.deploy("b")
    assert error.value.fix == "run `promote` to go on with the canary, or `abort` to restore the other"
    assert rig.writes() == patches
    assert rig.deploy("a").pause == AT_STEP_1
    assert rig.writes() == patches


@pytest.mark.parametrize("verb", ["promote", "abort"])
def test_group_without_a_canary_is_refused(verb: str) -> None:
    """Promote and abort need a canary that `deploy` began; that of another client is not theirs."""
    rig = stepped_rig()
    call = rig.promote if verb == "promote" else rig.abort
    with pytest.raises(RefusedError, match=f"{verb}: group '.*' has no canary of a rollout with steps: it is set to"):
        call()
    link = "projects/dojangkok-dev/global/instanceTemplates/dojangkok-dev-ai-server-seed"
    entries = [{"instanceTemplate": link}, {"instanceTemplate": link, "name": "x", "targetSize": {"fixed": 1}}]
    rig.control("PATCH", GROUP, {"versions": entries})
    with pytest.raises(RefusedError, match="it is set to 'dojangkok-dev-ai-server-seed' and"):
        call()
    with pytest.raises(RefusedError, match="were not set by deploy"):
        rig.reconcile()
    with pytest.raises(RefusedError, match="has 2 versions"):
        rig.deploy("a")


def test_promote_of_a_canary_that_does_not_serve_is_refused() -> None:
    """A canary whose instance is unhealthy is not promoted."""
    rig = stepped_rig()
    rig.deploy("a")
    [name] = names(rig)
    rig.control("POST", f"{GROUP}/recreateInstances", {"instances": [f"zones/asia-northeast3-a/instances/{name}"]})
    patches = rig.writes()
    with pytest.raises(RefusedError, match=r"'.*' is at step 1 of 3, on 1 of 3 instances, and its canary does not"):
        rig.promote()
    assert rig.writes() == patches


def test_promote_while_an_old_instance_is_repaired_says_so() -> None:
    """The canary serves, `status` says so, and the refusal names the instance that the group changes."""
    rig = stepped_rig()
    rig.deploy("a")
    old = next(instance for instance in rig.observed().group.instances if instance.name not in names(rig)).name
    rig.control("POST", f"{GROUP}/recreateInstances", {"instances": [f"zones/asia-northeast3-a/instances/{old}"]})
    with pytest.raises(RefusedError) as refused:
        rig.promote()
    assert f"its canary serves, but the group is not settled: '{old}' is recreating." in str(refused.value)
    shown = status(rig.config, rig.observed(), rig.now())
    assert shown.canary is not None
    assert shown.canary.is_serving


def test_reconcile_waits_for_a_step_with_a_new_budget() -> None:
    """Long after the death of the first process, another one waits for the step, and goes on to the pause."""
    rig = stepped_rig()
    dying = Client(rig.emulator, rig.config.project, "dying", lambda compute: rig.deploy("a", compute))
    while isinstance(target(rig), Version):
        dying.go(1)
    dying.kill()
    rig.emulator.environment.clock.move(86_400)
    assert rig.reconcile().pause == AT_STEP_1
    assert share(rig, "a") == 1


def test_reconcile_rolls_a_failing_step_back() -> None:
    """A canary that became unhealthy during its pause is rolled back by reconcile."""
    rig = stepped_rig()
    rig.deploy("a")
    rule = {"image": f"{REPOSITORY}@{digest('a')}", "never_healthy": True}
    rig.control("POST", "emulator/instance-rules", rule)
    [name] = names(rig)
    rig.control("POST", f"{GROUP}/recreateInstances", {"instances": [f"zones/asia-northeast3-a/instances/{name}"]})
    with pytest.raises(RolledBackError):
        rig.reconcile()
    assert share(rig, "latest") == 3


def test_each_step_checks_the_group_again() -> None:
    """A setting that preflight refuses, made during a bake, stops the rollout at its step; reconcile goes on later."""
    rig = stepped_rig({"instances": 1}, {"instances": 2})
    shown: list[int] = []

    def mask(_: Any) -> None:
        if share(rig, "a") == 1 and not shown:
            shown.append(1)
            masked = {"properties": {"metadata": {"startup-script": "echo masked"}}}
            rig.control("PATCH", GROUP, {"allInstancesConfig": masked})

    with pytest.raises(
        NotRestoredError, match=r"stays a canary on 1 instance: group .* has a 'startup-script'"
    ) as error:
        rig.execution(rig.plan("a"), show_snapshot=mask).perform()
    assert error.value.fix.endswith(", and run `reconcile`")
    rig.control("PATCH", GROUP, {"allInstancesConfig": None})
    assert rig.reconcile().pause is None
    assert share(rig, "a") == 3


def test_process_killed_in_the_last_bake_is_taken_over() -> None:
    """No state shows the end of the last bake: `reconcile` bakes again, and a repeated `deploy` says so."""
    rig = stepped_rig({"instances": 1}, bake_s=600.0)
    dying = Client(rig.emulator, rig.config.project, "dying", lambda compute: rig.deploy("a", compute))
    while not is_idle(rig.observed().group) or share(rig, "a") < 3:
        dying.go(dying.exchanges + 1)
    dying.kill()
    plan = rig.plan("a")
    assert isinstance(plan, NothingToDo)
    assert [line for line in plan.warnings if "the end of the last bake is not recorded" in line]
    text = "serves from every instance, and the end of its last bake is not recorded"
    assert status(rig.config, rig.observed(), rig.now()).summary.endswith(text)
    began_s = rig.emulator.environment.clock.now_s()
    result = rig.reconcile()
    assert rig.emulator.environment.clock.now_s() - began_s >= 600
    assert (result.changed, "baked" in [phase.name for phase in result.phases]) == (False, True)
    assert rebuilt_result(rig.config, "dev", rig.observed(), rig.now()).exit_code == 0
    rig.deploy("b")
    rig.rollback()
    assert isinstance(plan_reconcile(rig.config, rig.observed(), rig.now()), NothingToDo)


@pytest.mark.parametrize("policy", [{"type": "OPPORTUNISTIC"}, {"mostDisruptiveAllowedAction": "NONE"}], ids=str)
def test_canary_of_a_group_that_was_stopped_is_aborted(policy: dict[str, Any]) -> None:
    """A person stops a rollout by its update policy, and then aborts it."""
    rig = stepped_rig()
    rig.deploy("a")
    rig.control("PATCH", GROUP, {"updatePolicy": policy})
    with pytest.raises(RefusedError):
        rig.promote()
    rig.abort()
    assert rig.serving() == ["latest"] * 3


@pytest.mark.parametrize("verb", ["abort", "rollback"])
def test_canary_whose_size_another_client_set_is_aborted(verb: str) -> None:
    """The size is no step of the release, so that no verb but these can go on with the group."""
    rig = stepped_rig()
    rig.deploy("a")
    document = rig.emulator.environment.view.get(GROUP) or {}
    sizes = [{**entry, **({"targetSize": {"fixed": 2}} if "-r-" in entry["instanceTemplate"] else {})}
             for entry in document["versions"]]  # fmt: skip
    rig.control("PATCH", GROUP, {"versions": sizes})
    rig.emulator.environment.clock.move(600)
    calls: tuple[Callable[[], RolloutResult], ...] = (
        rig.promote,
        rig.reconcile,
        partial(rig.deploy, "a"),
        partial(rig.deploy, "b"),
    )
    for call in calls:
        with pytest.raises(RefusedError, match=r"its size 2 is no step of its release, .* run `abort`"):
            call()
    (rig.abort if verb == "abort" else rig.rollback)()
    assert rig.serving() == ["latest"] * 3


def test_resize_between_plan_and_patch_is_refused() -> None:
    """A step that would be the whole group of another size is not set; the command can be run again."""
    rig = stepped_rig({"instances": 2}, {"pause": True})
    plan = rig.plan("a")
    rig.control("POST", f"{GROUP}/resize?size=2")
    with pytest.raises(RefusedError, match="the target size is 2, and a canary of 2 would be the whole group"):
        rig.execution(plan).perform()
    assert share(rig, "a") == 0


def test_abort_that_meets_the_next_step_restores_the_old_release() -> None:
    """An abort that was planned at one step undoes the next one too, which another process has set meanwhile."""
    rig = stepped_rig({"instances": 1}, {"pause": True}, {"instances": 2}, {"pause": True})
    rig.deploy("a")
    plan = plan_abort(rig.config, rig.observed())
    rig.promote()
    rig.perform(plan)
    assert rig.serving() == ["latest"] * 3


def test_resize_late_in_a_long_bake_is_no_failure() -> None:
    """A group that has to settle again during a bake has the time of a step for it, not what is left of the first."""
    rig = stepped_rig({"instances": 1, "bake_s": 1800})
    resized: list[float] = []

    def resize(snapshot: Snapshot) -> None:
        if snapshot.at_s > 1200 and not resized:
            resized.append(snapshot.at_s)
            rig.control("POST", f"{GROUP}/resize?size=4")

    rig.execution(rig.plan("a"), show_snapshot=resize).perform()
    assert (len(resized), share(rig, "a")) == (1, 4)


def test_promote_of_another_process_supersedes_a_bake() -> None:
    """A process that bakes a step ends as superseded when another process promotes the canary."""
    rig = stepped_rig({"instances": 1, "bake_s": 600}, {"instances": 2})
    promoted: list[int] = []

    def promote(_: Any) -> None:
        if share(rig, "a") == 1 and not promoted and rig.observed().group.is_stable:
            promoted.append(1)
            rig.promote(full=True)

    with pytest.raises(SupersededError, match="the canary was promoted meanwhile: the group is set to"):
        rig.execution(rig.plan("a"), show_snapshot=promote).perform()
    assert share(rig, "a") == 3


def test_status_history_and_report_of_a_canary() -> None:
    """Other processes show the step, its share, and the state of both releases."""
    rig = stepped_rig()
    rig.deploy("a")
    observed, now = rig.observed(), rig.now()
    shown = status(rig.config, observed, now)
    assert shown.canary is not None
    assert (shown.canary.step, shown.canary.steps, shown.canary.share) == (1, 3, "1 of 3 instances")
    assert (shown.canary.is_serving, shown.canary.pauses, shown.canary.release.digest[7:8]) == (True, True, "a")
    assert not [line for line in shown.drift if "still on" in line]
    rows = release_rows(rig.config, observed, now)
    assert [(row.state, row.is_serving) for row in rows] == [("canary", False), ("unmanaged", False)]
    rebuilt = rebuilt_result(rig.config, "dev", observed, now)
    assert rebuilt.rollout is not None
    assert (rebuilt.exit_code, rebuilt.rollout.pause, rebuilt.verb) == (0, AT_STEP_1, "deploy")
