"""The reconcile loop, case by case."""

from dataclasses import replace

import pytest

from emulator.environment.group_status import current_actions, is_reached, is_stable
from emulator.group.health import Behaviour, Tie
from emulator.group.instances import Version, stop
from emulator.group.members import Target, in_place, living
from tests.unit.emulator.rollouts import NEW, OLD, Rollout, available, settings, started

BROKEN = Behaviour(answer_s=None)


def flags(rollout: Rollout) -> tuple[bool, bool]:
    return is_stable(rollout.group, rollout.told), is_reached(rollout.group, rollout.told)


def acting(rollout: Rollout) -> dict[str, int]:
    return {name: count for name, count in current_actions(rollout.group).items() if count}


def test_idle_on_old_looks_like_success() -> None:
    assert flags(started()) == (True, True)


def test_patch_accepted_but_nothing_started_is_neither_stable_nor_reached() -> None:
    rollout = started()
    rollout.tell(settings(NEW))
    assert (flags(rollout), acting(rollout)) == ((False, False), {"none": 3})


def test_surge_one_goes_machine_by_machine_and_never_below_target() -> None:
    rollout = started()
    rollout.tell(settings(NEW))
    seen = rollout.settle()
    assert {len(living(group)) for group in seen} == {3, 4}
    assert all(len(available(group)) >= 3 for group in seen)
    assert rollout.versions() == [NEW] * 3


def test_gap_between_healthy_and_deleting_shows_no_action_and_is_not_stable() -> None:
    rollout = started(size=1)
    rollout.tell(settings(NEW, 1))
    gaps = [group for group in rollout.settle() if current_actions(group)["none"] == len(group.machines) == 2]
    assert gaps
    assert not any(is_stable(group, rollout.told) for group in gaps)


def test_reached_while_the_last_old_machine_goes() -> None:
    rollout = started(size=1)
    rollout.tell(settings(NEW, 1))
    leaving = [group for group in rollout.settle() if current_actions(group)["deleting"]]
    assert all(is_reached(group, rollout.told) and not is_stable(group, rollout.told) for group in leaving)


def test_opportunistic_is_stable_and_never_reached() -> None:
    rollout = started()
    rollout.tell(settings(NEW, proactive=False))
    rollout.settle()
    assert flags(rollout) == (True, False)
    assert rollout.versions() == [OLD] * 3


def test_new_machines_of_an_opportunistic_group_are_new() -> None:
    rollout = started()
    rollout.tell(settings(NEW, 4, proactive=False))
    rollout.settle()
    assert sorted(rollout.versions(), key=lambda one: one.template) == [NEW, OLD, OLD, OLD]


def test_broken_template_holds_one_surge_machine_for_ever() -> None:
    rollout = started()
    rollout.behaviours["new"] = BROKEN
    rollout.tell(settings(NEW))
    for group in rollout.moments(until_s=5_000):
        assert len(living(group)) <= 4
        assert [machine.intended for machine in available(group)] == [OLD] * 3
    assert flags(rollout) == (False, False)
    assert rollout.group.machines[-1].repairs > 5
    assert not rollout.group.errors


def test_way_back_from_a_broken_template_touches_no_old_machine() -> None:
    rollout = started()
    before = {machine.name: machine.life for machine in rollout.group.machines}
    rollout.behaviours["new"] = BROKEN
    rollout.tell(settings(NEW))
    list(rollout.moments(until_s=rollout.group.at_s + 60))
    rollout.tell(settings(OLD))
    began_s = rollout.group.at_s
    rollout.settle()
    assert {machine.name: machine.life for machine in rollout.group.machines} == before
    assert rollout.group.at_s - began_s < 20


def test_capacity_error_repeats_for_ever_and_is_listed() -> None:
    rollout = started()
    rollout.refusal = "ZONE_RESOURCE_POOL_EXHAUSTED"
    rollout.tell(settings(NEW))
    list(rollout.moments(until_s=2_000))
    creating = rollout.group.machines[-1]
    assert (creating.action, creating.status, creating.id) == ("CREATING", "", "")
    assert creating.failures == len(rollout.group.errors) > 5
    assert {attempt.code for _, attempt, _ in rollout.group.errors} == {"ZONE_RESOURCE_POOL_EXHAUSTED"}
    assert len(available(rollout.group)) == 3


