"""Templates that were deleted and created again have the link of a release that served, and are never restored."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.documents.group_state import Version
from deploy.errors import NotRestoredError, RefusedError, RolledBackError
from deploy.rollout.plan import DeployRelease, UndoRollout, WaitForRollout
from deploy.rollout.reconcile_plan import plan_reconcile
from tests.integration.deploy.faulty import inject_fault, rig_without_bake, set_instance_rule
from tests.integration.deploy.rig import Rig
from tests.integration.deploy.test_identity import GLOBAL, SEED
from tests.unit.deploy.values import GROUP, digest


def recreate(rig: Rig, name: str, properties: dict[str, Any] | None = None) -> None:
    """Delete a template, and create a template of its name with the same or other properties."""
    document = rig.control("GET", f"{GLOBAL}/{name}")
    gone = rig.control("DELETE", f"{GLOBAL}/{name}")
    assert "error" not in gone, gone
    made = rig.control("POST", GLOBAL, {"name": name, "properties": properties or document["properties"]})
    assert "error" not in made, made


def versions(rig: Rig) -> tuple[Version, ...]:
    return rig.observed().group.versions


def waiting(rig: Rig, plan: DeployRelease) -> WaitForRollout:
    """Return the plan that waits for the rollout of another plan."""
    budget_s = rig.config.rollout.budget_s(3)
    return WaitForRollout(target=plan.target, fallback=plan.fallback, is_empty=False, budget_s=budget_s)


def test_automatic_rollback_restores_no_template_that_was_created_again() -> None:
    """The recreated template never served, so the failed release stays, and the report has the reason."""
    rig = rig_without_bake()
    rig.deploy("a")
    name = versions(rig)[0].template
    set_instance_rule(rig, "b", never_healthy=True)
    planned = rig.abandon("b")
    # An empty group has no instance of the release before, so that its template can be deleted.
    rig.control("POST", f"{GROUP}/resize?size=0")
    rig.emulator.environment.clock.move(600)
    rig.control("POST", f"{GROUP}/resize?size=3")
    recreate(rig, name)
    rig.emulator.environment.clock.move(30)
    with pytest.raises(
        NotRestoredError, match=rf"It was not rolled back: template '{name}' was deleted and created again"
    ):
        rig.perform(waiting(rig, planned))
    assert versions(rig) == (planned.target,)


def test_automatic_rollback_reports_a_deleted_template() -> None:
    """The error has the name of the deleted template."""
    rig = rig_without_bake()
    rig.deploy("a")
    name = versions(rig)[0].template
    set_instance_rule(rig, "b", never_healthy=True)
    inject_fault(rig, on="instanceTemplates.get", nth=list(range(2, 500)), status=404)
    with pytest.raises(
        NotRestoredError, match=rf"It was not rolled back: template '{name}' was deleted\. Fix: deploy a"
    ):
        rig.deploy("b")


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404, "reason": "notFound"},
        {"body": {"value": {}}},
        {"body": {"members": {"id": None}}},
        {"body": {"members": {"name": "another", "id": "7"}}},
    ],
    ids=str,
)
def test_one_odd_answer_about_the_template_loses_no_rollback(answer: dict[str, Any]) -> None:
    """A single 404 or a malformed body is a failed read, and no proof that the template was recreated."""
    rig = rig_without_bake()
    rig.deploy("a")
    set_instance_rule(rig, "b", never_healthy=True)
    inject_fault(rig, on="instanceTemplates.get", nth=[2], **answer)
    with pytest.raises(RolledBackError):
        rig.deploy("b")
    assert rig.serving() == ["a"] * 3


def test_automatic_rollback_continues_if_the_id_can_not_be_read() -> None:
    """A rollback is made without the comparison of ids."""
    rig = rig_without_bake()
    rig.deploy("a")
    set_instance_rule(rig, "b", never_healthy=True)
    inject_fault(rig, on="instanceTemplates.get", nth=[2], status=400)
    with pytest.raises(RolledBackError):
        rig.deploy("b")
    assert rig.serving() == ["a"] * 3


@pytest.mark.parametrize("to", ["", "a"])
def test_typed_rollback_to_a_template_that_was_created_again_is_refused(to: str) -> None:
    """A template that is recreated between the plan and the first write is refused."""
    rig = rig_without_bake()
    rig.deploy("a")
    name = versions(rig)[0].template
    rig.deploy("b")
    planned = rig.plan_rollback(digest("a") if to else "")
    recreate(rig, name)
    before = rig.writes()
    with pytest.raises(RefusedError, match=f"template '{name}' was deleted and created again: its id was "):
        rig.perform(planned)
    assert rig.writes() == before


def test_release_that_was_created_again_is_no_longer_proven() -> None:
    """No record has the id of the new template."""
    rig = rig_without_bake()
    rig.deploy("a")
    name = versions(rig)[0].template
    rig.deploy("b")
    recreate(rig, name)
    for to in ("", name, digest("a")):
        with pytest.raises(RefusedError, match=r"no proven release before|is unproven"):
            rig.rollback(to)
    assert rig.serving() == ["b"] * 3


def test_first_rollback_to_a_template_that_was_created_again_is_refused() -> None:
    """The template before the first release is unmanaged; its id is in the record of the first release."""
    rig = rig_without_bake()
    rig.deploy("a")
    recreate(rig, SEED)
    before = rig.writes()
    with pytest.raises(RefusedError, match=f"template '{SEED}', which served before, was deleted and created again"):
        rig.rollback()
    assert rig.writes() == before


def test_reconcile_restores_no_template_that_was_created_again() -> None:
    """A reconcile refuses before it writes."""
    rig = rig_without_bake()
    rig.deploy("a")
    name = versions(rig)[0].template
    set_instance_rule(rig, "b", never_healthy=True)
    rig.abandon("b")
    rig.control("POST", f"{GROUP}/resize?size=0")
    rig.emulator.environment.clock.move(60)
    recreate(rig, name)
    rig.control("POST", f"{GROUP}/resize?size=3")
    rig.emulator.environment.clock.move(5_000)
    observed = rig.observed()
    unreached = replace(observed, group=replace(observed.group, is_reached=False))
    plan = plan_reconcile(rig.config, unreached, rig.now())
    assert isinstance(plan, UndoRollout)
    before = rig.writes()
    with pytest.raises(RefusedError, match=f"template '{name}' was deleted and created again"):
        rig.perform(plan)
    assert rig.writes() == before
