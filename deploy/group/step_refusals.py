"""Whether a group can take a rollout with steps: pure."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from deploy.config import Config
from deploy.documents.group_state import Group
from deploy.errors import RefusedError
from deploy.group.release_proof import unproven_reason
from deploy.group.step_rollout import StepRollout


def step_refusals(config: Config, group: Group) -> Iterator[RefusedError]:
    """Yield every refusal for `rollout.steps` of the environment file at the target size of a group."""
    where, size = f"group '{config.group}': `rollout.steps` of the environment file", group.target_size
    steps = config.rollout.release_steps
    sizes = [min(step.count.instances(size), size) for step in steps]
    if steps and sizes[0] >= size:
        yield RefusedError(
            f"{where} begins with {steps[0].share}, and the target size is {size}, so that no instance would keep the"
            " old release.",
            "lower the first step, or leave `rollout.steps` out",
        )
    for index, (before, after) in enumerate(pairwise(sizes), start=1):
        if after <= before:
            yield RefusedError(
                f"{where} does not rise: at target size {size}, step {index} ({steps[index - 1].count}) has"
                f" {before} on the new release, and step {index + 1} ({steps[index].count}) has {after}.",
                "raise the later step, or leave it out",
            )


def refuse_steps(config: Config, group: Group, now: datetime) -> None:
    """
    Refuse a new rollout with steps that the group can't take.

    Args:
        config: settings of the environment.
        group: the group.
        now: time of Compute Engine, UTC.

    Raises:
        RefusedError: the steps do not fit the target size, or the release that would serve beside the canary is not
            proven, so that a canary would be rolled back to a release that may be broken.
    """
    if not config.rollout.steps:
        return
    for refusal in step_refusals(config, group):
        raise refusal
    reason = unproven_reason(group, now)
    if reason:
        raise RefusedError(
            f"group '{config.group}': '{group.versions[0].template}', which would serve beside the canary, is not"
            f" proven: {reason}.",
            "wait until it serves or run `rollback`, and deploy again",
        )


def lost_checks_text(config: Config, rollout: StepRollout) -> str:
    """
    Return which checks of a canary's release record the environment file lacks; empty if it has all of them.

    A record without checks says nothing: the release has no analysis, or an earlier version of `deploy` made it.
    """
    names = [f"'{name}'" for name in rollout.record.checks if name not in config.rollout.check_names]
    if not names:
        return ""
    checks = f"check{'s' if len(names) > 1 else ''} {', '.join(names)}"
    return f"'{rollout.canary.new.template}' was deployed with {checks}, and the environment file has no such check"


def refuse_lost_checks(config: Config, rollout: StepRollout) -> None:
    """
    Refuse to go on with a canary whose checks the environment file no longer has: nothing would judge its next steps.

    Raises:
        RefusedError: the file lacks a check of the release record; nothing was written.
    """
    text = lost_checks_text(config, rollout)
    if text:
        fix = "put the check back into the environment file, or run `abort`"
        raise RefusedError(f"group '{config.group}': {text}, so that nothing would judge its next steps.", fix)
