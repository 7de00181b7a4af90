"""Every refusal before anything is written, and what a stranger makes of a group that a dead client left."""

from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.errors import DeployError, NotRestoredError, RefusedError, RolledBackError
from deploy.release import history
from deploy.rollout import plan as plans
from deploy.rollout.insert_template import insert
from deploy.rollout.patch import patch_group
from deploy.rollout.perform import Rollout
from tests.unit.deploy.rig import GROUP, REPOSITORY, Rig, digest, new_rig


def test_empty_group_is_rolled_and_warned_about() -> None:
    rig = new_rig()
    rig.control(
        "POST",
        "projects/dojangkok-dev/zones/asia-northeast3-a/instanceGroupManagers/dojangkok-dev-ai-server-mig/resize?size=0",
    )
    rig.emulator.environment.clock.move(60)
    result = rig.deploy("a")
    assert result.changed
    assert any("target size 0" in warning for warning in result.warnings)


def test_release_that_no_machine_ever_served_is_not_good() -> None:
    """A broken release on an empty group is no place to go back to, once the group has machines again."""
    rig = new_rig()
    group = "projects/dojangkok-dev/zones/asia-northeast3-a/instanceGroupManagers/dojangkok-dev-ai-server-mig"
    rig.deploy("a")
    rig.control("POST", f"{group}/resize?size=0")
    rig.emulator.environment.clock.move(60)
    rig.deploy("b")
    entry = rig.plan("c").entry
    assert entry is not None
    assert entry.template == "dojangkok-dev-ai-server-seed"
    found = rig.observed()
    assert not any(
        release.is_proven for release in history.releases(found.templates, REPOSITORY, found.group.qualified_name, "")
    )


def abandoned(rig: Rig, letter: str) -> plans.Plan:
    """A deploy whose process was killed right after its patch."""
    compute = rig.compute()
    rolling = rig.plan(letter, compute)
    assert rolling.template is not None
    insert(compute, rig.config, rolling.template)
    patch_group(compute, rig.config, rolling.version, rolling.before)
    return rolling


def test_reconcile_waits_for_what_is_within_its_deadline() -> None:
    rig = new_rig()
    abandoned(rig, "a")
    found = plans.reconcile(rig.observed(), rig.wanted("a").now)
    assert found.action == "wait"
    assert found.text.startswith("deploy of aaaaaaaaaaaa, run run1, has 5")
    Rollout(rig.compute(), rig.config, rig.said.append).reconcile(found)
    assert rig.serving() == ["a"] * 3


def test_reconcile_undoes_what_is_past_it() -> None:
    rig = new_rig()
    rig.control("POST", "emulator/instance-rules", {"never_healthy": True})
    abandoned(rig, "a")
    rig.emulator.environment.clock.move(700)
    found = plans.reconcile(rig.observed(), rig.wanted("a").now)
    assert (found.action, "past its deadline" in found.text) == ("undo", True)
    with pytest.raises(RolledBackError):
        Rollout(rig.compute(), rig.config, rig.said.append).reconcile(found)
    assert rig.serving() == ["latest"] * 3


def weeks_later(rig: Rig, **behaviour: object) -> None:
    """A release that has served for weeks, and a machine of it that has just been replaced by hand."""
    rig.deploy("a")
    rig.deploy("b")
    rig.emulator.environment.clock.move(2_000_000)
    if behaviour:
        rig.control("POST", "emulator/instance-rules", behaviour)
    name = rig.observed().group.instances[0].name
    zone = "projects/dojangkok-dev/zones/asia-northeast3-a"
    rig.control("POST", f"{GROUP}/recreateInstances", {"instances": [f"{zone}/instances/{name}"]})
    rig.emulator.environment.clock.move(5)


def test_reconcile_waits_for_a_machine_of_a_release_that_is_weeks_old() -> None:
    """One machine that is not ready yet is no reason to take a healthy release from all of them."""
    rig = new_rig()
    weeks_later(rig)
    patches = rig.writes().count(("instanceGroupManagers.patch", 200))
    found = plans.reconcile(rig.observed(), rig.wanted("b").now)
    name = rig.observed().group.versions[0].template
    assert (found.action, found.text) == ("wait", f"'{name}' is on every machine, and the group is not settled")
    Rollout(rig.compute(), rig.config, rig.said.append).reconcile(found)
    assert rig.serving() == ["b"] * 3
    assert rig.writes().count(("instanceGroupManagers.patch", 200)) == patches


