"""Rollouts with steps: a canary beside the old release, promoted, aborted, and taken over by another process."""

from typing import Any

import pytest

from deploy.documents.group_state import Group, Version
from deploy.documents.instance_count import InstanceCount
from deploy.errors import NotRestoredError, RefusedError, RolledBackError, SupersededError
from deploy.group.version_name import parse_version_name
from deploy.report.rebuilt_result import rebuilt_result
from deploy.report.releases import release_rows
from deploy.report.status import status
from deploy.rollout.bake_check import BakeFinding
from deploy.rollout.perform import Execution
from deploy.rollout.plan import ContinueSteps, DeployRelease
from deploy.rollout.result import Pause
from deploy.step_settings import StepSettings
from tests.integration.deploy.clients import Client
from tests.integration.deploy.regional import recreating_rig, regional_rig, settings
from tests.integration.deploy.rig import Rig, new_rig
from tests.integration.deploy.stepped import STEPS, canary, share, stepped_rig, target, with_steps
from tests.unit.deploy.values import GROUP, REPOSITORY, digest

AT_STEP_1 = Pause(1, 3, "1 of 3 instances")


def names(rig: Rig) -> set[str]:
    """Return the names of the instances on release a."""
    group = rig.emulator.environment.view.groups[GROUP]
    return {instance.name for instance in group.instances if "-r-" in instance.intended.template}


def test_steps_rise_to_the_whole_group() -> None:
    """Each step serves and bakes before the next one; its instances stay, and so does the name of its version."""
    rig = stepped_rig(STEPS[0], STEPS[2])
    result = rig.deploy("a")
    assert (result.pause, share(rig, "a")) == (None, 3)
    assert isinstance(target(rig), Version)
    phases = {phase.name: phase.seconds for phase in result.phases}
    assert list(phases) == [
        "template", "first instance running", "first healthy", "step 1", "step 2", "all healthy", "old deleted",
        "settled", "baked",
    ]  # fmt: skip
    assert phases["step 1"] >= 60
    assert phases["step 2"] >= 30
    entries = list(rig.emulator.environment.store.entries(kind="group"))
    versions = {(row["template"], row["name"]) for entry in entries for row in entry["versions"]}
    assert len({name for template, name in versions if "-r-" in template}) == 1
    rows = [row for entry in entries for row in entry["instances"]]
    created = {row["name"] for row in rows if "-r-" in row["template"]}
    assert len(created) == 3
    assert rig.never_fewer_than(3)


def test_name_of_a_rollout_with_steps_has_no_deadline() -> None:
    """The version's name says that there are steps; they stand in the release record."""
    rig = stepped_rig()
    rig.deploy("a")
    name = parse_version_name(canary(rig).new.name)
    assert name is not None
    assert (name.kind, name.deadline_at) == ("deploy", None)
    assert len(str(name)) <= 63


def test_pause_waits_for_promote() -> None:
    """A pause ends the run; time changes nothing; promote goes on to the end."""
    rig = stepped_rig()
    result = rig.deploy("a")
    assert (result.pause, result.changed, share(rig, "a")) == (AT_STEP_1, True, 1)
    assert canary(rig).size == InstanceCount(1)
    canaries = names(rig)
    rig.emulator.environment.clock.move(7 * 86_400)
    rig.emulator.environment.advance()
    assert (share(rig, "a"), names(rig)) == (1, canaries)
    assert rig.promote().pause is None
    assert share(rig, "a") == 3
    assert canaries < names(rig)


def test_promote_goes_to_the_next_pause() -> None:
    """Promote ends at the next pause, and `--full` skips every step that is left."""
    steps = ({"instances": 1}, {"pause": True}, {"instances": 2}, {"pause": True})
    rig = stepped_rig(*steps)
    assert rig.deploy("a").pause == AT_STEP_1
    assert rig.promote().pause == Pause(2, 3, "2 of 3 instances")
    assert share(rig, "a") == 2
    assert rig.promote().pause is None
    assert share(rig, "a") == 3
    rig.deploy("b")
    result = rig.promote(full=True)
    assert (result.pause, share(rig, "b")) == (None, 3)
    assert not [phase for phase in result.phases if phase.name.startswith("step")]


