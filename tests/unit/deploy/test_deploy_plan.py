"""Whole plans of deploys: every member that a rollout or a report reads."""

from dataclasses import replace
from datetime import datetime

from deploy.documents.group_state import Version
from deploy.release import record, template
from deploy.release.record import Fallback, ReleaseRecord
from deploy.rollout.deploy_plan import DeployRequest, plan_deploy
from deploy.rollout.plan import (
    DeployRelease,
    NothingToDo,
    WaitForRollout,
)
from lib.image_reference import Reference
from tests.unit.deploy.observations import (
    FALLBACK,
    NOW,
    SEED,
    SHORT_DELAY,
    SHORT_DELAY_WARNING,
    SKEW_WARNING,
    emptied,
    observation,
    with_short_delay,
)
from tests.unit.deploy.values import CONFIG, REPOSITORY, digest


def request(letter: str) -> DeployRequest:
    """Return the request of a deploy."""
    reference = Reference(REPOSITORY, digest=digest(letter))
    return DeployRequest(reference=reference, run="run1", now=NOW, commit="cafe123", by="alice")


def test_plan_of_a_new_release() -> None:
    """The plan has the copied template with its record, and the version name with the rollout's deadline."""
    observed = with_short_delay(observation("roll"))
    seed_id = observed.template["id"]
    fallback = Fallback(SEED, seed_id)
    made_at = datetime.fromisoformat("2026-09-21T07:13:20.000-07:00")
    expected_record = ReleaseRecord(
        REPOSITORY, digest("a"), SEED, seed_id, "asia-northeast3-a/dojangkok-dev-ai-server-mig", "cafe123", "run1",
        "alice", fallback, SEED, made_at,
    )  # fmt: skip
    body = template.new_template(observed.template, expected_record)
    assert plan_deploy(CONFIG, request("a"), observed) == DeployRelease(
        target=Version(
            f"projects/dojangkok-dev/global/instanceTemplates/{body['name']}",
            "deploy/aaaaaaaaaaaa/run1/20261123T120000Z/840s",
        ),
        before=Version(SEED),
        fingerprint="FTGK3z2GXCs=",
        template=body,
        image_entries=("startup-script",),
        fallback=fallback,
        is_empty=False,
        budget_s=840.0,
        short_delay=SHORT_DELAY,
        warnings=(SHORT_DELAY_WARNING,),
    )


def test_plan_of_a_new_release_for_an_empty_group() -> None:
    """An empty group is marked as empty, and its rollout has no instance to wait for."""
    plan = plan_deploy(CONFIG, request("a"), emptied(observation("roll")))
    assert isinstance(plan, DeployRelease)
    assert (plan.is_empty, plan.budget_s) == (True, CONFIG.rollout.budget_s(0))
    assert "the group has target size 0: no instance will prove this release" in plan.warnings


def test_release_onto_a_release_of_unknown_origin_has_no_origin() -> None:
    """The record of a release has no origin if the record of its base has none."""
    plan = plan_deploy(CONFIG, request("a"), observation("rollback"))
    assert isinstance(plan, DeployRelease)
    release = record.parse_record(template.metadata(plan.template)["release"])
    assert release is not None
    assert (release.origin, release.origin_made_at) == ("", None)


def test_plan_of_the_serving_release() -> None:
    """A deploy of the serving release does nothing, and keeps the fallback of its record and the drift."""
    observed = observation("reconcile-undo", is_stable=True, is_reached=True)
    target = observed.group.versions[0]
    serving = tuple(replace(instance, version=target) for instance in observed.group.instances)
    observed = replace(observed, group=replace(observed.group, instances=serving), clock_ahead_s=90.0)
    policy = {**observed.group.raw["updatePolicy"], "maxSurge": {"fixed": 2}}
    observed = replace(observed, group=replace(observed.group, raw={**observed.group.raw, "updatePolicy": policy}))
    plan = plan_deploy(CONFIG, request("b"), observed)
    assert plan == NothingToDo(target=target, fallback=FALLBACK, is_empty=False, warnings=plan.warnings)
    assert plan.warnings[0] == SKEW_WARNING
    assert [line for line in plan.warnings if line.startswith("drift: ") and "maxSurge" in line]
    assert plan_deploy(CONFIG, request("b"), emptied(observed)) == NothingToDo(
        target=target,
        fallback=FALLBACK,
        is_empty=True,
        warnings=plan_deploy(CONFIG, request("b"), emptied(observed)).warnings,
    )


def test_plan_of_a_release_that_is_being_rolled_out() -> None:
    """A deploy of the release that the group is set to waits for it, with its own fallback and time."""
    observed = with_short_delay(observation("reconcile-landed"))
    assert plan_deploy(CONFIG, request("b"), observed) == WaitForRollout(
        target=observed.group.versions[0],
        fallback=FALLBACK,
        is_empty=False,
        budget_s=840.0,
        short_delay=SHORT_DELAY,
        is_judged=False,
        warnings=(SHORT_DELAY_WARNING, "the group is not settled; this rollout replaces any change in progress"),
    )
    unstable = emptied(replace(observed, group=replace(observed.group, is_stable=False)))
    plan = plan_deploy(CONFIG, request("b"), unstable)
    assert isinstance(plan, WaitForRollout)
    assert (plan.is_empty, plan.budget_s) == (True, CONFIG.rollout.budget_s(0))


def test_fallback_of_an_unproven_release_is_its_own_fallback() -> None:
    """A release onto a proven one falls back to it whole; onto an unproven one to that release's own fallback."""
    observed = observation("rollback")
    before = observed.group.versions[0]
    proven = plan_deploy(CONFIG, request("a"), observed)
    assert isinstance(proven, DeployRelease)
    assert (proven.fallback, proven.warnings) == (Fallback(before.link, observed.template["id"], before.name), ())
    unhealthy = tuple(replace(instance, health="UNHEALTHY") for instance in observed.group.instances)
    observed = replace(observed, group=replace(observed.group, instances=unhealthy))
    unproven = plan_deploy(CONFIG, request("a"), observed)
    assert isinstance(unproven, DeployRelease)
    assert unproven.fallback is not None
    assert (unproven.fallback.template_id, unproven.fallback.name) == ("401510791", "v0")
    (warning,) = unproven.warnings
    assert warning.startswith(f"if this release fails, a rollback restores '{unproven.fallback.template}', not")
    assert warning.endswith("dojangkok-dev-ai-server-w38t is UNHEALTHY")
