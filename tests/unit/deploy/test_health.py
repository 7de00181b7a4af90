"""The verdict on a group after each poll."""

import pytest

from deploy.documents.group_state import Group, Instance, Version
from deploy.group.health import PollSummary, Verdict, add_poll, group_verdict

TARGET = Version("new", "deploy/x")
NEW = Instance("n", TARGET, "RUNNING", "NONE", "HEALTHY")
OLD = Instance("o", Version("old"), "RUNNING", "NONE", "HEALTHY")


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
    assert (
        group_verdict(repaired, TARGET, polls).text
        == "n was recreated 2 times because it was unhealthy after the initial delay of 0 s"
    )