@pytest.mark.parametrize("verb", ["abort", "rollback", "rollback --to"])
def test_abort_restores_the_version_beside_the_canary(verb: str) -> None:
    """`abort` and `rollback` restore the old entry as it was, so that no other instance is replaced."""
    rig = stepped_rig()
    rig.deploy("a")
    before, old = rig.emulator.environment.view.groups[GROUP].instances, canary(rig).old
    kept = {instance.name for instance in before} - names(rig)
    if verb == "abort":
        rig.abort()
    else:
        rig.rollback(old.template if verb.endswith("--to") else "")
    assert target(rig) == old
    assert (share(rig, "latest"), names(rig)) == (3, set())
    assert kept < {instance.name for instance in rig.emulator.environment.view.groups[GROUP].instances}
    assert rig.never_fewer_than(3)


def test_canary_that_fails_is_rolled_back() -> None:
    """A canary that is never healthy is rolled back after the time of its own step; the others are not touched."""
    rig = stepped_rig()
    rig.control("POST", "emulator/instance-rules", {"never_healthy": True})
    before = {instance.name for instance in rig.emulator.environment.view.groups[GROUP].instances}
    began_s = rig.emulator.environment.clock.now_s()
    with pytest.raises(RolledBackError, match="not done after 360 s") as error:
        rig.deploy("a")
    assert "'dojangkok-dev-ai-server-seed' serves again." in str(error.value)
    assert share(rig, "latest") == 3
    assert len(before & {instance.name for instance in rig.emulator.environment.view.groups[GROUP].instances}) >= 2
    assert rig.emulator.environment.clock.now_s() - began_s < 1_200


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


def test_percentage_moves_with_the_target_size() -> None:
    """The canary of a percentage grows with the group, and a step that would lower the canary is left out."""
    rig = stepped_rig({"percent": 40}, {"pause": True}, {"instances": 3})
    assert rig.deploy("a").pause == Pause(1, 3, "2 of 3 instances")
    rig.control("POST", f"{GROUP}/resize?size=8")
    rig.emulator.environment.clock.move(600)
    rig.emulator.environment.advance()
    assert share(rig, "a") == 4
    result = rig.promote()
    assert share(rig, "a") == 8
    assert not [phase for phase in result.phases if phase.name.startswith("step")]


def test_each_step_checks_the_group_again() -> None:
    """A setting that preflight refuses, made during a bake, stops the rollout at its step; reconcile goes on later."""
    rig = stepped_rig({"instances": 1}, {"instances": 2})
    shown: list[int] = []

    def mask(_: Any) -> None:
        if share(rig, "a") == 1 and not shown:
            shown.append(1)
            masked = {"properties": {"metadata": {"startup-script": "echo masked"}}}
            rig.control("PATCH", GROUP, {"allInstancesConfig": masked})

    with pytest.raises(NotRestoredError, match=r"stays a canary, size 1: group .* has a 'startup-script'") as error:
        rig.execution(rig.plan("a"), show_snapshot=mask).perform()
    assert error.value.fix.endswith(", and run `reconcile`")
    rig.control("PATCH", GROUP, {"allInstancesConfig": None})
    assert rig.reconcile().pause is None
    assert share(rig, "a") == 3


def test_promote_of_another_process_supersedes_a_bake() -> None:
    """A process that bakes a step ends as superseded when another process promotes the canary."""
    rig = stepped_rig({"instances": 1, "bake_s": 600}, {"instances": 2})
    promoted: list[int] = []

    def promote(_: Any) -> None:
        if share(rig, "a") == 1 and not promoted and rig.observed().group.is_stable:
            promoted.append(1)
            rig.promote(full=True)

    with pytest.raises(SupersededError, match="the target versions of the group are now"):
        rig.execution(rig.plan("a"), show_snapshot=promote).perform()
    assert share(rig, "a") == 3


def test_template_of_an_aborted_release_has_the_steps_of_its_own_deploy() -> None:
    """A release that is deployed again with other steps gets another template, because its record has the steps."""
    rig = stepped_rig()
    first = rig.deploy("a").target
    rig.abort()
    assert rig.deploy("a").target.link == first.link
    rig.abort()
    with_steps(rig, {"instances": 2})
    second = rig.deploy("a").target
    assert second.link != first.link


def test_status_history_and_report_of_a_canary() -> None:
    """Other processes show the step, its share, and the state of both releases."""
    rig = stepped_rig()
    rig.deploy("a")
    observed, now = rig.observed(), rig.now()
    shown = status(rig.config, observed, now)
    assert shown.canary is not None
    assert (shown.canary.step, shown.canary.steps, shown.canary.share) == (1, 3, "1 of 3 instances")
    assert (shown.canary.is_serving, shown.canary.pauses, shown.canary.digest[7:8]) == (True, True, "a")
    assert not [line for line in shown.drift if "still on" in line]
    [row] = release_rows(rig.config, observed, now)
    assert (row.state, row.is_serving) == ("canary", False)
    rebuilt = rebuilt_result(rig.config, "dev", observed, now)
    assert rebuilt.rollout is not None
    assert (rebuilt.exit_code, rebuilt.rollout.pause, rebuilt.verb) == (0, AT_STEP_1, "deploy")


