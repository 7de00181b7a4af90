"""The plans for a rollout with steps that has begun: go on with it. Pure."""

from deploy.config import Config
from deploy.group.observation import Observation
from deploy.group.preflight import refuse_unmet_preconditions
from deploy.group.replacement import auto_surge
from deploy.group.step_refusals import refuse_lost_checks
from deploy.group.step_rollout import StepRollout, share_text
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
    group = observed.group
    return ContinueSteps(
        canary=rollout.canary,
        fingerprint=group.fingerprint,
        image_entries=image_entries(rollout.template, config.repository, config.image_in),
        fallback=rollout.old,
        steps=rollout.record.steps,
        index=rollout.index,
        promotion=promotion,
        target_size=group.target_size,
        budget_s=config.rollout.budget_s(group.target_size),
        surge=auto_surge(config, observed),
        short_delay=short_initial_delay(observed),
        text=rollout_text(observed, rollout),
        warnings=preflight_warnings(config, observed),
    )


def rollout_text(observed: Observation, rollout: StepRollout) -> str:
    """Return the step of a rollout with its share, such as `'web-r-…' is at step 1 of 3, on 1 of 3 instances`."""
    share = share_text(observed.group, rollout.canary)
    return f"'{rollout.canary.new.template}' is at {rollout.text}, on {share}"
