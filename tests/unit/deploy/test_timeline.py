"""When each instance of a rollout was in which state, and how long each phase took."""

import pytest

from deploy.documents.group_state import Group, Instance, Version
from deploy.rollout.result import InstanceTimes, Phase
from deploy.rollout.timeline import Timeline, state
from tests.unit.deploy.run_results import NEW, OLD


def instance(name: str, version: Version | None, phase: str) -> Instance:
    """Return an instance that is creating, verifying, healthy or deleting."""
    status = "" if phase == "creating" else "RUNNING"
    action = "NONE" if phase == "healthy" else phase.upper()
    return Instance(name, version, status, action, "HEALTHY" if phase in ("healthy", "deleting") else "")


def group(*instances: Instance, version: Version = NEW) -> Group:
    """Return a group of some instances."""
    return Group({}, (version,), 1, "", True, True, instances)


def test_each_phase_counts_from_the_phase_before() -> None:
    """An old instance serves, a new one is created, verified and healthy, then the old one is deleted."""
    polls = [
        (1.0, [instance("o", OLD, "healthy")]),
        (3.0, [instance("o", OLD, "healthy"), instance("n", NEW, "creating")]),
        (10.0, [instance("o", OLD, "healthy"), instance("n", NEW, "verifying")]),
        (25.0, [instance("o", None, "deleting"), instance("n", NEW, "healthy")]),
        (40.0, [instance("n", NEW, "healthy")]),
    ]
    timeline = Timeline().reach(0.5, "template")
    for at_s, instances in polls:
        timeline = timeline.add(group(*instances), NEW, at_s)
    old, new = timeline.instances
    assert old == InstanceTimes("o", "old", "", False, "deleted", 40.0, 1.0, 1.0, 1.0, 40.0)
    assert new == InstanceTimes("n", "new", "aaaaaaaaaaaa", True, "healthy", 25.0, 3.0, 10.0, 25.0)
    assert [(phase.name, phase.seconds) for phase in timeline.phases()] == [
        ("template", 0.5), ("first instance running", 9.5), ("first healthy", 15.0), ("all healthy", 0.0),
        ("old deleted", 15.0),
    ]  # fmt: skip


def test_settled_counts_from_the_last_time() -> None:
    """A group that stops being settled is settled from the next time on."""
    timeline = Timeline().reach(10.0, "settled").remove("settled").reach(20.0, "settled").reach(25.0, "settled")
    assert timeline.phases() == (Phase("settled", 20.0),)


def test_rollback_reaches_no_milestone() -> None:
    """An instance of the restored version is no new instance, and no milestone of the release that failed."""
    timeline = Timeline().add(group(instance("o", OLD, "healthy"), version=OLD), NEW, 1.0)
    assert (timeline.phases(), timeline.instances[0].is_new) == ((), False)


def test_instance_that_comes_back_is_not_deleted() -> None:
    """An instance that one poll lacks and the next one shows again has no time of deletion."""
    timeline = Timeline()
    polls: tuple[tuple[float, list[Instance]], ...] = (
        (1.0, [instance("n", NEW, "healthy")]),
        (2.0, []),
        (3.0, [instance("n", NEW, "creating")]),
    )
    for at_s, instances in polls:
        timeline = timeline.add(group(*instances), NEW, at_s)
    assert (timeline.instances[0].deleted_s, timeline.instances[0].state) == (None, "creating")


@pytest.mark.parametrize(
    ("status", "action", "health", "expected"),
    [
        ("RUNNING", "VERIFYING", "UNHEALTHY", "verifying"),
        ("STAGING", "NONE", "", "staging"),
        ("", "", "", "absent"),
        ("RUNNING", "", "UNHEALTHY", "unhealthy"),
        ("RUNNING", "NONE", "", "running"),
    ],
)
def test_state_of_an_instance_in_a_word(status: str, action: str, health: str, expected: str) -> None:
    """An instance is doing its action; without an action it has its status, and while it runs its health."""
    assert state(Instance("n", NEW, status, action, health)) == expected


def test_times_of_a_deleted_instance_stay() -> None:
    """An instance that was deleted keeps the time of its deletion at later polls."""
    timeline = Timeline().add(group(instance("o", OLD, "healthy")), NEW, 1.0)
    timeline = timeline.add(group(), NEW, 2.0).add(group(), NEW, 3.0)
    assert timeline.instances == (InstanceTimes("o", "old", "", False, "deleted", 2.0, 1.0, 1.0, 1.0, 2.0),)


def test_state_of_an_instance_changes_with_its_time() -> None:
    """The time of a state is that of the first poll that showed the state."""
    timeline = Timeline()
    for at_s, phase in ((1.0, "creating"), (2.0, "verifying"), (3.0, "verifying")):
        timeline = timeline.add(group(instance("n", NEW, phase)), NEW, at_s)
    (times,) = timeline.instances
    assert (times.state, times.since_s, times.running_s, times.healthy_s) == ("verifying", 2.0, 2.0, None)


def test_milestones_of_a_group_without_healthy_instances() -> None:
    """A group of target size 0 without new instances is not healthy; its old instances are deleted."""
    timeline = Timeline().add(Group({}, (NEW,), 0, "", True, True, ()), NEW, 1.0)
    assert timeline.reached == {"old deleted": 1.0}


def test_milestones_of_a_release_that_the_group_is_no_longer_set_to() -> None:
    """An instance that still has the failed version reaches no milestone during the rollback."""
    timeline = Timeline().add(group(instance("n", NEW, "healthy"), version=OLD), NEW, 1.0)
    assert (timeline.reached, timeline.instances[0].is_new) == ({}, True)