def test_one_try_lowers_the_group_instead() -> None:
    rollout = started(size=2)
    rollout.refusal = "QUOTA_EXCEEDED"
    rollout.tell(settings(OLD, 3, retries=False))
    list(rollout.moments(until_s=rollout.group.at_s + 5.5))
    assert (len(rollout.group.machines), rollout.group.lost) == (2, 1)


def test_recreate_keeps_names() -> None:
    rollout = started()
    names = [machine.name for machine in rollout.group.machines]
    rollout.tell(settings(NEW, substitutes=False, surge=0, unavailable=1))
    seen = rollout.settle()
    assert [machine.name for machine in rollout.group.machines] == names
    assert min(len(available(group)) for group in seen) == 2


@pytest.mark.parametrize(("needed", "action"), [("RESTART", "restarting"), ("REFRESH", "refreshing")])
def test_policy_below_replace_changes_machines_in_place(needed: str, action: str) -> None:
    rollout = started()
    rollout.difference = lambda old, new: "NONE" if old == new else needed
    ids = {machine.id for machine in rollout.group.machines}
    rollout.tell(settings(NEW, minimal="REFRESH", surge=0, unavailable=1))
    seen = rollout.settle()
    assert any(current_actions(group)[action] for group in seen)
    assert {machine.id for machine in rollout.group.machines} == ids
    assert {machine.built for machine in rollout.group.machines} == {NEW.template}


def test_restart_that_may_take_no_machine_away_never_starts_and_is_never_stable() -> None:
    rollout = started()
    rollout.difference = lambda old, new: "NONE" if old == new else "RESTART"
    rollout.tell(settings(NEW, minimal="RESTART", surge=1, unavailable=0))
    list(rollout.moments(until_s=rollout.group.at_s + 60))
    assert (flags(rollout), acting(rollout)) == ((False, False), {"none": 3})


def test_update_that_needs_more_than_is_allowed_does_not_happen() -> None:
    rollout = started()
    rollout.tell(settings(NEW, most_disruptive="RESTART"))
    rollout.settle()
    assert flags(rollout) == (True, False)


def test_same_template_with_another_version_name_is_replaced() -> None:
    rollout = started()
    again = Version(OLD.template, "0/again")
    rollout.tell(settings(again))
    rollout.settle()
    assert rollout.versions() == [again] * 3


def test_canary_takes_its_share_and_no_more() -> None:
    rollout = started(size=5)
    rollout.tell(settings(NEW, 5, targets=(Target(NEW, 2), Target(OLD, 3))))
    rollout.settle()
    assert sorted(one.template for one in rollout.versions()) == sorted([NEW.template] * 2 + [OLD.template] * 3)
    assert flags(rollout) == (True, True)


def test_second_patch_in_the_middle_wins() -> None:
    third = Version("projects/p/global/instanceTemplates/third")
    rollout = started()
    rollout.tell(settings(NEW))
    list(rollout.moments(until_s=rollout.group.at_s + 40))
    rollout.tell(settings(third))
    seen = rollout.settle()
    assert all(len(living(group)) <= 4 and len(available(group)) >= 3 for group in seen)
    assert rollout.versions() == [third] * 3


def test_resize_in_the_middle_of_a_rollout() -> None:
    rollout = started()
    rollout.tell(settings(NEW))
    list(rollout.moments(until_s=rollout.group.at_s + 40))
    rollout.tell(settings(NEW, 6))
    rollout.settle()
    assert rollout.versions() == [NEW] * 6


