"""
The decision of a managed instance group: which instances it creates, replaces and deletes now; pure.

Assumed, because Google documents none of it: an instance that is being deleted counts against target size plus surge
(`Settings.counts_deleting`); when a group shrinks, instances that are not available go first, then outdated ones, then
the youngest (`members.deletion_order`); redistribution moves one instance at a time.
"""

from dataclasses import replace

from emulator.group.conditions import Conditions
from emulator.group.distribution import is_even, zones_of_new_instances
from emulator.group.instance_names import instance_name
from emulator.group.instances import Instance, Version, is_available, with_action
from emulator.group.members import (
    IN_PLACE,
    Group,
    creatable,
    deletion_order,
    difference,
    missing_by_version,
    next_version,
    outdated,
    outdated_standby,
    standby_pool,
    surplus_instances,
    with_action_on,
    with_instances,
)
from emulator.group.profile import Profile
from emulator.group.settings import Settings, UpdateAction, most_disruptive


def decided(group: Group, settings: Settings, conditions: Conditions) -> Group:
    """Return a group with the actions that it starts now."""
    while settings.proactive:
        updated = _with_updates(group, settings, conditions)
        if updated == group:
            break
        group = updated
    if settings.proactive:
        leaving = {instance.name for instance in outdated_standby(group, settings)}
        group = with_action_on(group, leaving, "DELETING" if settings.substitutes else "RECREATING", settings)
    missing = settings.size - len(group.living)
    if missing > 0 and settings.standby.scales_out:
        group = _with_standby_instances(group, missing)
        missing = settings.size - len(group.living)
    if missing > 0:
        group = _with_new_instances(group, settings, conditions, creatable(group, settings, missing))
    elif missing < 0:
        group = _with_deletions(group, settings)
    else:
        group = _with_redistribution(group, settings, conditions)
    group = _with_full_pool(group, settings, conditions)
    return _deciding_again(group, settings, conditions)


def _deciding_again(group: Group, settings: Settings, conditions: Conditions) -> Group:
    """Return a group that is never stable while it may update instances but needs all of them."""
    is_idle = all(instance.action == "NONE" for instance in group.instances)
    is_blocked = settings.proactive and is_idle and _updatable(group, settings, conditions)
    return replace(group, decide_at_s=group.at_s + conditions.decide_s) if is_blocked else group


def _updatable(group: Group, settings: Settings, conditions: Conditions) -> list[Instance]:
    """Return the outdated instances that the update policy may change."""
    version = next_version(missing_by_version(group, settings), settings)
    return [
        instance for instance in outdated(group, settings) if _action(instance, version, settings, conditions) != "NONE"
    ]


def _with_updates(group: Group, settings: Settings, conditions: Conditions) -> Group:
    """Return a group that replaces the outdated instances that it may replace now."""
    old = _updatable(group, settings, conditions)
    if not old:
        return group
    if settings.substitutes:
        missing = missing_by_version(group, settings)
        version = next_version(missing, settings)
        replaced = [instance for instance in old if _action(instance, version, settings, conditions) == "REPLACE"]
        count = min(sum(count for count in missing.values() if count > 0), len(replaced))
        group = _with_new_instances(group, settings, conditions, creatable(group, settings, count))
    group = _with_updated(group, old, settings, conditions)
    lacking = settings.size - len(group.living)
    return _with_new_instances(group, settings, conditions, creatable(group, settings, lacking))


def _with_updated(group: Group, old: list[Instance], settings: Settings, conditions: Conditions) -> Group:
    """Return a group that replaces or updates outdated instances, as far as enough others stay available."""
    missing, spare = missing_by_version(group, settings), _spare(group, settings)
    changed: dict[str, Instance] = {}
    for instance in sorted(old, key=is_available):
        if is_available(instance) and spare <= 0:
            break
        version = next_version(missing, settings)
        action = _action(instance, version, settings, conditions)
        if action == "NONE":
            continue
        if settings.substitutes and action == "REPLACE":
            after = with_action(instance, "DELETING", group.at_s, drain_s=settings.drain_s)
        else:
            after = with_action(instance, IN_PLACE[action], group.at_s, version, settings.drain_s)
            after = replace(after, config=settings.config)
            if version in missing:
                missing[version] -= 1
        if instance.intended in missing:
            missing[instance.intended] += 1
        spare -= is_available(instance) and not is_available(after)
        changed[instance.name] = after
    return with_instances(group, changed)


def _action(instance: Instance, version: Version, settings: Settings, conditions: Conditions) -> UpdateAction:
    """Return the action that brings an instance to a version; NONE if that is more than the update policy allows."""
    needed = most_disruptive(settings.minimal, difference(instance, version, conditions))
    return needed if most_disruptive(needed, settings.most_disruptive) == settings.most_disruptive else "NONE"


