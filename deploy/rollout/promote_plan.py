"""The plan of `promote`: go on with a canary, or finish what an earlier call began. Pure."""

from datetime import datetime

from deploy.config import Config
from deploy.errors import RefusedError
from deploy.group.canary_health import promotion_obstacle
from deploy.group.observation import Observation
from deploy.group.preflight import refuse_unmet_preconditions
from deploy.group.step_rollout import StepRollout, step_rollout
from deploy.group.typed_rollback import may_be_in_last_bake
from deploy.group.version_refusal import no_canary, refuse_lost_step
from deploy.rollout.deploy_plan import plan_same_release
from deploy.rollout.plan import ContinueSteps, NothingToDo, WaitForRollout
from deploy.rollout.step_plan import plan_steps, rollout_text

PromotePlan = NothingToDo | WaitForRollout | ContinueSteps


def plan_promotion(
    config: Config, observed: Observation, now: datetime, *, is_full: bool, step: int | None = None
) -> PromotePlan:
    """
    Decide how `promote` goes on with a canary.

    With a step, a repeated call passes no other pause: beyond that step it finishes what the first call began, as a
    process that takes over does.

    Args:
        config: names and rollout settings of the environment.
        observed: the group and its surroundings.
        now: time of Compute Engine, UTC.
        is_full: whether the steps that are left are skipped.
        step: number of the step that is gone on from; None for the one that the group is at.

    Raises:
        RefusedError: the group has no canary, is at another step, its canary does not serve, the group is not settled,
            or a precondition does not hold.
        NotAllowedError: permissions are missing; the text lists all of them.
    """
    refuse_lost_step(config, observed)
    rollout = step_rollout(observed)
    if rollout is None:
        if step is None or not may_be_in_last_bake(observed.group, observed.templates):
            raise no_canary(config, observed.group, "promote")
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
