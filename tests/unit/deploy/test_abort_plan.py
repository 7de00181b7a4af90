"""The abort of a canary: it may need nothing but the canary and the template beside it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from deploy.config import Config
from deploy.documents.canary import canary_of
from deploy.documents.group_state import parse_group
from deploy.errors import RefusedError
from deploy.group.observation import Observation
from deploy.release.record import RECORD_KEY
from deploy.report.status import status
from deploy.rollout.abort_plan import is_abort, plan_abort
from deploy.rollout.deploy_plan import DeployRequest, plan_deploy
from deploy.rollout.plan import ForeignRollout, RestoreRelease
from deploy.rollout.promote_plan import plan_promotion
from deploy.rollout.reconcile_plan import plan_reconcile
from deploy.rollout.rollback_plan import choose_rollback_target, plan_rollback
from lib.image_reference import Reference
from tests.unit.deploy.observations import NOW, SEED, observation
from tests.unit.deploy.values import CONFIG, REPOSITORY, digest

PERCENTAGES = CONFIG.model_copy(
    update={"rollout": CONFIG.rollout.model_copy(update={"surge": "20%", "unavailable": "10%"})}
)
# Settings and permissions that a release is refused for.
REFUSED: tuple[dict[str, Any], ...] = (
    {"updatePolicy": {"type": "OPPORTUNISTIC"}},
    {"updatePolicy": {"type": "PROACTIVE", "mostDisruptiveAllowedAction": "RESTART"}},
    {"updatePolicy": {"type": "PROACTIVE", "replacementMethod": "RECREATE"}},
    {"statefulPolicy": {"preservedState": {}}},
    {"allInstancesConfig": {"properties": {"metadata": {"startup-script": "echo"}}}},
    {"autoHealingPolicies": []},
    {"instanceLifecyclePolicy": {"onFailedHealthCheck": "DO_NOTHING"}},
)


def canary(**changes: Any) -> Observation:
    """Return a group of three with a canary at step 1, with changes of its document."""
    observed = observation("steps-promote")
    raw = {**observed.group.raw, **changes}
    return replace(observed, group=replace(parse_group(raw, ()), instances=observed.group.instances))


def of_size(size: dict[str, int]) -> Observation:
    """Return a group whose canary has another size."""
    old, new = canary().group.raw["versions"]
    return canary(versions=[old, {**new, "targetSize": size}])


def without_template() -> Observation:
    """Return a group whose canary's template is deleted."""
    observed = canary()
    return replace(observed, templates=(observed.template,))


def with_record(text: str) -> Observation:
    """Return a group whose canary's template has another text in place of its release record."""
    observed = canary()
    new = json.loads(json.dumps(observed.templates[1]))
    for item in new["properties"]["metadata"]["items"]:
        item["value"] = text if item["key"] == RECORD_KEY else item["value"]
    return replace(observed, templates=(observed.template, new))


LOST = {
    "size": (of_size({"fixed": 2}), "its size 2 is no step of its release, whose steps are 1, 50%"),
    "percentage": (of_size({"percent": 40}), "its size 40% is no step of its release, whose steps are 1, 50%"),
    "record": (with_record("{"), "its template has no release record that can be read"),
    "template": (without_template(), "was not found"),
}


def restored(config: Config, observed: Observation) -> RestoreRelease:
    """Return the plan of an abort, and check that it restores the version beside the canary."""
    plan = plan_abort(config, observed)
    assert (plan.target.link, plan.target.name, plan.restored.template_id) == (SEED, "", observed.template["id"])
    assert (plan.before, plan.fingerprint, plan.surge) == (canary_of(observed.group), None, None)
    return plan


@pytest.mark.parametrize("changes", REFUSED, ids=str)
def test_abort_needs_no_setting_of_a_release(changes: dict[str, Any]) -> None:
    """A setting that a release is refused for, made while a canary waits, is a warning of its abort."""
    observed = canary(**changes)
    with pytest.raises(RefusedError) as error:
        plan_promotion(CONFIG, observed, NOW, is_full=False)
    reason = error.value.message.rstrip(".")
    assert [line.startswith(reason) for line in restored(CONFIG, observed).warnings if reason in line] == [True]


