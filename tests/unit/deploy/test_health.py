"""The verdict on a group after each poll."""

import pytest

from deploy.documents.group_state import Group, Instance, Version
from deploy.group.health import (
    PollSummary,
    Verdict,
    add_poll,
    group_verdict,
    is_empty,
    is_idle,
    is_on_one_version,
    with_delay_cause,
)

TARGET = Version("new", "deploy/x")
NEW = Instance("n", TARGET, "RUNNING", "NONE", "HEALTHY")
OLD = Instance("o", Version("old"), "RUNNING", "NONE", "HEALTHY")
STANDBY = Instance("s", Version("old"), "STOPPED", "NONE", "", target_status="STOPPED")


def group(
    *instances: Instance, size: int = 1, stable: bool = True, reached: bool = True, version: Version = TARGET
) -> Group:
    return Group({}, (version,), size, "f", stable, reached, instances)


@pytest.mark.parametrize(
    ("state_of_group", "state"),
    [
        (group(NEW), "done"),
        (group(NEW, stable=False), "waiting"),
        (group(NEW, reached=False), "waiting"),
        (group(NEW, OLD), "waiting"),
        (group(OLD), "waiting"),
        (group(NEW, size=2), "waiting"),
        (group(Instance("n", TARGET, "RUNNING", "VERIFYING", "HEALTHY")), "waiting"),
        (group(Instance("n", TARGET, "RUNNING", "NONE", "UNHEALTHY")), "waiting"),
        (group(Instance("n", TARGET, "RUNNING", "NONE", "")), "waiting"),
        (group(NEW, version=Version("new", "deploy/y")), "superseded"),
        (group(size=0), "done"),
    ],
)
def test_success_needs_every_condition_at_once(state_of_group: Group, state: str) -> None:
    """A group that misses a single condition of success is still waited for."""
    assert group_verdict(state_of_group, TARGET, add_poll(state_of_group, TARGET, PollSummary())).state == state


def test_capacity_fails_after_two_polls_and_repairs_after_two_times() -> None:
    """One poll without capacity, or one repair, may be over at the next poll."""
    lacking = group(Instance("n", TARGET, "", "CREATING", "", (("QUOTA_EXCEEDED", "no"),)), OLD)
    first_poll = add_poll(lacking, TARGET, PollSummary())
    assert group_verdict(lacking, TARGET, first_poll).state == "waiting"
    assert group_verdict(lacking, TARGET, add_poll(lacking, TARGET, first_poll)) == Verdict(
        "capacity", "QUOTA_EXCEEDED: no", "n"
    )
    polls = PollSummary()
    for action in ("RECREATING", "RECREATING", "VERIFYING", "RECREATING"):
        repaired = group(Instance("n", TARGET, "RUNNING", action, ""), OLD)
        polls = add_poll(repaired, TARGET, polls)
    assert group_verdict(repaired, TARGET, polls) == Verdict(
        "failed",
        "n was recreated 2 times because it was unhealthy after the initial delay of 0 s",
        "n",
        "fix the error in the instance's output, or raise initialDelaySec if the application starts slowly",
        is_repair=True,
    )


ERROR = (("QUOTA_EXCEEDED", "no"),)


@pytest.mark.parametrize(
    ("state_of_group", "text"),
    [
        (group(NEW), "1 of 1 healthy"),
        (group(size=0), "no instances, nothing proven"),
        (group(NEW, size=2), "1 of 2"),
        (group(NEW, reached=False), "not reached"),
        (group(NEW, stable=False), "not stable"),
        (group(NEW, OLD), "old 1"),
        (group(Instance("n", TARGET, "RUNNING", "NONE", "UNHEALTHY"), OLD), "n unhealthy · old 1"),
        (group(Instance("n", TARGET, "STAGING", "NONE", "")), "n staging"),
        (group(Instance("n", TARGET, "", "NONE", "")), "n unknown"),
        (
            group(Instance("n", TARGET, "", "CREATING", ""), Instance("m", TARGET, "RUNNING", "NONE", "TIMEOUT"), OLD),
            "1 creating · m timeout · old 1",
        ),
        (group(version=Version("", "")), "the target version of the group is now  ''"),
    ],
)
def test_verdict_names_what_it_waits_for(state_of_group: Group, text: str) -> None:
    """Actions come first, then unhealthy and old instances; the other conditions only without those."""
    assert group_verdict(state_of_group, TARGET, PollSummary()).text == text