def test_unhealthy_machine_is_recreated_with_its_own_version() -> None:
    rollout = started()
    victim = rollout.group.machines[0]
    crashed = replace(victim, behaviour=replace(victim.behaviour, crash_after_s=1.0))
    rollout.group = replace(rollout.group, machines=(crashed, *rollout.group.machines[1:]))
    rollout.told = replace(rollout.told, proactive=False, targets=(Target(NEW, 3),))
    list(rollout.moments(until_s=1_000))
    healed = next(machine for machine in rollout.group.machines if machine.name == victim.name)
    assert (healed.repairs, healed.intended, healed.action) == (1, OLD, "NONE")
    assert healed.id != victim.id


def test_repair_follows_the_target_where_the_policy_says_so() -> None:
    rollout = started(updates_on_repair=True)
    rollout.tell(settings(NEW, proactive=False, updates_on_repair=True))
    rollout.settle()
    rollout.group = replace(
        rollout.group,
        machines=(stop(rollout.group.machines[0], rollout.group.at_s), *rollout.group.machines[1:]),
    )
    list(rollout.moments(until_s=rollout.group.at_s + 200))
    assert rollout.group.machines[0].intended == NEW


def test_initial_delay_hides_failures_and_a_success_ends_it_early() -> None:
    rollout = started()
    rollout.behaviours["new"] = BROKEN
    rollout.tell(settings(NEW))
    began_s = rollout.group.at_s
    list(rollout.moments(until_s=began_s + 125))
    assert acting(rollout) == {"none": 3, "verifying": 1}
    list(rollout.moments(until_s=began_s + 150))
    assert acting(rollout) == {"none": 3, "recreating": 1}


def test_machine_stopped_from_outside_is_recreated() -> None:
    rollout = started()
    victim = rollout.group.machines[0]
    rollout.group = replace(rollout.group, machines=(stop(victim, rollout.group.at_s), *rollout.group.machines[1:]))
    list(rollout.moments(until_s=rollout.group.at_s + 200))
    assert rollout.group.machines[0].repairs == 1
    assert len(available(rollout.group)) == 3


def test_tied_container_that_never_answers_fails_the_machine() -> None:
    rollout = started()
    rollout.ties[NEW.template] = Tie(answers=False, since_s=0.0)
    rollout.tell(settings(NEW))
    list(rollout.moments(until_s=1_000))
    assert flags(rollout) == (False, False)
    rollout.ties[NEW.template] = Tie(answers=True, since_s=rollout.group.at_s)
    rollout.settle()
    assert rollout.versions() == [NEW] * 3


def test_without_a_check_running_is_enough() -> None:
    rollout = started(check=None)
    rollout.behaviours["new"] = BROKEN
    rollout.tell(settings(NEW, check=None))
    rollout.settle()
    assert rollout.versions() == [NEW] * 3


def test_applying_updates_ignores_surge() -> None:
    rollout = started()
    rollout.tell(settings(NEW, proactive=False))
    rollout.settle()
    names = {machine.name for machine in rollout.group.machines[:2]}
    rollout.group = in_place(rollout.group, names, rollout.told, rollout.around, "REPLACE", "REPLACE")
    assert acting(rollout) == {"none": 1, "recreating": 2}
    rollout.tell(rollout.told)
    rollout.settle()
    assert [machine.intended for machine in rollout.group.machines] == [NEW, NEW, OLD]


def test_nothing_is_stable_and_reached() -> None:
    rollout = started(size=0)
    rollout.tell(settings(NEW, 0))
    rollout.settle()
    assert flags(rollout) == (True, True)


def test_shrinking_takes_what_serves_least() -> None:
    rollout = started()
    rollout.behaviours["old"] = BROKEN
    rollout.tell(settings(OLD, 4))
    list(rollout.moments(until_s=rollout.group.at_s + 30))
    young = rollout.group.machines[-1].name
    rollout.tell(settings(OLD, 3))
    rollout.settle()
    assert young not in {machine.name for machine in rollout.group.machines}


def test_same_trace_twice() -> None:
    def trace() -> list[object]:
        rollout = started()
        rollout.tell(settings(NEW))
        return [rollout.settle(), rollout.group]

    assert trace() == trace()
