"""Whether a version serves, folded from the polls of a group: pure."""

from dataclasses import dataclass, replace
from typing import Final

from deploy.documents.canary import Canary
from deploy.documents.group_state import Group, Version
from deploy.documents.resource import Document
from deploy.group.health import PollSummary, Verdict, lacks_only_stability
from deploy.rollout_settings import RolloutSettings

# Polls in a row that must show success: Compute Engine's flags may be set for a moment too early.
_POLLS_OF_SUCCESS: Final = 2
_SHORTEST_PAUSE_S: Final = 0.01
# Compute Engine limits the requests of a project in a minute, and other clients of the project send requests too.
_REQUESTS_A_MINUTE: Final = 120


@dataclass(frozen=True, kw_only=True)
class Goal:
    """
    What a watch waits for.

    Args:
        target: version whose instances are waited for.
        canary: the two versions of a step; None if the target is the only version.
        budget_s: seconds that the version may take to serve, the bake aside; None for the time that a step or a
            rollback of this size may take.
        bake_s: seconds that success must last.
        is_rollback: whether an earlier release is restored. It waits for capacity as long as there is time, because
            there is no better version to restore.
        had_instances: whether the group had instances, or a target size above 0, at preflight.
        waits_for_capacity: whether new instances that lack capacity may get that of old ones, so that they have the
            time of the rollout for it.
    """

    target: Version
    canary: Canary | None = None
    budget_s: float | None
    bake_s: float = 0.0
    is_rollback: bool = False
    had_instances: bool = False
    waits_for_capacity: bool = False


@dataclass(frozen=True, kw_only=True)
class WatchState:
    """
    What the polls until now have shown. Times are seconds of the clock of the rollout.

    Args:
        goal: what the watch waits for.
        settings: rollout settings of the environment.
        began_s: start of the watch, or the poll at which a success was lost.
        now_s: time of the last poll.
        changed_s: time of the last poll that differed from the poll before.
        polls: what the health verdict needs of earlier polls.
        verdict: verdict of the last poll.
        group: the group at the last poll that could be read; None if none could.
        first_size: target size at the first poll that could be read; None if none could.
        successes: polls in a row that showed success.
        success_s: time of the first of these; None if there is none.
    """

    goal: Goal
    settings: RolloutSettings
    began_s: float
    now_s: float
    changed_s: float
    polls: PollSummary
    verdict: Verdict
    group: Group | None = None
    first_size: int | None = None
    successes: int = 0
    success_s: float | None = None


def first_state(goal: Goal, settings: RolloutSettings, now_s: float) -> WatchState:
    """Return the state before the first poll."""
    return WatchState(
        goal=goal,
        settings=settings,
        began_s=now_s,
        now_s=now_s,
        changed_s=now_s,
        polls=PollSummary(goal.had_instances),
        verdict=Verdict("waiting", "the group was not read"),
    )


def after_poll(state: WatchState, group: Group, polls: PollSummary, verdict: Verdict, now_s: float) -> WatchState:
    """
    Return the state after a poll.

    Args:
        state: state before the poll.
        group: the group as the poll returned it.
        polls: `state.polls` with this poll.
        verdict: verdict of this poll.
        now_s: time of this poll.
    """
    successes = state.successes + 1 if verdict.state == "done" else 0
    first_s = now_s if state.success_s is None else state.success_s
    is_changed = state.group is None or _progress(group) != _progress(state.group)
    has_lost = state.successes > 0 and not successes  # what is lost in a long bake gets the whole time again
    return replace(
        state,
        began_s=now_s if has_lost else state.began_s,
        now_s=now_s,
        changed_s=now_s if is_changed else state.changed_s,
        polls=polls,
        verdict=verdict,
        group=group,
        first_size=group.target_size if state.first_size is None else state.first_size,
        successes=successes,
        success_s=first_s if successes else None,
    )


def after_failed_poll(state: WatchState, text: str, now_s: float) -> WatchState:
    """Return the state after a poll whose read failed: that is no fact about the release."""
    return replace(state, now_s=now_s, verdict=Verdict("waiting", text))


