"""Every refusal before anything is written, and what a stranger makes of a group that a dead client left."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deploy import history
from deploy import plan as plans
from deploy.errors import DeployError, NotRestoredError, RefusedError, RolledBackError
from deploy.observe import Observed
from deploy.observed import group
from deploy.rollout import Rollout
from tests.unit.deploy.rig import REPOSITORY, Rig, rig

WHERE = "group 'dojangkok-dev-ai-server-mig'"


def changed(observed: Observed, **raw: Any) -> Observed:
    """The same group with other members in its document."""
    document = {**observed.group.raw, **raw}
    return replace(observed, group=replace(group(document, []), machines=observed.group.machines))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (
            {"region": "r"},
            f"{WHERE}: is regional, and surge 1 is not allowed there. Fix: use a zonal group for each zone.",
        ),
        ({"statefulPolicy": {"x": 1}}, f"{WHERE}: is stateful, its machines can't be replaced by new ones."),
        ({"status": {"stateful": {"hasStatefulConfig": True}}}, f"{WHERE}: is stateful"),
        (
            {"versions": [{"instanceTemplate": "x/a"}, {"instanceTemplate": "x/b"}]},
            f"{WHERE}: has 2 versions: 'a', 'b'.",
        ),
        ({"updatePolicy": {"type": "OPPORTUNISTIC"}}, f"{WHERE}: its update policy is OPPORTUNISTIC"),
        ({"updatePolicy": {"mostDisruptiveAllowedAction": "RESTART"}}, "mostDisruptiveAllowedAction is RESTART"),
        (
            {"instanceLifecyclePolicy": {"defaultActionOnFailure": "DO_NOTHING"}},
            "does nothing about a machine that fails",
        ),
        ({"instanceLifecyclePolicy": {"onFailedHealthCheck": "DO_NOTHING"}}, "does nothing about a machine that fails"),
        (
            {"allInstancesConfig": {"properties": {"metadata": {"startup-script": "x"}}}},
            "allInstancesConfig has a 'startup-script', which hides the template's. Fix: remove it there.",
        ),
    ],
)
def test_what_the_group_must_not_be(raw: dict[str, Any], text: str) -> None:
    one = rig()
    with pytest.raises(RefusedError) as error:
        plans.plan(one.config, one.wanted("a"), changed(one.observed(), **raw))
    assert text in str(error.value)
    assert one.writes() == []


def test_a_group_without_a_health_check_proves_nothing() -> None:
    one = rig()
    with pytest.raises(RefusedError, match="no autohealing health check, so a machine counts as healthy"):
        plans.plan(one.config, one.wanted("a"), replace(one.observed(), health_check=None))


def test_quota_for_the_surge_is_looked_at() -> None:
    one = rig()
    with pytest.raises(RefusedError, match="quota has room for 0 machines, surge needs 1"):
        plans.plan(one.config, one.wanted("a"), replace(one.observed(), room=0))


def test_unknown_group_says_what_to_correct() -> None:
    one = rig()
    one.config = one.config.model_copy(update={"group": "other"})
    with pytest.raises(
        RefusedError, match="group 'other': not found in zone asia-northeast3-a of project dojangkok-dev"
    ):
        one.observed()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"autoscaler": "s"}, "autoscaler 's' may change the size"),
        ({"unasked": "the API is off"}, "permissions were not checked: the API is off"),
    ],
)
def test_what_is_worth_knowing_is_a_warning(change: dict[str, Any], text: str) -> None:
    one = rig()
    found = plans.plan(one.config, one.wanted("a"), replace(one.observed(), **change))
    assert any(text in warning for warning in found.warnings)


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
    assert not any(release.is_good for release in history.releases(one.observed().templates, REPOSITORY, ""))


def abandoned(one: Rig, letter: str) -> plans.Plan:
    """A deploy whose process was killed right after its patch."""
    compute = one.compute()
    rolling = one.plan(letter, compute)
    act = Rollout(compute, one.config, one.said.append)
    act._insert(rolling)
    act._patch(rolling.version, rolling.before)
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
    unproven = replace(observed, group=replace(observed.group, is_stable=False))
    with pytest.raises(NotRestoredError, match=r"no good release to go back to"):
        Rollout(compute, one.config, one.said.append).perform(plans.plan(one.config, one.wanted("a"), unproven))


def test_way_back_that_does_not_settle_says_so() -> None:
    one = rig()
    one.control("POST", "emulator/machines", {"never_healthy": True})
    forbidden = {"on": "instanceGroupManagers.patch", "nth": [2], "status": 400, "reason": "invalid"}
    one.control("POST", "emulator/faults", {"faults": [forbidden]})
    with pytest.raises(NotRestoredError, match=r"The way back did not settle: .* 400 injected") as error:
        one.deploy("a")
    assert str(error.value).endswith("Fix: run reconcile.")


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
