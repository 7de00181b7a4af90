"""Rollouts with steps: a canary beside the old release, promoted, aborted and rolled back."""

import pytest

from deploy.documents.group_state import Version
from deploy.documents.instance_count import InstanceCount
from deploy.errors import RefusedError, RolledBackError
from deploy.group.version_name import parse_version_name
from deploy.rollout.pruning import prune_templates
from deploy.rollout.result import Pause
from deploy.step_settings import StepSettings
from tests.integration.deploy.regional import recreating_rig, regional_rig, settings
from tests.integration.deploy.rig import new_rig
from tests.integration.deploy.stepped import AT_STEP_1, STEPS, canary, names, share, stepped_rig, target, with_steps
from tests.unit.deploy.values import GROUP, digest


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


def test_repeated_promote_passes_no_other_pause() -> None:
    """With the step of the pause's report, a call whose answer was lost can be made again at any time."""
    steps = ({"instances": 1}, {"pause": True}, {"instances": 2}, {"pause": True})
    rig = stepped_rig(*steps)
    rig.deploy("a")
    with pytest.raises(RefusedError, match="is at step 1 of 3, on 1 of 3 instances, and --step is 2"):
        rig.promote(step=2)
    for _ in range(2):
        assert rig.promote(step=1).pause == Pause(2, 3, "2 of 3 instances")
        assert share(rig, "a") == 2
    with pytest.raises(RefusedError, match="and --step is 1"):
        rig.promote(step=1, full=True)
    patches = rig.writes()
    for _ in range(2):
        assert rig.promote(step=2).pause is None
        assert share(rig, "a") == 3
    assert rig.promote(step=1).pause is None
    assert rig.writes().count(("instanceGroupManagers.patch", 200)) == 1 + patches.count(
        ("instanceGroupManagers.patch", 200)
    )
    with pytest.raises(RefusedError, match="has no canary of a rollout with steps"):
        rig.promote()
    rig.rollback()
    with pytest.raises(RefusedError, match="has no canary of a rollout with steps"):
        rig.promote(step=2)


def test_repeated_promote_goes_on_with_no_other_release() -> None:
    """A job that is run again after another deploy meets that one's canary at the same step, and refuses it."""
    rig = stepped_rig({"instances": 1}, {"pause": True})
    for letter, other in (("a", "b"), ("b", "a")):
        rig.deploy(letter)
        patches = rig.writes()
        text = rf"--to '{digest(other)}' is not the release of group '.*', which is '.*', digest {letter * 12}\."
        with pytest.raises(RefusedError, match=text) as refused:
            rig.promote(step=1, to=digest(other))
        assert refused.value.fix == f"see `status`, and pass --to {letter * 12} to go on with that release"
        assert (rig.writes(), share(rig, letter)) == (patches, 1)
        assert rig.promote(step=1, to=letter * 12).pause is None
        assert share(rig, letter) == 3
        assert not rig.promote(step=1, to=letter * 40).changed
    with pytest.raises(RefusedError, match="is not the release of group"):
        rig.promote(step=1, to=digest("a"))


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


def test_regional_group_takes_steps() -> None:
    """A regional group of three zones has a canary of one instance, and surges by one in each zone."""
    steps = (StepSettings(instances=1), StepSettings(pause=True))
    rig = regional_rig(size=6, rollout=settings(steps=steps))
    assert rig.deploy("a").pause == Pause(1, 2, "1 of 6 instances")
    assert share(rig, "a") == 1
    rig.promote()
    assert share(rig, "a") == 6


def test_prune_keeps_the_templates_of_both_versions() -> None:
    """The canary's template is kept, although two unproven releases are newer."""
    rig = stepped_rig()
    for letter in "bcd":
        rig.deploy(letter)
        rig.abort()
    rig.deploy("b")
    current = canary(rig)
    assert prune_templates(rig.managed(), rig.config).templates == ()
    assert {current.old.template, current.new.template} <= set(rig.templates())
    rig.promote()
    assert share(rig, "b") == 3
