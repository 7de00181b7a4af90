"""How a group with two versions rolls, case by case: which instances change, and which stay."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from emulator.group.instances import Instance, Version, shut_down
from emulator.group.members import updated_in_place, with_action_on, with_instances
from emulator.group.profile import Profile
from emulator.group.settings import Settings, Target
from tests.unit.emulator.group_rollout import NEW, OLD, ZONES, GroupRollout, available, flags, settings, settled

BROKEN = Profile(answer_s=None)


def canary(count: int, size: int, **more: Any) -> Settings:
    """Return the settings of a group with a canary of a number of instances."""
    return settings(OLD, size, targets=(Target(NEW, count), Target(OLD, size - count)), **more)


def with_canary(count: int, size: int, **more: Any) -> GroupRollout:
    """Return a group that has settled with a canary of a number of instances."""
    rollout = settled(size, **more)
    rollout.patch(canary(count, size, **more))
    rollout.settle()
    return rollout


def names(rollout: GroupRollout, version: Version) -> set[str]:
    """Return the names of the instances of a version."""
    return {instance.name for instance in rollout.group.instances if instance.intended == version}


def test_a_larger_canary_replaces_no_more_than_it_gains() -> None:
    """A canary that grows from 1 to 3 of 5 keeps its instance, and two instances of the other version."""
    rollout = with_canary(1, 5)
    before, old = names(rollout, NEW), names(rollout, OLD)
    rollout.patch(canary(3, 5))
    rollout.settle()
    assert before < names(rollout, NEW)
    assert len(names(rollout, OLD) & old) == 2


def test_a_smaller_canary_loses_what_is_not_available_and_then_the_youngest() -> None:
    """A canary that shrinks loses its broken instance first, then its youngest; the other version keeps its all."""
    rollout = with_canary(3, 5)
    oldest, broken, youngest = [instance for instance in rollout.group.instances if instance.intended == NEW]
    old = names(rollout, OLD)
    down = replace(broken, was_available=False)
    rollout.group = with_instances(rollout.group, {broken.name: down})
    rollout.patch(canary(2, 5))
    rollout.settle()
    assert names(rollout, NEW) == {oldest.name, youngest.name}
    rollout.patch(canary(1, 5))
    rollout.settle()
    assert names(rollout, NEW) == {oldest.name}
    assert old < names(rollout, OLD)


def test_a_canary_that_ends_replaces_only_the_other_version() -> None:
    """A canary that becomes the only version keeps its instances."""
    rollout = with_canary(2, 5)
    kept = names(rollout, NEW)
    rollout.patch(settings(NEW, 5))
    assert all(len(available(group)) >= 5 for group in rollout.settle())
    assert kept < names(rollout, NEW)
    assert (len(names(rollout, NEW)), flags(rollout)) == (5, (True, True))


def test_a_broken_canary_vanishes_at_once() -> None:
    """Instances of an aborted canary that were never healthy are deleted by the next decision; no other is touched."""
    rollout = settled(5)
    rollout.profiles["new"] = BROKEN
    old = names(rollout, OLD)
    rollout.patch(canary(2, 5, surge=2))
    list(rollout.moments(until_s=rollout.group.at_s + 100))
    assert len(names(rollout, NEW)) == 2
    aborted_at_s = rollout.group.at_s
    rollout.patch(settings(OLD, 5, surge=2))
    decided = next(group for group in rollout.settle() if {"DELETING"} & {row.action for row in group.instances})
    assert sum(instance.action == "DELETING" for instance in decided.instances) == 2
    assert decided.at_s - aborted_at_s <= 2
    assert names(rollout, OLD) == old


def test_another_name_of_the_canary_replaces_only_the_canary() -> None:
    """A changed version name alone replaces the instances of that version."""
    rollout = with_canary(2, 5)
    old = names(rollout, OLD)
    again = Version(NEW.template, "again")
    rollout.patch(settings(size=5, targets=(Target(again, 2), Target(OLD, 3))))
    rollout.settle()
    assert Counter(rollout.versions()) == {again: 2, OLD: 3}
    assert names(rollout, OLD) == old


@pytest.mark.parametrize(("before", "after", "kept"), [((1, 3), (3, 9), (1, 2)), ((5, 10), (2, 4), (2, 2))])
def test_a_resize_keeps_the_share(before: tuple[int, int], after: tuple[int, int], kept: tuple[int, int]) -> None:
    """A resized group has the canary's new number, and replaces no instance for it."""
    rollout = with_canary(*before)
    first = names(rollout, NEW), names(rollout, OLD)
    rollout.patch(canary(*after))
    rollout.settle()
    count, size = after
    assert Counter(rollout.versions()) == {NEW: count, OLD: size - count}
    assert (len(first[0] & names(rollout, NEW)), len(first[1] & names(rollout, OLD))) == kept


