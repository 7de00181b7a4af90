"""Groups without instances, from the start or by a resize to 0 during a rollout, prove no release."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deploy.documents.group_state import Group, Instance, Version
from deploy.errors import RefusedError, RolledBackError
from deploy.group.health import PollSummary, add_poll, group_verdict, is_idle, is_settled
from deploy.group.unattended_rollout import unattended_rollout
from deploy.release import history
from deploy.report import formats, preview, releases
from deploy.report.rebuilt_result import rebuilt_result
from deploy.report.status import status, status_report
from deploy.rollout.plan import WaitForRollout
from deploy.rollout.reconcile_plan import plan_reconcile
from deploy.rollout.result import RolloutResult, RunResult
from deploy.rollout.served_release import ServedRelease
from tests.integration.deploy.faulty import inject_fault, rig_without_bake
from tests.integration.deploy.rig import Rig, new_rig
from tests.support.reports import unwrapped
from tests.unit.deploy.values import GROUP, REPOSITORY

NOTHING = "no instances, nothing proven"
TARGET, OLD = Version("new", "v"), Version("old")
NEW = Instance("n", TARGET, "RUNNING", "NONE", "HEALTHY")
LEAVING = Instance("o", None, "RUNNING", "DELETING", "HEALTHY")


def of(*instances: Instance, size: int = 0) -> Group:
    return Group({}, (TARGET,), size, "f", True, True, instances)


def resized(rig: Rig, size: int) -> Rig:
    rig.control("POST", f"{GROUP}/resize?size={size}")
    rig.emulator.environment.clock.move(300)
    rig.emulator.environment.advance()
    return rig


def report(result: RolloutResult, shape: formats.Format = "text", verb: str = "deploy") -> str:
    began_at = datetime(2026, 11, 23, tzinfo=UTC)
    wanted = ServedRelease(result.target.template)
    outcome = RunResult(
        verb=verb,
        environment="dev",
        group="web",
        run="r",
        began_at=began_at,
        exit_code=0,
        target=wanted,
        rollout=result,
    )
    return formats.run_report(outcome, lambda *words: " ".join(words), shape)


def test_verdict_of_an_empty_group_depends_on_its_past() -> None:
    """A group that never had instances is done, and a group that lost them has failed."""
    empty = add_poll(of(), TARGET, PollSummary())
    assert (group_verdict(of(), TARGET, empty).state, group_verdict(of(), TARGET, empty).text) == ("done", NOTHING)
    emptied = add_poll(of(), TARGET, add_poll(of(NEW, size=1), TARGET, PollSummary()))
    verdict = group_verdict(of(), TARGET, emptied)
    assert (verdict.state, verdict.fix) == ("failed", "resize the group, and deploy again")
    assert "the target size became 0 during the rollout" in verdict.text
    assert group_verdict(of(), TARGET, add_poll(of(), TARGET, PollSummary(had_instances=True))).state == "failed"
    assert group_verdict(of(), TARGET, emptied, needs_proof=False).state == "done"
    assert group_verdict(of(LEAVING), TARGET, empty).state == "waiting"


def test_empty_group_is_idle_and_never_settled() -> None:
    """An empty group has no action in progress, and serves no release."""
    assert (is_idle(of()), is_settled(of())) == (True, False)
    assert (is_idle(of(NEW, size=1)), is_settled(of(NEW, size=1))) == (True, True)
    assert not is_idle(of(size=1))
    assert not is_idle(replace(of(), is_stable=False))


def test_deploy_to_an_empty_group_reports_that_nothing_is_proven() -> None:
    """The report of a deploy to an empty group claims no serving release."""
    rig = resized(new_rig(), 0)
    result = rig.deploy("a")
    assert (result.changed, result.is_empty) == (True, True)
    assert unwrapped(report(result)).startswith(f"? web: {NOTHING}; the group is set to {result.target.template}")
    assert report(result, "markdown").startswith(f"### ? web: {NOTHING}; ")
    assert json.loads(report(result, "json"))["rollout"]["is_empty"] is True
    again = rig.deploy("a")
    assert (again.changed, again.is_empty) == (False, True)
    assert report(again).startswith(f"? web: {NOTHING}; ")


def test_plan_for_an_empty_group_does_not_call_the_release_serving() -> None:
    """The preview of an empty group claims no serving release."""
    rig = resized(new_rig(), 0)
    rig.deploy("a")
    text = preview.preview_report(preview.preview(rig.config, rig.observed(), rig.plan("a")), "text")
    assert text.startswith(f"{rig.config.group}: nothing to do, {NOTHING}\n")


@pytest.mark.parametrize("activity", ["creating", "verifying", "deleting", "stable"])
def test_group_that_is_emptied_during_the_rollout_is_rolled_back(activity: str) -> None:
    """A release that no instance proves any more is rolled back."""
    rig = rig_without_bake(bake_s=60.0)
    rig.deploy("0")
    inject_fault(rig, when={"phase": activity}, nth=[1], request={"verb": "POST", "path": f"{GROUP}/resize?size=0"})
    before = rig.observed().group.versions
    with pytest.raises(RolledBackError) as error:
        rig.deploy("b")
    assert error.value.exit_code == 7
    assert "the target size became 0 during the rollout, so no instance proves the release. " in str(error.value)
    assert f"'{before[0].template}' is set again, and the group has no instances. Fix: resize the" in str(error.value)
    assert rig.observed().group.versions == before


def test_group_that_is_emptied_between_preflight_and_patch_is_rolled_back() -> None:
    """A group that had instances at preflight is rolled back, even if no poll showed them."""
    rig = rig_without_bake()
    inject_fault(rig, on="instanceTemplates.insert", nth=[1],
          request={"verb": "POST", "path": f"{GROUP}/resize?size=0"})  # fmt: skip
    with pytest.raises(RolledBackError, match="target size became 0"):
        rig.deploy("a")


def test_group_that_is_filled_during_the_rollout_is_proven() -> None:
    """Instances that come during the rollout prove the release."""
    rig = resized(rig_without_bake(bake_s=60.0), 0)
    inject_fault(rig, on="instanceTemplates.insert", nth=[1],
          request={"verb": "POST", "path": f"{GROUP}/resize?size=2"})  # fmt: skip
    result = rig.deploy("a")
    assert not result.is_empty
    assert rig.serving() == ["a"] * 2


def test_rollback_of_an_empty_group_reports_that_nothing_is_proven() -> None:
    """The report of a rollback of an empty group claims no serving release."""
    rig = rig_without_bake()
    rig.deploy("a")
    rig.deploy("b")
    resized(rig, 0)
    result = rig.rollback()
    assert (result.changed, result.is_empty) == (True, True)
    assert report(result, verb="rollback").startswith(f"? web: {NOTHING}; ")
    name = result.target.template
    assert rig.rollback(name).changed is False


def test_rollback_of_a_group_that_is_emptied_meanwhile_is_done() -> None:
    """A fallback is proven already and needs no instance."""
    rig = rig_without_bake()
    rig.deploy("a")
    rig.deploy("b")
    inject_fault(rig, when={"phase": "creating"}, nth=[1], request={"verb": "POST", "path": f"{GROUP}/resize?size=0"})
    assert rig.rollback().is_empty


def test_status_and_history_of_an_empty_group_call_no_release_serving() -> None:
    """Neither verb claims a serving release."""
    rig = rig_without_bake()
    rig.deploy("a")
    resized(rig, 0)
    observed, now = rig.observed(), rig.now()
    text = unwrapped(status_report(status(rig.config, observed, now), "text"))
    assert text.startswith(f"{rig.config.group}: {NOTHING}: the group is set to '")
    assert "serves" not in text
    assert json.loads(status_report(status(rig.config, observed, now), "json"))["is_empty"] is True
    assert [row.is_serving for row in releases.release_rows(rig.config, observed, now)] == [False]


def test_reconcile_and_report_of_an_empty_group_call_no_release_serving() -> None:
    """Neither verb claims a serving release."""
    rig = rig_without_bake()
    rig.deploy("a")
    resized(rig, 0)
    result = rig.reconcile()
    assert (result.changed, result.is_empty) == (False, True)
    outcome = rebuilt_result(rig.config, "dev", rig.observed(), rig.now())
    assert outcome.exit_code == 0
    assert formats.run_report(outcome, lambda *words: " ".join(words), "text").startswith(
        f"? {rig.config.group}: {NOTHING};"
    )


def test_refused_write_to_an_empty_group_does_not_call_the_old_release_serving() -> None:
    """The error of a refused write states that the group has no instances."""
    rig = resized(rig_without_bake(), 0)
    inject_fault(rig, on="instanceTemplates.insert", status=400, reason="invalid")
    with pytest.raises(RefusedError, match="The group has no instances") as error:
        rig.deploy("a")
    assert "serves" not in str(error.value)


def test_deploy_that_stops_before_its_patch_does_not_call_an_empty_group_serving() -> None:
    """The report of an interrupted deploy states that the group is unchanged and has no instances."""
    text, is_told = unattended_rollout(of(), Version("next"), TARGET, is_patched=False)
    assert (text, is_told) == ("The group is unchanged, and has no instances.", False)


def test_reconcile_waits_for_an_empty_group_that_is_not_stable() -> None:
    """Instances that are being deleted are waited for."""
    rig = rig_without_bake()
    rig.deploy("a")
    rig.control("POST", f"{GROUP}/resize?size=0")
    plan = plan_reconcile(rig.config, rig.observed(), rig.now())
    assert isinstance(plan, WaitForRollout)


def test_deploy_to_an_empty_group_has_a_warning() -> None:
    """A deploy sets the template of an empty group, and warns that no instance proves it."""
    rig = resized(new_rig(), 0)
    result = rig.deploy("a")
    assert result.changed
    assert any("target size 0" in warning for warning in result.warnings)


def test_release_that_no_instance_served_is_not_proven() -> None:
    """A release on an empty group is neither the fallback of the next release nor a rollback target."""
    rig = new_rig()
    rig.deploy("a")
    resized(rig, 0)
    rig.deploy("b")
    fallback = rig.plan_release("c").fallback
    assert fallback is not None
    assert fallback.template == "dojangkok-dev-ai-server-seed"
    observed = rig.observed()
    releases_of_group = history.releases(observed.templates, REPOSITORY, observed.group.qualified_name, "")
    assert not any(release.is_proven for release in releases_of_group)
