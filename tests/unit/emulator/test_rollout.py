"""How a group rolls, case by case."""

from collections import Counter
from dataclasses import replace

import pytest

from emulator.environment.group_status import current_actions
from emulator.group.instance_names import instance_name
from emulator.group.instances import Version
from emulator.group.members import updated_in_place
from emulator.group.profile import Profile
from emulator.group.settings import Target
from emulator.group.state import is_reached, is_stable
from tests.unit.emulator.group_rollout import NEW, OLD, acting, available, flags, settings, settled

BROKEN = Profile(answer_s=None)


def test_an_idle_group_is_stable_and_reached() -> None:
    """A group without a change is stable and has reached its version target."""
    assert flags(settled()) == (True, True)


def test_after_a_patch_a_group_is_neither_stable_nor_reached() -> None:
    """Between a patch and the first action no flag is set, and no action runs."""
    rollout = settled()
    rollout.patch(settings(NEW))
    assert (flags(rollout), acting(rollout)) == ((False, False), {"none": 3})


def test_surge_one_replaces_instance_by_instance() -> None:
    """With surge 1 the group has at most one extra instance, and never fewer available than its target size."""
    rollout = settled()
    rollout.patch(settings(NEW))
    groups = rollout.settle()
    assert {len(group.living) for group in groups} == {3, 4}
    assert all(len(available(group)) >= 3 for group in groups)
    assert rollout.versions() == [NEW] * 3


def test_the_gap_before_a_deletion_shows_no_action() -> None:
    """Between the new instance's health and the old instance's deletion no action runs, and the group is not stable."""
    rollout = settled(size=1)
    rollout.patch(settings(NEW, 1))
    gaps = [group for group in rollout.settle() if current_actions(group)["none"] == len(group.instances) == 2]
    assert gaps
    assert not any(is_stable(group, rollout.settings) for group in gaps)


def test_reached_while_the_last_old_instance_is_deleted() -> None:
    """The version target is reached, and the group not stable, while the last old instance is deleted."""
    rollout = settled(size=1)
    rollout.patch(settings(NEW, 1))
    leaving = [group for group in rollout.settle() if current_actions(group)["deleting"]]
    assert all(is_reached(group, rollout.settings) and not is_stable(group, rollout.settings) for group in leaving)


def test_an_opportunistic_group_never_reaches_its_target() -> None:
    """A group that updates nothing by itself becomes stable on the old version."""
    rollout = settled()
    rollout.patch(settings(NEW, proactive=False))
    rollout.settle()
    assert flags(rollout) == (True, False)
    assert rollout.versions() == [OLD] * 3


def test_new_instances_of_an_opportunistic_group_are_up_to_date() -> None:
    """An opportunistic group creates new instances with the target version."""
    rollout = settled()
    rollout.patch(settings(NEW, 4, proactive=False))
    rollout.settle()
    assert sorted(rollout.versions(), key=lambda version: version.template) == [NEW, OLD, OLD, OLD]


def test_recreated_instances_keep_their_names() -> None:
    """With replacement method RECREATE the names stay, and one instance at a time is unavailable."""
    rollout = settled()
    names = [instance.name for instance in rollout.group.instances]
    rollout.patch(settings(NEW, substitutes=False, surge=0, unavailable=1))
    groups = rollout.settle()
    assert [instance.name for instance in rollout.group.instances] == names
    assert min(len(available(group)) for group in groups) == 2


@pytest.mark.parametrize(("needed", "action"), [("RESTART", "restarting"), ("REFRESH", "refreshing")])
def test_a_small_difference_changes_instances_in_place(needed: str, action: str) -> None:
    """A difference that needs a restart or refresh keeps the instances and their ids."""
    rollout = settled()
    rollout.difference = lambda old, new: "NONE" if old == new else needed
    ids = {instance.id for instance in rollout.group.instances}
    rollout.patch(settings(NEW, minimal="REFRESH", surge=0, unavailable=1))
    groups = rollout.settle()
    assert any(current_actions(group)[action] for group in groups)
    assert {instance.id for instance in rollout.group.instances} == ids
    assert {instance.actual_template for instance in rollout.group.instances} == {NEW.template}


def test_a_restart_without_unavailable_instances_never_starts() -> None:
    """With maxUnavailable 0 a restart never starts, and the group is never stable."""
    rollout = settled()
    rollout.difference = lambda old, new: "NONE" if old == new else "RESTART"
    rollout.patch(settings(NEW, minimal="RESTART", surge=1, unavailable=0))
    list(rollout.moments(until_s=rollout.group.at_s + 60))
    assert (flags(rollout), acting(rollout)) == ((False, False), {"none": 3})