def test_abort_needs_no_permission_of_a_release() -> None:
    """An account that may create no template may still restore a version; Compute Engine itself refuses a PATCH."""
    observed = replace(canary(), missing_permissions=("compute.instanceTemplates.create",), health_check=None)
    assert [line for line in restored(CONFIG, observed).warnings if "health check" in line]


@pytest.mark.parametrize("kind", LOST)
def test_canary_at_no_step_is_aborted(kind: str) -> None:
    """Another client set the size, or the record is lost: `abort` and `rollback` still restore the version beside."""
    observed, _ = LOST[kind]
    assert is_abort(observed.group, "")
    assert is_abort(observed.group, canary_of(observed.group).old.template)  # type: ignore[union-attr]
    restored(CONFIG, observed)


@pytest.mark.parametrize("kind", LOST)
def test_every_other_verb_names_the_abort(kind: str) -> None:
    """`deploy`, `promote` and `rollback --to` are refused with the reason, and `reconcile` and `status` have it too."""
    observed, reason = LOST[kind]
    fix = "run `abort` to restore the version beside the canary"
    request = DeployRequest(reference=Reference(REPOSITORY, digest=digest("b")), run="run1", now=NOW)
    for decide in (
        lambda: plan_deploy(CONFIG, request, observed),
        lambda: plan_promotion(CONFIG, observed, NOW, is_full=True),
        lambda: choose_rollback_target(CONFIG, observed, NOW, "r-other"),
    ):
        with pytest.raises(RefusedError) as error:
            decide()
        assert error.value.message.endswith(f"beside 'dojangkok-dev-ai-server-seed', and {reason}.") or (
            kind == "template" and error.value.message.endswith(reason + ".")
        )
        assert error.value.fix == fix
    plan = plan_reconcile(CONFIG, observed, NOW)
    assert isinstance(plan, ForeignRollout)
    assert (plan.fix, plan.text.endswith(reason)) == (fix, True)
    assert status(CONFIG, observed, NOW).summary == f"{plan.text}. Fix: {fix}"


def test_canary_of_another_client_is_not_aborted() -> None:
    """The version's name shows whose canary it is."""
    old, new = canary().group.raw["versions"]
    observed = canary(versions=[old, {**new, "name": "theirs"}])
    assert not is_abort(observed.group, "")
    with pytest.raises(RefusedError, match=r"abort: group '.*' has no canary of a rollout with steps"):
        plan_abort(CONFIG, observed)


def test_abort_without_the_template_beside_the_canary_is_refused() -> None:
    """A version of a template that was not found could not be read back."""
    observed = replace(canary(), template={}, templates=())
    with pytest.raises(RefusedError, match=rf"its template '{SEED}' is neither a global one of project"):
        plan_abort(CONFIG, observed)


def test_percentages_stop_no_canary_and_no_rollback_of_a_small_group() -> None:
    """Below ten instances a new release is refused; a canary goes on, and no abort or rollback is refused."""
    observed = canary()
    restored(PERCENTAGES, observed)
    assert plan_promotion(PERCENTAGES, observed, NOW, is_full=False).promotion == "next"  # type: ignore[union-attr]
    settled = observation("rollback")
    request = DeployRequest(reference=Reference(REPOSITORY, digest=digest("a")), run="run1", now=NOW)
    with pytest.raises(RefusedError, match="a percentage needs a target size of at least 10; the group's is 3"):
        plan_deploy(PERCENTAGES, request, settled)
    chosen = choose_rollback_target(PERCENTAGES, settled, NOW)
    assert isinstance(plan_rollback(PERCENTAGES, settled, chosen, "run1", NOW), RestoreRelease)


def test_rollback_of_a_group_that_was_stopped() -> None:
    """OPPORTUNISTIC is how a person stops a bad rollout: its PATCH sets the version and the type at once."""
    observed = observation("rollback")
    observed = replace(
        observed, group=replace(observed.group, raw={**observed.group.raw, "updatePolicy": {"type": "OPPORTUNISTIC"}})
    )
    plan = plan_rollback(CONFIG, observed, choose_rollback_target(CONFIG, observed, NOW), "run1", NOW)
    assert any("type of its update policy is OPPORTUNISTIC" in line for line in plan.warnings)