def _with_standby_instances(group: Group, count: int) -> Group:
    """Return a group that resumes suspended instances and starts stopped ones, in this order, the oldest first."""
    ready = [instance for instance in standby_pool(group) if instance.is_ready]
    changed: dict[str, Instance] = {}
    for instance in sorted(ready, key=lambda instance: instance.target != "SUSPENDED")[:count]:
        action = "RESUMING" if instance.target == "SUSPENDED" else "STARTING"
        changed[instance.name] = with_action(instance, action, group.at_s)
    return with_instances(group, changed)


def _with_full_pool(group: Group, settings: Settings, conditions: Conditions) -> Group:
    """Return a group that creates what its standby pool lacks, and deletes the youngest that are too many there."""
    for target, size in settings.standby.sizes.items():
        instances = [instance for instance in standby_pool(group) if instance.target == target]
        group = with_action_on(group, {instance.name for instance in instances[size:]}, "DELETING", settings)
        group = _with_new_instances(group, settings, conditions, size - len(instances), target)
    return group


def _with_new_instances(
    group: Group,
    settings: Settings,
    conditions: Conditions,
    count: int,
    target: str = "RUNNING",
    version: Version | None = None,
) -> Group:
    """Return a group that creates some instances, of a version or of those that lack them; none if count is below 1."""
    present, number = {instance.name for instance in group.instances}, group.created
    names: list[str] = []
    while len(names) < count:
        name = instance_name(settings.base_name, number)
        names += [name] if name not in present else []
        present.add(name)
        number += 1
    return replace(_with_instances_of(group, settings, conditions, names, target, version), created=number)


def with_named_instances(group: Group, settings: Settings, conditions: Conditions, names: list[str]) -> Group:
    """Return a group that creates instances of given names beyond its target size; `createInstances`."""
    return _with_instances_of(group, settings, conditions, names, "RUNNING")


def _with_instances_of(
    group: Group,
    settings: Settings,
    conditions: Conditions,
    names: list[str],
    target: str,
    only: Version | None = None,
) -> Group:
    """Return a group that creates instances of given names, of a version or each of the version that lacks one."""
    missing = missing_by_version(group, settings)
    created: list[Instance] = []
    for name, zone in zip(names, zones_of_new_instances(group, settings, len(names), target), strict=True):
        version = only or next_version(missing, settings)
        created.append(_new_instance(name, zone, version, target, group.at_s, settings, conditions))
        if target == "RUNNING":
            missing[version] -= 1
    return replace(group, instances=(*group.instances, *created), created=group.created + len(created))


def _new_instance(
    name: str, zone: str, version: Version, target: str, now_s: float, settings: Settings, conditions: Conditions
) -> Instance:
    new = Instance(
        name, zone, version, Profile(), now_s, stage_at_s=now_s,
        action="CREATING" if settings.retries or target != "RUNNING" else "CREATING_WITHOUT_RETRIES",
        target=target, config=settings.config, standby_from_s=now_s + settings.standby.delay_s,
    )  # fmt: skip
    return replace(new, profile=conditions.profile(new))


def _with_deletions(group: Group, settings: Settings) -> Group:
    """Return a group that deletes instances above its target size, as far as enough stay available."""
    leaving = surplus_instances(group, settings) if settings.proactive else deletion_order(group)
    return _without(leaving[: len(group.living) - settings.size], group, settings)


def _with_redistribution(group: Group, settings: Settings, conditions: Conditions) -> Group:
    """
    Return a group that moves an instance from its fullest zone to its emptiest zone, unless a rollout runs.

    Without surge the instance is deleted first; with surge the new instance is created first, of the same version. An
    instance of the version without a target size is moved, if the zone has one: a canary keeps its size.
    """
    is_rolling = settings.proactive and bool(outdated(group, settings))
    if not settings.redistributes or is_rolling or is_even(group, settings):
        return group
    first, *others = deletion_order(group)
    in_zone = [first, *(instance for instance in others if instance.zone == first.zone)]
    moving = next((instance for instance in in_zone if instance.intended == settings.versions[-1]), first)
    if settings.surge:
        version = moving.intended if moving.intended in settings.versions else None
        return _with_new_instances(group, settings, conditions, creatable(group, settings, 1), version=version)
    return _without([moving], group, settings)


def _without(instances: list[Instance], group: Group, settings: Settings) -> Group:
    """Return a group that deletes instances, as far as enough others stay available."""
    spare = _spare(group, settings)
    leaving: set[str] = set()
    for instance in instances:
        if is_available(instance) and spare <= 0:
            continue
        spare -= is_available(instance)
        leaving.add(instance.name)
    return with_action_on(group, leaving, "DELETING", settings)


def _spare(group: Group, settings: Settings) -> int:
    """Return how many available instances more than the least number the group has."""
    return sum(map(is_available, group.instances)) - (settings.size - settings.unavailable)