def is_served(state: WatchState) -> bool:
    """Return whether the target version serves, and has served for as long as the bake lasts."""
    if state.verdict.state != "done" or state.successes < _POLLS_OF_SUCCESS or state.success_s is None:
        return False
    return state.now_s - state.success_s >= state.goal.bake_s


def failure(state: WatchState) -> Verdict | None:
    """Return why the target version has failed; None if it may still serve."""
    verdict, goal = state.verdict, state.goal
    waits = goal.is_rollback or goal.waits_for_capacity
    if verdict.state == "failed" or (verdict.state == "capacity" and not waits):
        return verdict
    allowed_s = _size_budget_s(state) if goal.budget_s is None else goal.budget_s
    if state.now_s - state.began_s < allowed_s + (goal.bake_s if state.successes else 0.0):
        return None
    is_capacity = verdict.state == "capacity" and goal.waits_for_capacity
    return Verdict("capacity" if is_capacity else "failed", f"not done after {allowed_s:g} s: {verdict.text}")


def requests_a_minute(settings: RolloutSettings) -> int:
    """Return how many requests any minute of a rollout may have: those of polls at the shortest pause, at least 120."""
    return max(_REQUESTS_A_MINUTE, round(_REQUESTS_A_MINUTE / settings.poll_s[0]))


def _size_budget_s(state: WatchState) -> float:
    """Return the seconds that a step may take by the size of its canary, and a rollback by that of the group."""
    size, canary = state.first_size or 0, state.goal.canary
    if canary is None:
        return state.settings.rollback_budget_s(size)
    return state.settings.budget_s(min(canary.size.instances(size), size))


def pause_s(state: WatchState, requests: int = 0) -> float:
    """
    Return the seconds until the next poll: a tenth of the time since the last change, between both limits.

    Polls become rarer as the requests of the minute are used up, down to half of the most frequent ones, so that the
    end of the rollout can be read more often. The last poll of a bake is at its end.

    Args:
        state: state after the last poll.
        requests: number of requests within the last minute.
    """
    shortest_s, longest_s = state.settings.poll_s
    pause = min(longest_s, max(shortest_s, (state.now_s - state.changed_s) / 10))
    pause = max(pause, 2 * shortest_s * requests / requests_a_minute(state.settings))
    left_s = 0.0 if state.success_s is None else state.success_s + state.goal.bake_s - state.now_s
    return min(pause, max(left_s, _SHORTEST_PAUSE_S)) if left_s > 0 else pause


def settling_pause_s(state: WatchState, now_s: float) -> float | None:
    """
    Return the seconds until the group's document is read without its instances, while the group only has to settle.

    While old instances are deleted it is read as often as a poll, and after that up to four times as often, because the
    next change is the end of the rollout.

    Args:
        state: state after the last poll.
        now_s: time of the last read of the document.

    Returns:
        Number of seconds; None if the next read is a poll: instances have to change, or were not read for long.
    """
    group, (shortest_s, longest_s) = state.group, state.settings.poll_s
    if group is None or state.verdict.state != "waiting" or not lacks_only_stability(group, state.goal.target):
        return None
    is_last_change = len(group.active_instances) == group.target_size
    shortest_s = shortest_s / 4 if is_last_change else shortest_s
    pause = min(longest_s, max(shortest_s, (now_s - state.changed_s) / 10))
    return pause if now_s + pause - state.now_s <= longest_s else None


def has_settling_changed(state: WatchState, document: Document) -> bool:
    """Return whether a document of the group shows another status or other actions than the last poll."""
    before = state.group.raw if state.group else {}
    return any(document.get(key) != before.get(key) for key in ("status", "currentActions", "fingerprint"))


def size_warnings(state: WatchState) -> tuple[str, ...]:
    """Return a warning if the target size changed during the watch."""
    size = state.first_size if state.group is None else state.group.target_size
    if size == state.first_size:
        return ()
    return (f"the target size changed from {state.first_size} to {size} during the rollout",)


def _progress(group: Group) -> object:
    return group.instances, group.is_stable, group.is_reached
