"""The plan of `promote`: go on with a canary, or finish what an earlier call began. Pure."""

from datetime import datetime

from deploy.config import Config
from deploy.documents.resource import Document
from deploy.errors import RefusedError
from deploy.group.canary_health import promotion_obstacle
from deploy.group.observation import Observation
from deploy.group.preflight import refuse_unmet_preconditions
from deploy.group.step_rollout import StepRollout, step_rollout
from deploy.group.typed_rollback import has_steps, may_be_in_last_bake
from deploy.group.version_refusal import no_canary, refuse_lost_step
from deploy.release.history import is_named
from deploy.release.template import release_record
from deploy.rollout.deploy_plan import plan_same_release
from deploy.rollout.plan import ContinueSteps, NothingToDo, WaitForRollout
from deploy.rollout.step_plan import plan_steps, rollout_text

PromotePlan = NothingToDo | WaitForRollout | ContinueSteps


def plan_promotion(
    config: Config, observed: Observation, now: datetime, *, is_full: bool, step: int | None = None, to: str = ""
) -> PromotePlan:
    """
    Decide how `promote` goes on with a canary.

    With a step, a repeated call passes no other pause: beyond that step it finishes what the first call began, as a
    process that takes over does. With a release, it goes on with no other one: a job that is run again after another
    deploy would meet that one's canary, at the same step.

    Args:
        config: names and rollout settings of the environment.
        observed: the group and its surroundings.
        now: time of Compute Engine, UTC.
        is_full: whether the steps that are left are skipped.
        step: number of the step that is gone on from; None for the one that the group is at.
        to: a template's name, or the beginning of a digest or commit, of the release to go on with; empty for any.

    Raises:
        RefusedError: the group has no canary, its canary is another release, is at another step or does not serve, the
            group is not settled, or a precondition does not hold.
        NotAllowedError: permissions are missing; the text lists all of them.
    """
    refuse_lost_step(config, observed)
    group, rollout = observed.group, step_rollout(observed)
    _refuse_other_release(config, rollout.template if rollout else observed.template, to)
    if rollout is None:
        is_last = may_be_in_last_bake(config.rollout, group, observed.templates, now) and has_steps(group)
        if step is None or not is_last:
            raise no_canary(config, group, "promote")
        refuse_unmet_preconditions(config, observed)
        return plan_same_release(config, observed, now)
    if step is None or step == rollout.index + 1:
        return _promotion(config, observed, rollout, is_full=is_full)
    if is_full or step > rollout.index + 1:
        raise RefusedError(
            f"promote: group '{config.group}': {rollout_text(observed, rollout)}, and --step is {step}.",
            "see `status`, and promote the step that the group is at",
        )
    return plan_steps(config, observed, rollout)


def _refuse_other_release(config: Config, template: Document, to: str) -> None:
    """Refuse a release that neither the canary nor the only version of a group is."""
    record = release_record(template)
    if not to or (record is not None and is_named(template["name"], record, to)):
        return
    release = f"'{template.get('name', 'unknown')}'"
    digest = record.digest.removeprefix("sha256:")[:12] if record else ""
    raise RefusedError(
        f"promote: --to '{to}' is not the release of group '{config.group}', which is {release}"
        f"{f', digest {digest}' if digest else ''}.",
        f"see `status`, and pass --to {digest} to go on with that release" if digest else "see `status`",
    )


def _promotion(config: Config, observed: Observation, rollout: StepRollout, *, is_full: bool) -> ContinueSteps:
    """Return the plan that goes beyond the step of a canary."""
    plan = plan_steps(config, observed, rollout, "full" if is_full else "next")
    obstacle = promotion_obstacle(observed.group, rollout.canary)
    if obstacle:
        raise RefusedError(
            f"group '{config.group}': {rollout_text(observed, rollout)}, and {obstacle}.",
            "run `reconcile` to wait for it, or `abort`",
        )
    return plan
