"""The plans for a rollout with steps that has begun: go on with it, promote it, or abort it. Pure."""

from deploy.config import Config
from deploy.errors import RefusedError
from deploy.group.boot_phases import boot_facts
from deploy.group.canary_health import promotion_obstacle
from deploy.group.observation import Observation
from deploy.group.preflight import refuse_unmet_preconditions
from deploy.group.replacement import auto_surge
from deploy.group.step_refusals import refuse_lost_checks
from deploy.group.step_rollout import StepRollout, share_text, step_rollout
from deploy.group.warnings import preflight_warnings, short_initial_delay
from deploy.release.template import image_entries
from deploy.rollout.plan import ContinueSteps, Promotion


def plan_steps(config: Config, observed: Observation, rollout: StepRollout, promotion: Promotion = "") -> ContinueSteps:
    """
    Decide how a rollout with steps goes on.

    Args:
        config: names and rollout settings of the environment.
        observed: the group and its surroundings.
        rollout: the rollout that the group is in.
        promotion: step to go on to at once; empty to wait for the current one.

    Raises:
        RefusedError: a precondition does not hold; nothing was written.
        NotAllowedError: permissions are missing; the text lists all of them.
    """
    refuse_unmet_preconditions(config, observed, rollout)
    refuse_lost_checks(config, rollout)
    return continued_steps(config, observed, rollout, promotion)


def continued_steps(
    config: Config, observed: Observation, rollout: StepRollout, promotion: Promotion = ""
) -> ContinueSteps:
    """Return the plan that goes on with a rollout; arguments of `plan_steps`."""
    group, boot = observed.group, boot_facts(observed, rollout.template)
    return ContinueSteps(
        canary=rollout.canary,
        fingerprint=group.fingerprint,
        image_entries=image_entries(rollout.template, config.repository, config.image_in),
        fallback=rollout.old,
        steps=rollout.record.steps,
        index=rollout.index,
        promotion=promotion,
        target_size=group.target_size,
        budget_s=config.rollout.budget_s(group.target_size, boot.started_s),
        boot=boot,
        surge=auto_surge(config, observed),
        short_delay=short_initial_delay(observed),
        text=rollout_text(observed, rollout),
        warnings=preflight_warnings(config, observed),
    )


def plan_promotion(config: Config, observed: Observation, *, is_full: bool) -> ContinueSteps:
    """
    Decide how `promote` goes on with a canary.

    Args:
        config: names and rollout settings of the environment.
        observed: the group and its surroundings.
        is_full: whether the steps that are left are skipped.

    Raises:
        RefusedError: the group has no canary, the canary does not serve, the group is not settled, or a precondition
            does not hold.
        NotAllowedError: permissions are missing; the text lists all of them.
    """
    rollout = required_rollout(config, observed, "promote")
    plan = plan_steps(config, observed, rollout, "full" if is_full else "next")
    obstacle = promotion_obstacle(observed.group, rollout.canary)
    if obstacle:
        raise RefusedError(
            f"group '{config.group}': {rollout_text(observed, rollout)}, and {obstacle}.",
            "run `reconcile` to wait for it, or `abort`",
        )
    return plan


def required_rollout(config: Config, observed: Observation, verb: str) -> StepRollout:
    """
    Return the rollout with steps that a group is in.

    Raises:
        RefusedError: the group is in none.
    """
    rollout = step_rollout(observed)
    if rollout is None:
        names = " and ".join(f"'{version.template}'" for version in observed.group.versions) or "no version"
        raise RefusedError(
            f"{verb}: group '{config.group}' has no canary of a rollout with steps: it is set to {names}.",
            "run `rollback` to restore the release before, or see `status`"
            if verb == "abort" and len(observed.group.versions) == 1
            else "run `reconcile` if a rollout was interrupted, or else see `status`",
        )
    return rollout


def rollout_text(observed: Observation, rollout: StepRollout) -> str:
    """Return the step of a rollout with its share, such as `'web-r-…' is at step 1 of 3, on 1 of 3 instances`."""
    share = share_text(observed.group, rollout.canary)
    return f"'{rollout.canary.new.template}' is at {rollout.text}, on {share}"
