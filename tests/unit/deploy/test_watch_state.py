"""The fold over the polls of a group: when a version serves, when it has failed, and how long to pause."""

from dataclasses import replace

import pytest

from deploy.documents.group_state import Group, Instance, Version
from deploy.group.health import PollSummary, Verdict
from deploy.rollout.watch_state import (
    Goal,
    WatchState,
    after_failed_poll,
    after_poll,
    failure,
    first_state,
    has_settling_changed,
    is_served,
    pause_s,
    settling_pause_s,
    size_warnings,
)
from deploy.rollout_settings import RolloutSettings

TARGET = Version("new", "v")
GOAL = Goal(target=TARGET, budget_s=300.0, bake_s=30.0)
SETTINGS = RolloutSettings(bake_s=30.0)
WAITING, DONE, FAILED, CAPACITY = (Verdict(state, "x") for state in ("waiting", "done", "failed", "capacity"))


def group(size: int = 3, health: str = "HEALTHY") -> Group:
    """Return a group with an instance of some health."""
    return Group({}, (TARGET,), size, "f", True, True, (Instance("n", TARGET, "RUNNING", "NONE", health),))


def folded(*polls: tuple[float, Verdict | None], goal: Goal = GOAL) -> WatchState:
    """Return the state after polls at some seconds; a poll without a verdict is a read that failed."""
    state = first_state(goal, SETTINGS, 0.0)
    for at_s, verdict in polls:
        if verdict is None:
            state = after_failed_poll(state, "the group can't be read", at_s)
        else:
            state = after_poll(state, group(), PollSummary(), verdict, at_s)
    return state


@pytest.mark.parametrize(
    ("polls", "expected"),
    [
        ([(0.0, DONE)], False),
        ([(0.0, DONE), (29.0, DONE)], False),
        ([(0.0, DONE), (30.0, DONE)], True),
        ([(40.0, DONE)], False),
        ([(0.0, DONE), (10.0, WAITING), (31.0, DONE)], False),
        ([(0.0, DONE), (10.0, WAITING), (31.0, DONE), (61.0, DONE)], True),
        ([(0.0, DONE), (31.0, None)], False),
        ([(0.0, DONE), (10.0, None), (31.0, DONE)], True),
    ],
)
def test_success_is_two_polls_in_a_row_and_lasts_for_the_bake(
    polls: list[tuple[float, Verdict | None]], expected: bool
) -> None:
    """A poll without success begins the bake again; a read that failed does not."""
    assert is_served(folded(*polls)) is expected


def test_success_without_a_bake_takes_two_polls_too() -> None:
    """Compute Engine's flags may be set for a moment too early."""
    goal = replace(GOAL, bake_s=0.0)
    assert not is_served(folded((1.0, DONE), goal=goal))
    assert is_served(folded((1.0, DONE), (1.0, DONE), goal=goal))


def test_verdict_of_a_failure_is_the_failure() -> None:
    """A failed verdict, or a lack of capacity, ends the watch of a release at once."""
    assert failure(folded((1.0, WAITING))) is None
    assert failure(folded((1.0, FAILED))) is FAILED
    assert failure(folded((1.0, CAPACITY))) is CAPACITY


def test_rollback_waits_for_capacity() -> None:
    """A rollback that lacks capacity fails at its deadline only."""
    goal = replace(GOAL, is_rollback=True)
    assert failure(folded((299.0, CAPACITY), goal=goal)) is None
    assert failure(folded((300.0, CAPACITY), goal=goal)) == Verdict("failed", "not done after 300 s: x")


@pytest.mark.parametrize(
    ("polls", "is_late"),
    [
        ([(299.9, WAITING)], False),
        ([(300.0, WAITING)], True),
        ([(300.0, None)], True),
        ([(290.0, DONE), (329.9, DONE)], False),
        ([(329.9, DONE)], False),
        ([(330.0, DONE)], True),
    ],
)
def test_bake_is_added_to_the_time_of_a_version_that_serves(
    polls: list[tuple[float, Verdict | None]], is_late: bool
) -> None:
    """The deadline moves by the bake once the version serves."""
    assert (failure(folded(*polls)) is not None) is is_late


def test_deadline_of_an_automatic_rollback_depends_on_the_first_target_size() -> None:
    """A rollback of three instances has 840 s, and one of a group that was never read has 300 s."""
    goal = replace(GOAL, budget_s=None, is_rollback=True, bake_s=0.0)
    assert failure(folded((569.9, WAITING), goal=goal)) is None
    assert failure(folded((840.0, WAITING), goal=goal)) is not None
    assert failure(folded((300.0, None), goal=goal)) is not None


def test_reason_of_a_group_that_was_never_read_is_the_read() -> None:
    """The error of a deadline has the reason of the last poll."""
    state = folded((1.0, DONE), (400.0, None))
    assert state.verdict == Verdict("waiting", "the group can't be read")
    assert failure(state) == Verdict("failed", "not done after 300 s: the group can't be read")


@pytest.mark.parametrize(
    ("unchanged_s", "expected"), [(0.0, 1.0), (9.0, 1.0), (20.0, 2.0), (49.0, 4.9), (50.0, 5.0), (1_000.0, 5.0)]
)
def test_polls_are_frequent_while_the_group_changes(unchanged_s: float, expected: float) -> None:
    """The pause is a tenth of the time without a change, within the settings."""
    assert pause_s(folded((100.0, WAITING), (100.0 + unchanged_s, WAITING))) == pytest.approx(expected)