def test_reconcile_undoes_a_release_that_is_everywhere_once_that_wait_has_failed() -> None:
    rig = new_rig()
    weeks_later(rig, never_healthy=True, image=f"{REPOSITORY}@{digest('b')}")
    with pytest.raises(RolledBackError):
        rig.reconcile()
    assert rig.serving() == ["a"] * 3


def test_reconcile_touches_nothing_of_others() -> None:
    rig = new_rig()
    observed = rig.observed()
    unsettled = replace(observed, group=replace(observed.group, is_stable=False))
    found = plans.reconcile(unsettled, rig.wanted("a").now)
    assert found.action == "foreign"
    with pytest.raises(RefusedError, match=r"was not rolled out by this program. Fix: ask whoever did"):
        Rollout(rig.compute(), rig.config, rig.said.append).reconcile(found)


def test_reconcile_has_nothing_to_do_where_all_is_well() -> None:
    rig = new_rig()
    rig.deploy("a")
    found = plans.reconcile(rig.observed(), rig.wanted("a").now + timedelta(days=1))
    assert found.action == "nothing"
    assert not Rollout(rig.compute(), rig.config, rig.said.append).reconcile(found).changed


def test_deploy_of_what_is_on_its_way_waits_for_it() -> None:
    rig = new_rig()
    abandoned(rig, "a")
    writes = rig.writes()
    result = rig.deploy("a")
    assert not result.changed
    assert rig.writes() == writes
    assert rig.serving() == ["a"] * 3


def test_first_release_that_fails_with_nothing_good_before_says_so() -> None:
    """The seed never got healthy: there is nothing to go back to, and nobody claims otherwise."""
    rig = new_rig()
    rig.control("POST", "emulator/instance-rules", {"never_healthy": True})
    compute = rig.compute()
    observed = rig.observed(compute)
    ill = tuple(replace(machine, health="UNHEALTHY") for machine in observed.group.instances)
    unproven = replace(observed, group=replace(observed.group, instances=ill))
    with pytest.raises(NotRestoredError, match=r"no good release to go back to"):
        Rollout(compute, rig.config, rig.said.append).perform(plans.plan(rig.config, rig.wanted("a"), unproven))


def test_way_back_that_does_not_settle_says_so() -> None:
    rig = new_rig()
    rig.control("POST", "emulator/instance-rules", {"never_healthy": True})
    forbidden = {"on": "instanceGroupManagers.patch", "nth": [2], "status": 400, "reason": "invalid"}
    rig.control("POST", "emulator/faults", {"faults": [forbidden]})
    with pytest.raises(NotRestoredError, match=r"The way back did not settle: .* 400 injected") as error:
        rig.deploy("a")
    assert (error.value.fix, error.value.diagnostics != ()) == ("run reconcile", True)


def test_template_of_the_same_name_with_other_content_is_refused() -> None:
    rig = new_rig()
    found = rig.plan("a")
    assert found.template is not None
    foreign = {"name": found.template["name"], "properties": {"machineType": "e2-small"}}
    rig.control("POST", "projects/dojangkok-dev/global/instanceTemplates", foreign)
    with pytest.raises(RefusedError, match="what is there differs in"):
        rig.deploy("a")
    assert rig.serving() == ["latest"] * 3
    assert found.template["name"] in rig.templates()


def test_leftover_of_a_failed_run_is_adopted() -> None:
    rig = new_rig()
    found = rig.plan("a")
    rig.control("POST", "projects/dojangkok-dev/global/instanceTemplates", found.template)
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3
    assert len(rig.templates()) == 2


@pytest.mark.parametrize("kind", [RefusedError, RolledBackError, NotRestoredError])
def test_every_error_has_its_code_and_its_way_out(kind: type[DeployError]) -> None:
    codes = {RefusedError: 3, RolledBackError: 7, NotRestoredError: 8}
    error = kind("group 'x': what.", "do this")
    assert (error.exit_code, str(error)) == (codes[kind], "group 'x': what. Fix: do this.")