def test_an_update_above_the_most_disruptive_action_does_not_happen() -> None:
    """An instance that needs more than the most disruptive allowed action is left unchanged."""
    rollout = settled()
    rollout.patch(settings(NEW, most_disruptive="RESTART"))
    rollout.settle()
    assert flags(rollout) == (True, False)


def test_an_instance_that_may_not_get_the_next_version_stays() -> None:
    """Of two outdated instances one is restarted to the first version; the second version needs a replacement."""
    third = Version("projects/p/global/instanceTemplates/third")
    rollout = settled(size=2)
    rollout.difference = lambda old, new: "REPLACE" if new == third.template else "RESTART"
    targets = (Target(NEW, 1), Target(third, 1))
    rollout.patch(settings(size=2, targets=targets, minimal="NONE", most_disruptive="RESTART", surge=0, unavailable=2))
    list(rollout.moments(until_s=rollout.group.at_s + 300))
    assert Counter(instance.intended for instance in rollout.group.instances) == {NEW: 1, OLD: 1}


def test_instances_never_share_a_name() -> None:
    """A group skips a generated name that one of its instances has; the names 1234 and 2508 are equal."""
    assert instance_name("web", 1234) == instance_name("web", 2508)
    rollout = settled(size=0)
    for created, size in ((1234, 1), (2508, 2)):
        rollout.group = replace(rollout.group, created=created)
        rollout.patch(settings(size=size))
        rollout.settle()
    assert [instance.name for instance in rollout.group.instances] == [
        instance_name("web", number) for number in (1234, 2509)
    ]


def test_another_version_name_replaces_instances() -> None:
    """A changed version name alone replaces all instances."""
    rollout = settled()
    again = Version(OLD.template, "0/again")
    rollout.patch(settings(again))
    rollout.settle()
    assert rollout.versions() == [again] * 3


def test_a_canary_gets_its_size() -> None:
    """A version with a size of its own gets exactly that many instances."""
    rollout = settled(size=5)
    rollout.patch(settings(NEW, 5, targets=(Target(NEW, 2), Target(OLD, 3))))
    rollout.settle()
    assert sorted(version.template for version in rollout.versions()) == sorted([NEW.template] * 2 + [OLD.template] * 3)
    assert flags(rollout) == (True, True)


def test_a_second_patch_replaces_the_first() -> None:
    """A patch in the middle of a rollout leads to its own version, within the same limits."""
    third = Version("projects/p/global/instanceTemplates/third")
    rollout = settled()
    rollout.patch(settings(NEW))
    list(rollout.moments(until_s=rollout.group.at_s + 40))
    rollout.patch(settings(third))
    groups = rollout.settle()
    assert all(len(group.living) <= 4 and len(available(group)) >= 3 for group in groups)
    assert rollout.versions() == [third] * 3


def test_a_resize_in_the_middle_of_a_rollout() -> None:
    """A group that is resized in the middle of a rollout ends with the new size and version."""
    rollout = settled()
    rollout.patch(settings(NEW))
    list(rollout.moments(until_s=rollout.group.at_s + 40))
    rollout.patch(settings(NEW, 6))
    rollout.settle()
    assert rollout.versions() == [NEW] * 6


def test_applied_updates_ignore_surge() -> None:
    """Updates that a client applies run at once, with any surge."""
    rollout = settled()
    rollout.patch(settings(NEW, proactive=False))
    rollout.settle()
    names = {instance.name for instance in rollout.group.instances[:2]}
    rollout.group = updated_in_place(rollout.group, names, rollout.settings, rollout.conditions, "REPLACE", "REPLACE")
    assert acting(rollout) == {"none": 1, "recreating": 2}
    rollout.patch(rollout.settings)
    rollout.settle()
    assert [instance.intended for instance in rollout.group.instances] == [NEW, NEW, OLD]


def test_an_empty_group_is_stable_and_reached() -> None:
    """A group of size 0 is stable and has reached its version target."""
    rollout = settled(size=0)
    rollout.patch(settings(NEW, 0))
    rollout.settle()
    assert flags(rollout) == (True, True)


def test_a_smaller_group_deletes_the_unavailable_instance() -> None:
    """A group that shrinks deletes an instance that is not available first."""
    rollout = settled()
    rollout.profiles["old"] = BROKEN
    rollout.patch(settings(OLD, 4))
    list(rollout.moments(until_s=rollout.group.at_s + 30))
    youngest = rollout.group.instances[-1].name
    rollout.patch(settings(OLD, 3))
    rollout.settle()
    assert youngest not in {instance.name for instance in rollout.group.instances}


def test_equal_inputs_give_equal_rollouts() -> None:
    """Two rollouts with equal inputs are equal moment by moment."""

    def trace() -> list[object]:
        rollout = settled()
        rollout.patch(settings(NEW))
        return [rollout.settle(), rollout.group]

    assert trace() == trace()