def test_change_of_the_group_makes_polls_frequent_again() -> None:
    """Another state of an instance is a change."""
    state = folded((0.0, WAITING), (500.0, WAITING))
    assert pause_s(state) == 5.0
    assert pause_s(after_poll(state, group(health="UNHEALTHY"), PollSummary(), WAITING, 501.0)) == 1.0


def test_pause_of_equal_bounds_is_fixed() -> None:
    """Settings with one pause give that pause."""
    state = replace(folded((0.0, WAITING), (300.0, WAITING)), settings=RolloutSettings(poll_s=(0.25, 0.25)))
    assert pause_s(state) == 0.25


@pytest.mark.parametrize(
    ("now_s", "bake_s", "expected"), [(120.0, 30.0, 2.0), (128.0, 30.0, 2.0), (129.5, 30.0, 0.5), (130.0, 30.0, 3.0)]
)
def test_last_poll_of_a_bake_is_at_its_end(now_s: float, bake_s: float, expected: float) -> None:
    """A success of 28 s is polled again after 2 s, not after 2.8 s: the time beyond a bake is lost."""
    state = folded((100.0, DONE), (now_s, DONE), goal=replace(GOAL, bake_s=bake_s))
    assert pause_s(state) == pytest.approx(expected)


def test_rest_of_a_bake_below_the_shortest_pause_is_no_loop_without_time() -> None:
    """A rest that a clock can't express would be polled without end."""
    state = folded((100.0, DONE), (129.999_999, DONE))
    assert pause_s(state) == 0.01


OLD = Instance("old", None, "STOPPING", "DELETING", "")


def settling(*more: Instance, is_stable: bool = False, health: str = "HEALTHY") -> WatchState:
    """Return the state after a poll at 100 s of a group of one instance, which serves, and of more."""
    first = group(size=1, health=health)
    shown = replace(first, is_stable=is_stable, instances=(*first.instances, *more))
    return after_poll(first_state(GOAL, SETTINGS, 0.0), shown, PollSummary(), WAITING, 100.0)


@pytest.mark.parametrize(
    ("state", "now_s", "expected"),
    [
        (settling(), 100.0, 0.25),
        (settling(), 102.5, 0.25),
        (settling(), 104.5, 0.45),
        (settling(), 104.6, None),
        (settling(OLD), 100.0, 1.0),
        (settling(OLD), 104.0, 1.0),
        (settling(OLD), 104.1, None),
        (settling(is_stable=True), 100.0, None),
        (settling(health="UNHEALTHY"), 100.0, None),
        (settling(replace(OLD, version=Version("old", "v"))), 100.0, None),
        (replace(settling(), verdict=DONE), 100.0, None),
        (first_state(GOAL, SETTINGS, 0.0), 0.0, None),
    ],
)
def test_group_that_only_has_to_settle_is_read_often(state: WatchState, now_s: float, expected: float | None) -> None:
    """Its document is read alone, for at most the longest pause between two polls."""
    assert settling_pause_s(state, now_s) == (None if expected is None else pytest.approx(expected))


def test_settling_ends_with_any_change_of_the_status() -> None:
    """A poll reads the instances again as soon as the status, the actions or the fingerprint differ."""
    document = {"status": {"isStable": False}, "currentActions": {"deleting": 1}, "fingerprint": "f", "targetSize": 1}
    state = settling()
    assert state.group is not None
    state = replace(state, group=replace(state.group, raw=document))
    assert not has_settling_changed(state, document | {"targetSize": 2})
    assert has_settling_changed(state, document | {"status": {"isStable": True}})
    assert has_settling_changed(state, document | {"currentActions": {}})
    assert has_settling_changed(state, document | {"fingerprint": "g"})


def test_change_of_the_target_size_is_a_warning() -> None:
    """The warning has the size at the first poll and at the last one."""
    state = folded((0.0, WAITING))
    assert size_warnings(state) == ()
    assert size_warnings(first_state(GOAL, SETTINGS, 0.0)) == ()
    resized = after_poll(state, group(size=5), PollSummary(), DONE, 9.0)
    assert size_warnings(resized) == ("the target size changed from 3 to 5 during the rollout",)


def test_state_before_and_after_the_first_polls() -> None:
    """Each poll sets every member of the state; the time of a change and of success are those of the first poll."""
    before = first_state(replace(GOAL, had_instances=True), SETTINGS, 100.0)
    assert before == WatchState(
        goal=replace(GOAL, had_instances=True),
        settings=SETTINGS,
        began_s=100.0,
        now_s=100.0,
        changed_s=100.0,
        polls=PollSummary(had_instances=True),
        verdict=Verdict("waiting", "the group was not read"),
    )
    polls = PollSummary(had_instances=True, polls_without_capacity=1)
    first = after_poll(before, group(), polls, DONE, 101.0)
    expected = replace(
        before, now_s=101.0, changed_s=101.0, polls=polls, verdict=DONE, group=group(), first_size=3, successes=1,
        success_s=101.0,
    )  # fmt: skip
    assert first == expected
    assert after_poll(first, group(), polls, DONE, 102.0) == replace(expected, now_s=102.0, successes=2)
    assert after_poll(first, group(), polls, WAITING, 102.0) == replace(
        expected, began_s=102.0, now_s=102.0, verdict=WAITING, successes=0, success_s=None
    )
    assert after_failed_poll(first, "x", 102.0) == replace(expected, now_s=102.0, verdict=WAITING)