def test_a_canary_is_spread_over_the_zones() -> None:
    """A canary of three instances of nine has one in each of three zones."""
    rollout = with_canary(3, 9, zones=ZONES, redistributes=True, surge=3)
    zones = Counter(instance.zone for instance in rollout.group.instances if instance.intended == NEW)
    assert zones == dict.fromkeys(ZONES, 1)
    assert Counter(instance.zone for instance in rollout.group.instances) == dict.fromkeys(ZONES, 3)


@pytest.mark.parametrize("moved", [OLD, NEW])
def test_a_moved_instance_keeps_its_version(moved: Version) -> None:
    """An uneven group moves an instance of the version without a size, or of the canary if the zone has no other."""
    rollout = with_canary(2, 3, zones=ZONES[:2], redistributes=True)
    in_first = [NEW, OLD, NEW] if moved == OLD else [NEW, NEW, OLD]
    zones = (ZONES[0], ZONES[0], ZONES[1])
    rows = zip(rollout.group.instances, in_first, zones, strict=True)
    placed = {row.name: replace(row, intended=version, zone=zone) for row, version, zone in rows}
    rollout.group = with_instances(rollout.group, placed)
    third = {"zones": ZONES, "redistributes": True}
    size = 4 if moved == OLD else 3
    rollout.patch(canary(2, size, **third))
    rollout.settle()
    assert Counter(rollout.versions()) == {NEW: 2, OLD: size - 2}
    counts = Counter(instance.zone for instance in rollout.group.instances)
    assert max(counts.values()) - min(counts[zone] for zone in ZONES) <= 1


def by_version(rollout: GroupRollout) -> dict[Version, Instance]:
    """Return an instance of each version."""
    return {instance.intended: instance for instance in rollout.group.living}


@pytest.mark.parametrize("action", ["recreate", "apply"])
def test_recreated_instances_keep_their_versions(action: str) -> None:
    """recreateInstances and applyUpdatesToInstances of all instances of a settled group change no version."""
    rollout = with_canary(2, 5)
    before = {instance.name: instance.intended for instance in rollout.group.instances}
    if action == "recreate":
        rollout.group = with_action_on(rollout.group, set(before), "RECREATING", rollout.settings)
    else:
        arguments = (set(before), rollout.settings, rollout.conditions, "REPLACE", "REPLACE")
        rollout.group = updated_in_place(rollout.group, *arguments)  # type: ignore[arg-type]
    rollout.patch(rollout.settings)
    rollout.settle()
    assert {instance.name: instance.intended for instance in rollout.group.instances} == before
    assert all(instance.incarnation == 2 for instance in rollout.group.instances)


def test_recreated_instances_fill_a_canary_to_its_size() -> None:
    """In an opportunistic group recreated instances get the canary's version until it has its size."""
    rollout = settled(4)
    rollout.patch(canary(2, 4, proactive=False))
    rollout.settle()
    every = {instance.name for instance in rollout.group.instances}
    rollout.group = with_action_on(rollout.group, every, "RECREATING", rollout.settings)
    assert Counter(rollout.versions()) == {NEW: 2, OLD: 2}


@pytest.mark.parametrize("updates_on_repair", [False, True])
@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_repaired_instance_keeps_its_version(version: Version, updates_on_repair: bool) -> None:
    """A repair keeps the version of an instance, also where a repair updates it, if the version has its size."""
    rollout = with_canary(1, 3, updates_on_repair=updates_on_repair)
    victim = by_version(rollout)[version]
    rollout.group = with_instances(rollout.group, {victim.name: shut_down(victim, rollout.group.at_s)})
    list(rollout.moments(until_s=rollout.group.at_s + 300))
    after = next(instance for instance in rollout.group.instances if instance.name == victim.name)
    assert (after.intended, after.repairs) == (version, 1)
    assert Counter(rollout.versions()) == {NEW: 1, OLD: 2}


def test_repairs_fill_a_canary_to_its_size() -> None:
    """Where repairs update, instances of an opportunistic group that stop at once fill the canary, and not more."""
    rollout = settled(4)
    rollout.patch(canary(1, 4, proactive=False, updates_on_repair=True))
    rollout.settle()
    stopped = {instance.name: shut_down(instance, rollout.group.at_s) for instance in rollout.group.instances}
    rollout.group = with_instances(rollout.group, stopped)
    list(rollout.moments(until_s=rollout.group.at_s + 300))
    assert Counter(rollout.versions()) == {NEW: 1, OLD: 3}
