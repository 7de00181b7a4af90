"""Failures in a group: broken templates, missing capacity, unhealthy and stopped instances."""

from dataclasses import replace

from emulator.group.health import ContainerHealth
from emulator.group.instances import shut_down
from emulator.group.members import with_instance
from emulator.group.profile import Profile
from emulator.group.settings import Target
from tests.unit.emulator.group_rollout import NEW, OLD, acting, available, flags, settings, settled

BROKEN = Profile(answer_s=None)


def test_an_unhealthy_instance_is_recreated_with_its_own_version() -> None:
    """A repair of an opportunistic group keeps the version of the instance."""
    rollout = settled()
    victim = rollout.group.instances[0]
    crashed = replace(victim, profile=replace(victim.profile, crash_after_s=1.0))
    rollout.group = with_instance(rollout.group, crashed)
    rollout.settings = replace(rollout.settings, proactive=False, targets=(Target(NEW, 3),))
    list(rollout.moments(until_s=1_000))
    healed = next(instance for instance in rollout.group.instances if instance.name == victim.name)
    assert (healed.repairs, healed.intended, healed.action) == (1, OLD, "NONE")
    assert healed.id != victim.id


def test_a_repair_updates_where_the_policy_allows() -> None:
    """With forceUpdateOnRepair a repaired instance gets the target version."""
    rollout = settled(updates_on_repair=True)
    rollout.patch(settings(NEW, proactive=False, updates_on_repair=True))
    rollout.settle()
    rollout.group = with_instance(rollout.group, shut_down(rollout.group.instances[0], rollout.group.at_s))
    list(rollout.moments(until_s=rollout.group.at_s + 200))
    assert rollout.group.instances[0].intended == NEW


def test_the_initial_delay_defers_repairs() -> None:
    """A broken instance is recreated after the initial delay, not before."""
    rollout = settled()
    rollout.profiles["new"] = BROKEN
    rollout.patch(settings(NEW))
    began_s = rollout.group.at_s
    list(rollout.moments(until_s=began_s + 125))
    assert acting(rollout) == {"none": 3, "verifying": 1}
    list(rollout.moments(until_s=began_s + 150))
    assert acting(rollout) == {"none": 3, "recreating": 1}


def test_an_instance_that_was_stopped_is_recreated() -> None:
    """An instance that another client stopped is repaired."""
    rollout = settled()
    victim = rollout.group.instances[0]
    rollout.group = with_instance(rollout.group, shut_down(victim, rollout.group.at_s))
    list(rollout.moments(until_s=rollout.group.at_s + 200))
    assert rollout.group.instances[0].repairs == 1
    assert len(available(rollout.group)) == 3


def test_a_bound_container_decides_the_health_of_instances() -> None:
    """While the bound container is silent the rollout waits; when it answers the rollout ends."""
    rollout = settled()
    rollout.containers[NEW.template] = ContainerHealth(answers=False, since_s=0.0)
    rollout.patch(settings(NEW))
    list(rollout.moments(until_s=1_000))
    assert flags(rollout) == (False, False)
    rollout.containers[NEW.template] = ContainerHealth(answers=True, since_s=rollout.group.at_s)
    rollout.settle()
    assert rollout.versions() == [NEW] * 3


def test_without_a_health_check_a_running_instance_is_available() -> None:
    """In a group without a health check RUNNING is enough."""
    rollout = settled(health_check=None)
    rollout.profiles["new"] = BROKEN
    rollout.patch(settings(NEW, health_check=None))
    rollout.settle()
    assert rollout.versions() == [NEW] * 3


def test_a_broken_template_keeps_one_surge_instance() -> None:
    """A template that never becomes healthy is repaired again and again, and no old instance is deleted."""
    rollout = settled()
    rollout.profiles["new"] = BROKEN
    rollout.patch(settings(NEW))
    for group in rollout.moments(until_s=5_000):
        assert len(group.living) <= 4
        assert [instance.intended for instance in available(group)] == [OLD] * 3
    assert flags(rollout) == (False, False)
    assert rollout.group.instances[-1].repairs > 5
    assert not rollout.group.errors


def test_a_rollback_from_a_broken_template_changes_no_old_instance() -> None:
    """A rollback deletes the broken instance within 20 s and keeps all old instances."""
    rollout = settled()
    before = {instance.name: instance.incarnation for instance in rollout.group.instances}
    rollout.profiles["new"] = BROKEN
    rollout.patch(settings(NEW))
    list(rollout.moments(until_s=rollout.group.at_s + 60))
    rollout.patch(settings(OLD))
    began_s = rollout.group.at_s
    rollout.settle()
    assert {instance.name: instance.incarnation for instance in rollout.group.instances} == before
    assert rollout.group.at_s - began_s < 20


def test_a_capacity_error_is_retried_and_listed() -> None:
    """A creation without capacity is retried without end, and each failure is listed."""
    rollout = settled()
    rollout.creation_error = "ZONE_RESOURCE_POOL_EXHAUSTED"
    rollout.patch(settings(NEW))
    list(rollout.moments(until_s=2_000))
    creating = rollout.group.instances[-1]
    assert (creating.action, creating.status, creating.id) == ("CREATING", "", "")
    assert creating.failures == len(rollout.group.errors) > 5
    assert {attempt.code for _, attempt, _ in rollout.group.errors} == {"ZONE_RESOURCE_POOL_EXHAUSTED"}
    assert len(available(rollout.group)) == 3


def test_without_retries_a_failed_creation_lowers_the_target_size() -> None:
    """A group that creates without retries loses the failed instance."""
    rollout = settled(size=2)
    rollout.creation_error = "QUOTA_EXCEEDED"
    rollout.patch(settings(OLD, 3, retries=False))
    list(rollout.moments(until_s=rollout.group.at_s + 5.5))
    assert (len(rollout.group.instances), rollout.group.lost) == (2, 1)
