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
from tests.unit.deploy.rig import GROUP, REPOSITORY, Rig, digest, rig


def test_empty_group_is_rolled_and_warned_about() -> None:
    one = rig()
    one.control(
        "POST",
        "projects/dojangkok-dev/zones/asia-northeast3-a/instanceGroupManagers/dojangkok-dev-ai-server-mig/resize?size=0",
    )
    one.api.world.clock.move(60)
    result = one.deploy("a")
    assert result.changed
    assert any("target size 0" in warning for warning in result.warnings)


def test_release_that_no_machine_ever_served_is_not_good() -> None:
    """A broken release on an empty group is no place to go back to, once the group has machines again."""
    one = rig()
    group = "projects/dojangkok-dev/zones/asia-northeast3-a/instanceGroupManagers/dojangkok-dev-ai-server-mig"
    one.deploy("a")
    one.control("POST", f"{group}/resize?size=0")
    one.api.world.clock.move(60)
    one.deploy("b")
    entry = one.plan("c").entry
    assert entry is not None
    assert entry.template == "dojangkok-dev-ai-server-seed"
    found = one.observed()
    assert not any(release.is_good for release in history.releases(found.templates, REPOSITORY, found.group.place, ""))


def abandoned(one: Rig, letter: str) -> plans.Plan:
    """A deploy whose process was killed right after its patch."""
    compute = one.compute()
    rolling = one.plan(letter, compute)
    assert rolling.template is not None
    insert(compute, one.config, rolling.template)
    patch_group(compute, one.config, rolling.version, rolling.before)
    return rolling


def test_reconcile_waits_for_what_is_within_its_deadline() -> None:
    one = rig()
    abandoned(one, "a")
    found = plans.reconcile(one.observed(), one.wanted("a").now)
    assert found.action == "wait"
    assert found.text.startswith("deploy of aaaaaaaaaaaa, run run1, has 5")
    Rollout(one.compute(), one.config, one.said.append).reconcile(found)
    assert one.serving() == ["a"] * 3


def test_reconcile_undoes_what_is_past_it() -> None:
    one = rig()
    one.control("POST", "emulator/machines", {"never_healthy": True})
    abandoned(one, "a")
    one.api.world.clock.move(700)
    found = plans.reconcile(one.observed(), one.wanted("a").now)
    assert (found.action, "past its deadline" in found.text) == ("undo", True)
    with pytest.raises(RolledBackError):
        Rollout(one.compute(), one.config, one.said.append).reconcile(found)
    assert one.serving() == ["latest"] * 3


def weeks_later(one: Rig, **behaviour: object) -> None:
    """A release that has served for weeks, and a machine of it that has just been replaced by hand."""
    one.deploy("a")
    one.deploy("b")
    one.api.world.clock.move(2_000_000)
    if behaviour:
        one.control("POST", "emulator/machines", behaviour)
    name = one.observed().group.machines[0].name
    zone = "projects/dojangkok-dev/zones/asia-northeast3-a"
    one.control("POST", f"{GROUP}/recreateInstances", {"instances": [f"{zone}/instances/{name}"]})
    one.api.world.clock.move(5)


def test_reconcile_waits_for_a_machine_of_a_release_that_is_weeks_old() -> None:
    """One machine that is not ready yet is no reason to take a healthy release from all of them."""
    one = rig()
    weeks_later(one)
    patches = one.writes().count(("instanceGroupManagers.patch", 200))
    found = plans.reconcile(one.observed(), one.wanted("b").now)
    name = one.observed().group.versions[0].template
    assert (found.action, found.text) == ("wait", f"'{name}' is on every machine, and the group is not settled")
    Rollout(one.compute(), one.config, one.said.append).reconcile(found)
    assert one.serving() == ["b"] * 3
    assert one.writes().count(("instanceGroupManagers.patch", 200)) == patches


def test_reconcile_undoes_a_release_that_is_everywhere_once_that_wait_has_failed() -> None:
    one = rig()
    weeks_later(one, never_healthy=True, image=f"{REPOSITORY}@{digest('b')}")
    with pytest.raises(RolledBackError):
        one.reconcile()
    assert one.serving() == ["a"] * 3


def test_reconcile_touches_nothing_of_others() -> None:
    one = rig()
    observed = one.observed()
    unsettled = replace(observed, group=replace(observed.group, is_stable=False))
    found = plans.reconcile(unsettled, one.wanted("a").now)
    assert found.action == "foreign"
    with pytest.raises(RefusedError, match=r"was not rolled out by this program. Fix: ask whoever did"):
        Rollout(one.compute(), one.config, one.said.append).reconcile(found)


def test_reconcile_has_nothing_to_do_where_all_is_well() -> None:
    one = rig()
    one.deploy("a")
    found = plans.reconcile(one.observed(), one.wanted("a").now + timedelta(days=1))
    assert found.action == "nothing"
    assert not Rollout(one.compute(), one.config, one.said.append).reconcile(found).changed


def test_deploy_of_what_is_on_its_way_waits_for_it() -> None:
    one = rig()
    abandoned(one, "a")
    writes = one.writes()
    result = one.deploy("a")
    assert not result.changed
    assert one.writes() == writes
    assert one.serving() == ["a"] * 3


def test_first_release_that_fails_with_nothing_good_before_says_so() -> None:
    """The seed never got healthy: there is nothing to go back to, and nobody claims otherwise."""
    one = rig()
    one.control("POST", "emulator/machines", {"never_healthy": True})
    compute = one.compute()
    observed = one.observed(compute)
    ill = tuple(replace(machine, health="UNHEALTHY") for machine in observed.group.machines)
    unproven = replace(observed, group=replace(observed.group, machines=ill))
    with pytest.raises(NotRestoredError, match=r"no good release to go back to"):
        Rollout(compute, one.config, one.said.append).perform(plans.plan(one.config, one.wanted("a"), unproven))


def test_way_back_that_does_not_settle_says_so() -> None:
    one = rig()
    one.control("POST", "emulator/machines", {"never_healthy": True})
    forbidden = {"on": "instanceGroupManagers.patch", "nth": [2], "status": 400, "reason": "invalid"}
    one.control("POST", "emulator/faults", {"faults": [forbidden]})
    with pytest.raises(NotRestoredError, match=r"The way back did not settle: .* 400 injected") as error:
        one.deploy("a")
    assert (error.value.fix, error.value.evidence != ()) == ("run reconcile", True)


def test_template_of_the_same_name_with_other_content_is_refused() -> None:
    one = rig()
    found = one.plan("a")
    assert found.template is not None
    foreign = {"name": found.template["name"], "properties": {"machineType": "e2-small"}}
    one.control("POST", "projects/dojangkok-dev/global/instanceTemplates", foreign)
    with pytest.raises(RefusedError, match="what is there differs in"):
        one.deploy("a")
    assert one.serving() == ["latest"] * 3
    assert found.template["name"] in one.templates()


def test_leftover_of_a_failed_run_is_adopted() -> None:
    one = rig()
    found = one.plan("a")
    one.control("POST", "projects/dojangkok-dev/global/instanceTemplates", found.template)
    one.deploy("a")
    assert one.serving() == ["a"] * 3
    assert len(one.templates()) == 2


@pytest.mark.parametrize("kind", [RefusedError, RolledBackError, NotRestoredError])
def test_every_error_has_its_code_and_its_way_out(kind: type[DeployError]) -> None:
    codes = {RefusedError: 3, RolledBackError: 7, NotRestoredError: 8}
    error = kind("group 'x': what.", "do this")
    assert (error.exit_code, str(error)) == (codes[kind], "group 'x': what. Fix: do this.")