def test_steps_that_do_not_fit_are_refused() -> None:
    """The first step leaves at least one instance on the old release, and the steps rise."""
    for steps, text in (
        (({"instances": 3},), "begins with 3 instances, and the target size is 3"),
        (({"instances": 1}, {"percent": 10}), r"at target size 3, step 1 \(1\) has 1 .*, and step 2 \(10%\) has 1"),
    ):
        rig = stepped_rig(*steps)
        with pytest.raises(RefusedError, match=text):
            rig.plan("a")
        assert rig.writes() == []


def test_canary_beside_an_unproven_release_is_refused() -> None:
    """A canary is compared with a release that serves, and rolled back to it."""
    rig = stepped_rig()
    rig.control("POST", "emulator/instance-rules", {"never_healthy": True})
    group = rig.emulator.environment.view.groups[GROUP]
    instances = [f"zones/asia-northeast3-a/instances/{instance.name}" for instance in group.instances]
    rig.control("POST", f"{GROUP}/recreateInstances", {"instances": instances})
    rig.emulator.environment.clock.move(30)
    with pytest.raises(RefusedError, match="which would serve beside the canary, is not proven: "):
        rig.plan("a")


@pytest.mark.parametrize("method", ["RECREATE", "SUBSTITUTE"])
def test_steps_with_a_falling_capacity(method: str) -> None:
    """A canary also replaces instances under their names, or below the target size."""
    rig = recreating_rig() if method == "RECREATE" else new_rig()
    rig = with_steps(rig, *STEPS, method=method, surge=0, unavailable=1)
    assert rig.deploy("a").pause == AT_STEP_1
    rig.abort()
    assert share(rig, "latest") == 3
    rig.deploy("a")
    rig.promote()
    assert share(rig, "a") == 3


class Check:
    """A check of a bake that returns a finding for each release."""

    def __init__(self, finding: BakeFinding) -> None:
        self.finding = finding
        self.calls: list[object] = []

    def __call__(self, group: Group, target: object) -> BakeFinding:
        """Return the finding."""
        self.calls.append(target)
        return self.finding


def checked(rig: Rig, plan: DeployRelease | ContinueSteps, check: Check) -> Execution:
    """Return the execution of a plan with a check of its bakes."""
    return Execution(rig.managed(), rig.config, plan, rig.print_line, lambda _: None, check)


def test_failing_check_of_a_bake_rolls_back() -> None:
    """A release that a check finds bad is rolled back, though its instances are healthy."""
    rig = stepped_rig({"instances": 1})
    plan = rig.plan_release("a")
    with pytest.raises(RolledBackError, match=r"release '.*': check 'errors' is 0.03, at most 0.01"):
        checked(rig, plan, Check(BakeFinding("failed", "check 'errors' is 0.03, at most 0.01"))).perform()
    assert share(rig, "latest") == 3


def test_inconclusive_check_pauses_at_its_step() -> None:
    """A step that a check can't judge pauses at the end of its bake; a check that passes lets it go on."""
    rig = stepped_rig({"instances": 1})
    result = checked(
        rig, rig.plan_release("a"), Check(BakeFinding("inconclusive", "check 'errors' has no data"))
    ).perform()
    assert result.pause == Pause(1, 2, "1 of 3 instances", "check 'errors' has no data")
    plan = rig.plan("a")
    assert isinstance(plan, ContinueSteps)
    passing = Check(BakeFinding("passed"))
    assert checked(rig, plan, passing).perform().pause is None
    assert {type(target).__name__ for target in passing.calls} == {"Canary", "Version"}
    assert share(rig, "a") == 3


def test_regional_group_takes_steps() -> None:
    """A regional group of three zones has a canary of one instance, and surges by one in each zone."""
    steps = (StepSettings(instances=1), StepSettings(pause=True))
    rig = regional_rig(size=6, rollout=settings(steps=steps))
    assert rig.deploy("a").pause == Pause(1, 2, "1 of 6 instances")
    assert share(rig, "a") == 1
    rig.promote()
    assert share(rig, "a") == 6
