"""Performs the steps of a release, one after the other, up to a pause or the whole group."""

from deploy.documents.canary import Canary, Target
from deploy.documents.group_state import Version
from deploy.errors import CapacityError, NotAllowedError, NotRestoredError, RefusedError
from deploy.group.step_rollout import share_text, step_text
from deploy.release.steps import Step, next_position, pauses_after
from deploy.rollout.automatic_rollback import roll_back
from deploy.rollout.group_writer import GroupWriter
from deploy.rollout.plan import ContinueSteps, DeployRelease
from deploy.rollout.result import Pause
from deploy.rollout.watch_errors import InconclusiveError, NotServedError
from deploy.rollout.watch_state import Goal


def perform_steps(plan: DeployRelease | ContinueSteps, writer: GroupWriter) -> Pause | None:
    """
    Set the group to each step in turn, and wait until it serves and its bake is over; at last, set the whole group.

    Args:
        plan: plan of a release with steps.
        writer: writes to the group.

    Returns:
        The pause at which the rollout ended; None if the group is set to the release alone, which may not serve yet.

    Raises:
        DeployError: a step failed, and was rolled back if that was possible; or a write was refused.
        SupersededError: another process or client changed the group's versions.
    """
    index = _begin(plan, writer)
    while index < len(plan.steps):
        canary = _canary(plan, index)
        try:
            pause = _wait(writer, canary, plan.steps, index)
        except NotServedError as error:
            raise roll_back(plan, writer, canary, error.verdict) from None
        if pause is not None:
            return pause
        index = next_position(plan.steps, index, writer.target_size)
        _go_on(plan, writer, canary, index)
    return None


def _begin(plan: DeployRelease | ContinueSteps, writer: GroupWriter) -> int:
    """Set the group to the first step of a plan, and return the index of that step."""
    if isinstance(plan, DeployRelease):
        before: Target = plan.before
        index = 0
    elif plan.promotion:
        before = plan.canary
        is_full = plan.promotion == "full"
        index = len(plan.steps) if is_full else next_position(plan.steps, plan.index, plan.target_size)
    else:
        return plan.index
    writer.watch.print_line(_line(plan.steps, index))
    writer.patch(
        _target(plan, index),
        before,
        surge=_surge(plan, index),
        planned=plan.fingerprint,
        image_entries=plan.image_entries,
    )
    return index


def _go_on(plan: DeployRelease | ContinueSteps, writer: GroupWriter, before: Canary, index: int) -> None:
    """
    Set the group to a later step. The group's settings are checked again, because its document has changed since.

    Raises:
        NotRestoredError: the write was refused, after this process had set an earlier step.
    """
    writer.watch.print_line(_line(plan.steps, index))
    try:
        writer.patch(
            _target(plan, index),
            before,
            surge=_surge(plan, index),
            planned="",
            image_entries=plan.image_entries,
        )
    except (RefusedError, NotAllowedError, CapacityError) as error:
        if not writer.has_patched:
            raise
        stays = f"release '{plan.target.template}' stays a canary on {before.size.share}"
        fix = f"{error.fix}, and run `reconcile`" if error.fix else "run `reconcile`"
        raise NotRestoredError(f"{stays}: {error.message}", fix) from error


def _wait(writer: GroupWriter, canary: Canary, steps: tuple[Step, ...], index: int) -> Pause | None:
    """Wait until a step serves and its bake is over; return the pause that follows, None if the rollout goes on."""
    bake_s = writer.watch.bake_s(steps[index].bake_s)
    goal = Goal(target=canary.new, canary=canary, budget_s=None, bake_s=bake_s, had_instances=True)
    text = ""
    try:
        writer.warnings += writer.watch.until_served(goal)
    except InconclusiveError as error:
        text = str(error)
        writer.warnings += error.warnings
    writer.watch.reach(f"step {index + 1}")
    if not (pauses_after(steps, index, writer.target_size) or text):
        return None
    share = share_text(writer.watch.group, canary) if writer.watch.group else ""
    return Pause(index + 1, len(steps) + 1, share, text)


def _canary(plan: DeployRelease | ContinueSteps, index: int) -> Canary:
    old: Version = plan.before if isinstance(plan, DeployRelease) else plan.canary.old
    return Canary(old, plan.target, plan.steps[index].count)


def _target(plan: DeployRelease | ContinueSteps, index: int) -> Target:
    return _canary(plan, index) if index < len(plan.steps) else plan.target


def _surge(plan: DeployRelease | ContinueSteps, index: int) -> int | None:
    """Return the surge of the whole group; a step has that of the environment file, because it may wait for days."""
    return plan.surge if index == len(plan.steps) else None


def _line(steps: tuple[Step, ...], index: int) -> str:
    """Return a line of progress about the step that begins."""
    share = steps[index].share if index < len(steps) else "the whole group"
    return f"{step_text(index, steps)}: {share}"