@pytest.mark.parametrize(
    ("state_of_group", "empty", "idle"),
    [
        (group(NEW), False, True),
        (group(NEW, size=0), False, False),
        (group(size=1), False, False),
        (group(size=0), True, True),
        (group(size=0, stable=False), True, False),
        (group(Instance("n", None, "STOPPING", "DELETING", ""), size=0), True, True),
        (Group({}, (), 0, "f", True, True), True, False),
        (Group({}, (TARGET, Version("old")), 0, "f", True, True), True, False),
    ],
)
def test_empty_group_with_one_version_has_nothing_left_to_do(state_of_group: Group, empty: bool, idle: bool) -> None:
    """An instance that the group deletes does not stay; two versions without instances are an unfinished rollout."""
    assert (is_empty(state_of_group), is_idle(state_of_group)) == (empty, idle)


@pytest.mark.parametrize(
    ("state_of_group", "expected"),
    [
        (group(NEW), True),
        (group(Instance("n", TARGET, "RUNNING", "VERIFYING", "")), True),
        (group(NEW, Instance("o", None, "STOPPING", "DELETING", "")), True),
        (group(NEW, OLD), False),
        (group(NEW, reached=False), False),
        (group(NEW, STANDBY, reached=False), True),
        (group(OLD, STANDBY), False),
        (Group({}, (), 0, "f", True, True), False),
        (Group({}, (TARGET, Version("old")), 1, "f", True, True, (NEW,)), False),
    ],
)
def test_instances_of_one_version_are_recognised_whatever_their_health(state_of_group: Group, expected: bool) -> None:
    """Every active instance that stays is on the only version; standby instances may keep the group's flag false."""
    assert is_on_one_version(state_of_group) == expected


def test_poll_after_poll_adds_instances_capacity_and_repairs() -> None:
    """A poll with capacity begins the count again, and a recreation that lasts for two polls is one repair."""
    lacking = group(Instance("n", TARGET, "", "CREATING", "", ERROR), size=0)
    first_poll = add_poll(lacking, TARGET, PollSummary(repairs={"m": 1}))
    assert first_poll == PollSummary(had_instances=True, polls_without_capacity=1, repairs={"m": 1})
    recreating = group(Instance("n", TARGET, "RUNNING", "RECREATING", "", ERROR))
    second_poll = add_poll(recreating, TARGET, first_poll)
    assert second_poll == PollSummary(True, 0, {"m": 1, "n": 1}, frozenset({"n"}))
    assert add_poll(recreating, TARGET, second_poll) == second_poll
    assert add_poll(group(size=0), TARGET, PollSummary()) == PollSummary()
    assert add_poll(group(OLD), TARGET, PollSummary()) == PollSummary(had_instances=True)


@pytest.mark.parametrize(
    ("had_instances", "needs_proof", "state"), [(True, True, "failed"), (True, False, "done"), (False, True, "done")]
)
def test_release_needs_an_instance_as_proof(had_instances: bool, needs_proof: bool, state: str) -> None:
    """A group that was resized to 0 proves nothing, unless it was empty before or its version is proven already."""
    polls = PollSummary(had_instances=had_instances)
    verdict = group_verdict(group(size=0), TARGET, polls, needs_proof=needs_proof)
    failed = Verdict(
        "failed",
        "the target size became 0 during the rollout, so no instance proves the release",
        fix="resize the group, and deploy again",
    )
    assert verdict == (failed if state == "failed" else Verdict("done", "no instances, nothing proven"))
    assert group_verdict(group(size=0), TARGET, PollSummary(had_instances=True)) == failed


def test_cause_of_a_repair_is_a_short_initial_delay() -> None:
    """Only a repair is explained by the delay, and only if the delay is too short."""
    repair = Verdict("failed", "n was recreated", "n", "fix the error", is_repair=True)
    other = Verdict("failed", "n failed", "n", "fix the error")
    assert with_delay_cause(repair, "the delay is short") == Verdict(
        "failed", "n was recreated; the delay is short", "n", "raise initialDelaySec, and deploy again", is_repair=True
    )
    assert with_delay_cause(repair, "") == repair
    assert with_delay_cause(other, "the delay is short") == other
