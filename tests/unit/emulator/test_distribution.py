"""Regional groups: where instances are created, which are deleted first, and what redistribution moves."""

from collections import Counter
from dataclasses import replace

import pytest

from emulator.group.distribution import is_even
from emulator.group.members import with_action_on
from emulator.group.profile import Profile
from tests.unit.emulator.group_rollout import NEW, OLD, ZONES, GroupRollout, available, settings, settled

A, B, C = ZONES


def by_zone(rollout: GroupRollout) -> dict[str, int]:
    """Return the number of instances of each zone that has some."""
    return dict(Counter(instance.zone for instance in rollout.group.living))


def resize(rollout: GroupRollout, size: int) -> None:
    """Set the target size, and wait until the group is stable."""
    target = replace(rollout.settings.targets[0], size=size)
    rollout.patch(replace(rollout.settings, size=size, targets=(target,)))
    rollout.settle()


def delete_in(rollout: GroupRollout, zone: str, count: int) -> None:
    """Delete instances of a zone, and shrink the target size by their number, as `deleteInstances` does."""
    names = [instance.name for instance in rollout.group.living if instance.zone == zone][:count]
    rollout.group = with_action_on(rollout.group, set(names), "DELETING", rollout.settings)
    resize(rollout, rollout.settings.size - count)


def uneven(**more: object) -> GroupRollout:
    """Return a group of 2, 3 and 1 instances that redistributes none."""
    rollout = settled(9, zones=ZONES, **more)
    delete_in(rollout, A, 1)
    delete_in(rollout, C, 2)
    assert by_zone(rollout) == {A: 2, B: 3, C: 1}
    return rollout


def test_instances_are_spread_over_all_zones() -> None:
    """A new group has as many instances in each zone, and the rest in the first zones."""
    assert by_zone(settled(5, zones=ZONES)) == {A: 2, B: 2, C: 1}


@pytest.mark.parametrize(("size", "numbers"), [(8, (3, 3, 2)), (5, (2, 2, 1)), (3, (1, 1, 1))])
def test_a_resize_evens_out(size: int, numbers: tuple[int, int, int]) -> None:
    """A group that grows adds to its emptiest zones, and a group that shrinks takes from its fullest ones."""
    rollout = uneven()
    resize(rollout, size)
    assert tuple(by_zone(rollout)[zone] for zone in ZONES) == numbers


def test_without_redistribution_a_group_stays_uneven() -> None:
    """A group that redistributes none is stable with uneven zones; a rollout creates its new instances evenly."""
    rollout = uneven()
    assert not is_even(rollout.group, rollout.settings)
    rollout.patch(settings(NEW, 6, zones=ZONES))
    rollout.settle()
    assert by_zone(rollout) == {A: 2, B: 2, C: 2}


@pytest.mark.parametrize(("surge", "unavailable", "most", "least"), [(1, 0, 7, 6), (0, 1, 6, 5)])
def test_redistribution_moves_instances(surge: int, unavailable: int, most: int, least: int) -> None:
    """Redistribution moves one instance at a time within surge and unavailable; the others keep their names."""
    rollout = uneven()
    before = {instance.name for instance in rollout.group.living}
    limits = {"surge": surge, "unavailable": unavailable}
    rollout.patch(settings(OLD, 6, zones=ZONES, redistributes=True, **limits))
    groups = rollout.settle()
    assert by_zone(rollout) == {A: 2, B: 2, C: 2}
    assert max(len(group.living) for group in groups) == most
    assert min(len(available(group)) for group in groups) == least
    assert len(before & {instance.name for instance in rollout.group.living}) == 5


def test_redistribution_waits_for_the_new_instance() -> None:
    """While the moved instance is not healthy, no instance of the fullest zone is deleted."""
    rollout = uneven()
    rollout.profiles["old"] = Profile(answer_s=None)
    rollout.patch(settings(OLD, 6, zones=ZONES, redistributes=True))
    for group in rollout.moments(rollout.group.at_s + 600):
        assert len(available(group)) == 6
    assert by_zone(rollout) == {A: 2, B: 3, C: 2}


def test_recreated_instances_keep_their_zones() -> None:
    """RECREATE replaces each instance under its name and in its zone."""
    rollout = uneven()
    before = {instance.name: instance.zone for instance in rollout.group.instances}
    rollout.patch(settings(NEW, 6, zones=ZONES, surge=0, unavailable=3, substitutes=False))
    rollout.settle()
    assert {instance.name: instance.zone for instance in rollout.group.instances} == before
    assert rollout.versions() == [NEW] * 6
