"""The plan for a group that another run left, judged by the group and its templates alone: pure."""

from dataclasses import replace
from datetime import datetime

from deploy.config import Config
from deploy.group import health, typed_rollback
from deploy.group.clock_skew import clock_skew_warnings
from deploy.group.observation import Observation
from deploy.group.step_rollout import lost_step_reason, step_rollout
from deploy.group.version_name import parse_version_name
from deploy.group.version_refusal import ABORT
from deploy.release import template
from deploy.rollout.plan import ForeignRollout, NothingToDo, ReconcilePlan, UndoRollout, WaitForRollout
from deploy.rollout.step_plan import continued_steps
from deploy.rollout.wait_plan import plan_wait


def plan_reconcile(config: Config, observed: Observation, now: datetime) -> ReconcilePlan:
    """
    Decide what to do with a group.

    A rollout by `deploy` within its deadline is waited for, and so is a version that is on every instance. A rollout
    past its deadline is undone. A rollout with steps goes on, with a new budget for its step. A release that serves
    from every instance bakes again as long as its last bake may not have ended, which no state shows: with steps until
    the next release, with an analysis and without steps until its deadline and its bake are over. A check that fails
    then pauses. Any other rollout is left alone.

    Args:
        config: names and rollout settings of the environment.
        observed: the group and its surroundings.
        now: time of Compute Engine, UTC.
    """
    return replace(_plan(config, observed, now), warnings=clock_skew_warnings(observed.clock_ahead_s))


def _plan(config: Config, observed: Observation, now: datetime) -> ReconcilePlan:
    rollout = step_rollout(observed)
    if rollout is not None:
        return continued_steps(config, observed, rollout)
    group = observed.group
    lost = lost_step_reason(observed)
    if lost:
        return ForeignRollout(target=group.versions[0], text=lost, fix=ABORT)
    if len(group.versions) > 1:
        names = " and ".join(f"'{version.template}'" for version in group.versions)
        return ForeignRollout(target=group.versions[0], text=f"the versions {names} were not set by deploy")
    target = group.versions[0]
    waiting = plan_wait(config, observed, now)
    if not health.is_idle(group):
        return _plan_unsettled(observed, now, waiting)
    serves = f"'{target.template}' serves from every instance"
    if typed_rollback.may_be_in_last_bake(config.rollout, group, observed.templates, now):
        return replace(waiting, text=f"{serves}, and the end of its last bake is not recorded")
    empty = f"{health.NOTHING_PROVEN}: the group is set to '{target.template}'"
    text = empty if waiting.is_empty else serves
    return NothingToDo(target=target, is_empty=waiting.is_empty, text=text, restores_policy=waiting.restores_policy)


def _plan_unsettled(
    observed: Observation, now: datetime, waiting: WaitForRollout
) -> WaitForRollout | UndoRollout | ForeignRollout:
    """Decide what to do with a group that is set to one version, and does not serve it from every instance."""
    group, record = observed.group, template.release_record(observed.template)
    target, name = group.versions[0], parse_version_name(group.versions[0].name)
    if typed_rollback.is_fallback(group, observed.templates) and not (name and name.has_time_left(now)):
        return replace(waiting, text=f"the rollback to '{target.template}' has not settled")
    if name is None or record is None:
        version = f" (version '{target.name}')" if target.name else ""
        return ForeignRollout(target=target, text=f"'{target.template}'{version} was not rolled out by deploy")
    rollout_text = f"{name.kind} of {name.release}, run {name.run}" + (f" by {record.by}" if record.by else "")
    if name.deadline_at is None:
        return replace(waiting, text=f"{rollout_text}, is at its last step")
    left_s = (name.deadline_at - now).total_seconds()
    if left_s > 0:
        return replace(waiting, budget_s=left_s, text=f"{rollout_text}, has {left_s:.0f} s left")
    if health.is_on_one_version(group):
        text = f"'{target.template}' is on every instance, and the group is not settled"
        return replace(waiting, text=text)
    return UndoRollout(
        target=target,
        fallback=waiting.fallback,
        group=group,
        is_empty=waiting.is_empty,
        short_delay=waiting.short_delay,
        text=f"{rollout_text}, is {abs(left_s):.0f} s past its deadline",
    )
