"""What a group is set to, and whether its canary serves."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.documents.canary import Canary, canary_instances, target_of, version_entries
from deploy.documents.group_state import Group, Instance, Version
from deploy.documents.instance_count import InstanceCount
from deploy.group.canary_health import canary_verdict, is_canary_serving, promotion_obstacle
from deploy.group.health import PollSummary
from deploy.release.record import ReleaseRecord, parse_record
from deploy.release.steps import Step, next_position, position
from deploy.release.template import content_name

OLD, NEW = Version("projects/p/global/instanceTemplates/old", "o"), Version("projects/p/global/instanceTemplates/new")
ONE = Canary(OLD, NEW, InstanceCount(1))


def instance(name: str, version: Version, **changes: Any) -> Instance:
    """Return an instance that serves a version."""
    return replace(Instance(name, version, "RUNNING", "NONE", "HEALTHY", target_status="RUNNING"), **changes)


SETTLED = (instance("a", OLD), instance("b", OLD), instance("c", NEW))


def group(*instances: Instance, canary: Canary = ONE, calculated: int | None = None, **changes: Any) -> Group:
    """Return a stable group of three that is set to a canary."""
    entries = version_entries(canary)
    if calculated is not None:
        entries[1]["targetSize"]["calculated"] = calculated
    members = {"target_size": 3, "fingerprint": "f", "is_stable": True, "is_reached": True, **changes}
    return Group(raw={"versions": entries}, versions=(OLD, NEW), instances=instances or SETTLED, **members)


def test_target_is_read_as_written() -> None:
    """The entry with a size is the canary, in any order; `calculated` is no size."""
    assert target_of(group()) == ONE
    [old, new] = version_entries(ONE)
    old["targetSize"] = {"calculated": 2}
    assert target_of(replace(group(), raw={"versions": [old, new]})) == ONE
    assert target_of(replace(group(), raw={"versions": [new, old]}, versions=(NEW, OLD))) == ONE
    assert target_of(replace(group(), versions=(OLD,))) == OLD
    assert target_of(replace(group(), raw={"versions": [old, old]})) is None
    assert target_of(replace(group(), versions=())) is None


@pytest.mark.parametrize(
    ("size", "calculated", "expected"),
    [
        (InstanceCount(1), None, 1),
        (InstanceCount(5), 5, 3),
        (InstanceCount(50, is_percent=True), None, 2),
        (InstanceCount(50, is_percent=True), 1, 1),
    ],
)
def test_number_of_a_canary_is_that_of_compute_engine(
    size: InstanceCount, calculated: int | None, expected: int
) -> None:
    """Its rounding is not documented; a fixed number is at most the target size."""
    canary = Canary(OLD, NEW, size)
    assert canary_instances(group(canary=canary, calculated=calculated), canary) == expected


@pytest.mark.parametrize(
    ("polled", "state", "text"),
    [
        (group(), "done", "1 of 1 healthy on the new version"),
        (group(instance("a", OLD), instance("b", OLD), instance("c", OLD)), "waiting", "0 of 1"),
        (group(*SETTLED, instance("d", NEW)), "waiting", "2 of 1"),
        (group(*SETTLED[:2], instance("c", NEW, action="CREATING", status="")), "waiting", "1 creating"),
        (group(*SETTLED[:2], instance("c", NEW, health="UNHEALTHY")), "waiting", "c unhealthy"),
        (group(is_stable=False), "waiting", "not stable"),
        (group(is_reached=False), "waiting", "not reached"),
        (group(instance("a", OLD, health="UNHEALTHY"), *SETTLED[1:]), "done", "1 of 1 healthy on the new version"),
        (group(*SETTLED, instance("s", Version("x"), target_status="STOPPED"), is_reached=False), "done", "1 of 1 "),
        (group(calculated=0), "waiting", "1 of 0"),
        (
            group(canary=Canary(OLD, NEW, InstanceCount(2))), "superseded",
            "the canary was set to another step meanwhile: 2 instances in place of 1 instance",
        ),
        (replace(group(), versions=(OLD,)), "superseded", "the canary was aborted meanwhile: the group is"),
        (replace(group(), versions=(NEW,)), "superseded", "the canary was promoted meanwhile: the group is"),
        (replace(group(), versions=(Version("x"),)), "superseded", "the target versions of the group are now x ''"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_verdict_on_a_step(polled: Group, state: str, text: str) -> None:
    """A step serves if as many instances as it has are on the new version and healthy, and the group is stable."""
    verdict = canary_verdict(polled, ONE, PollSummary(had_instances=True))
    assert (verdict.state, verdict.text.startswith(text)) == (state, True), verdict
    if state != "superseded":
        assert (promotion_obstacle(polled, ONE) == "") == (state == "done")
        assert is_canary_serving(polled, ONE) == (state == "done" or text.startswith("not "))


@pytest.mark.parametrize(
    ("polled", "text"),
    [
        (group(*SETTLED[:2], instance("c", NEW, health="UNHEALTHY")), "its canary does not serve: c unhealthy"),
        (
            group(instance("a", OLD, action="RECREATING"), *SETTLED[1:], is_stable=False),
            "its canary serves, but the group is not settled: 'a' is recreating",
        ),
        (group(is_stable=False), "its canary serves, but the group is not settled"),
    ],
    ids=["canary", "old instance", "group"],
)
def test_promotion_is_refused_by_its_true_obstacle(polled: Group, text: str) -> None:
    """An old instance that is repaired is no fault of the canary."""
    assert promotion_obstacle(polled, ONE) == text


def test_canary_that_is_recreated_twice_has_failed() -> None:
    """The rules of a whole group hold for the instances of a canary."""
    verdict = canary_verdict(group(), ONE, PollSummary(had_instances=True, repairs={"c": 2}))
    assert (verdict.state, verdict.instance, verdict.is_repair) == ("failed", "c", True)


STEPS = (Step(1, 120.0, pauses=True), Step("50%", 60.0), Step(3, 0.0))


@pytest.mark.parametrize(
    ("index", "size", "expected"),
    [(0, 3, 1), (0, 2, 3), (1, 4, 2), (1, 3, 3), (1, 6, 3), (1, 20, 3), (2, 3, 3), (2, 2, 3)],
)
def test_step_that_does_not_raise_the_canary_is_left_out(index: int, size: int, expected: int) -> None:
    """
    An autoscaler may have changed the target size; the number of steps stands for the whole group.

    A step of as many instances as the group has is the whole group, and is left out too.
    """
    assert next_position(STEPS, index, size) == expected


def test_steps_stand_in_the_record_of_a_release() -> None:
    """They are left out if there are none, so that earlier versions of deploy read the record."""
    record = ReleaseRecord("h/p", f"sha256:{'a' * 64}", OLD.link, "1", "z/g", steps=STEPS)
    assert parse_record(record.dump()) == record
    assert "steps" not in replace(record, steps=()).dump()
    assert "checks" not in record.dump()
    judged = replace(record, checks=("errors", "p99"))
    assert parse_record(judged.dump()) == judged
    assert content_name("p", judged, {}) != content_name("p", record, {})
    assert (position(STEPS, InstanceCount(50, is_percent=True)), position(STEPS, InstanceCount(2))) == (1, None)
    assert str(STEPS[0]) == "1 instance for 120 s, then a pause"
    assert str(STEPS[1]) == "50% of the group for 60 s"
