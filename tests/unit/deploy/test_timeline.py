"""When each instance of a rollout was in which state, and how long each phase took."""

from deploy.documents.group_state import Group, Instance, Version
from deploy.rollout.result import InstanceTimes, Phase
from deploy.rollout.timeline import Timeline
from tests.unit.deploy.run_results import NEW, OLD


def instance(name: str, version: Version | None, state: str) -> Instance:
    """Return an instance that is creating, verifying, healthy or deleting."""
    status = "" if state == "creating" else "RUNNING"
    action = "NONE" if state == "healthy" else state.upper()
    return Instance(name, version, status, action, "HEALTHY" if state in ("healthy", "deleting") else "")


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
