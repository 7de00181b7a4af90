"""The instances of a managed instance group: which are outdated, too many or available, and actions on them; pure."""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from emulator.group.attempts import Attempt
from emulator.group.conditions import Conditions
from emulator.group.health import NEVER
from emulator.group.instances import Instance, Version, is_available, with_action
from emulator.group.settings import Settings, UpdateAction, most_disruptive
from emulator.group.sums import missing_of

IN_PLACE: Final[Mapping[UpdateAction, str]] = {
    "REFRESH": "REFRESHING",
    "RESTART": "RESTARTING",
    "REPLACE": "RECREATING",
}


@dataclass(frozen=True)
class Group:
    """
    The instances of a group at a moment.

    Args:
        at_s: virtual time of that moment
        instances: instances in the order of their creation
        decide_at_s: time of the group's next decision; NEVER while nothing has changed
        created: number of instances that the group has ever created; the next name is derived from it
        errors: failed attempts with the instance's name and version, newest last, as in `listErrors`
        lost: instances whose only attempt failed since the target size was last lowered
    """

    at_s: float
    instances: tuple[Instance, ...] = ()
    decide_at_s: float = NEVER
    created: int = 0
    errors: tuple[tuple[str, Attempt, Version], ...] = ()
    lost: int = 0

    @cached_property
    def living(self) -> tuple[Instance, ...]:
        """The instances that are to run and that the group keeps; their limit is the target size plus surge."""
        return tuple(instance for instance in self.instances if not instance.is_leaving and not instance.is_standby)

    @cached_property
    def living_by_version(self) -> Counter[Version]:
        """The number of living instances by the version that they are to have."""
        return Counter(instance.intended for instance in self.living)


def deciding_soon(group: Group, now_s: float, conditions: Conditions) -> Group:
    """Return a group that decides soon, because its settings or instances were changed from outside."""
    return replace(group, at_s=now_s, decide_at_s=min(group.decide_at_s, now_s + conditions.decide_s))


def creatable(group: Group, settings: Settings, most: int) -> int:
    """Return how many instances a group may create at once, `most` of them at most; never below 0."""
    deleting = [instance for instance in group.instances if instance.is_leaving and not instance.is_standby]
    occupied = len(group.living) + (len(deleting) if settings.counts_deleting else 0)
    return max(0, min(most, settings.size + settings.surge - occupied))


def standby_pool(group: Group) -> list[Instance]:
    """Return the instances of the standby pool that the group keeps."""
    return [instance for instance in group.instances if instance.is_standby and not instance.is_leaving]


def with_instance(group: Group, changed: Instance) -> Group:
    """Return a group with a changed instance in the place of the instance of its name."""
    return with_instances(group, {changed.name: changed})


def with_instances(group: Group, changed: Mapping[str, Instance]) -> Group:
    """Return a group with changed instances, by name, in the places of the instances of these names."""
    return replace(group, instances=tuple(changed.get(instance.name, instance) for instance in group.instances))


def updated_in_place(
    group: Group, names: set[str], settings: Settings, conditions: Conditions, least: UpdateAction, most: UpdateAction
) -> Group:
    """
    Return a group that updates some instances at once, under their names; `applyUpdatesToInstances`.

    Args:
        group: group before the update
        names: names of the instances
        settings: settings of the group
        conditions: conditions of the group
        least: least action
        most: most disruptive action; an instance that needs more is left unchanged
    """
    missing = missing_by_version(group, settings)

    def updated(instance: Instance) -> Instance:
        if instance.name not in names or instance.is_leaving:
            return instance
        version = version_when_updated(instance, missing, settings)
        for_config: UpdateAction = "NONE" if instance.config == settings.config else "REFRESH"
        needed = most_disruptive(least, for_config, difference(instance, version, conditions))
        if instance.is_standby and needed != "NONE":
            needed = "REPLACE"
        if needed == "NONE" or most_disruptive(needed, most) != most:
            return instance
        count_change(instance, version, missing)
        changed = with_action(instance, IN_PLACE[needed], group.at_s, version, settings.drain_s)
        return replace(changed, config=settings.config)

    return replace(group, instances=tuple(map(updated, group.instances)))


def with_action_on(group: Group, names: set[str], action: str, settings: Settings) -> Group:
    """Return a group that deletes, abandons or recreates some instances; recreated ones get a target version."""
    missing = missing_by_version(group, settings) if action == "RECREATING" else {}

    def changed(instance: Instance) -> Instance:
        if instance.name not in names or instance.is_leaving:
            return instance
        if action != "RECREATING":
            return with_action(instance, action, group.at_s, None, settings.drain_s)
        version = version_when_updated(instance, missing, settings)
        count_change(instance, version, missing)
        return replace(with_action(instance, action, group.at_s, version, settings.drain_s), config=settings.config)

    return replace(group, instances=tuple(map(changed, group.instances)))


def next_version(missing: Mapping[Version, int], settings: Settings) -> Version:
    """Return the first target version that lacks instances, or else the last target version."""
    return next((version for version, count in missing.items() if count > 0), settings.versions[-1])


def version_when_updated(instance: Instance, missing: Mapping[Version, int], settings: Settings) -> Version:
    """
    Return the version that an instance gets when it is recreated or updated: its own, unless that has too many.

    Source: google-cloud-compute 1.57.0, InstanceGroupManagerVersion.instance_template, "existing instances are updated
    until the targetSize for this version is reached"; read on 2026-11-27.

    Args:
        instance: instance before the update
        missing: how many instances each target version lacks, from `missing_by_version`
        settings: settings of the group
    """
    own = instance.intended
    has_others_missing = any(count > 0 for count in missing.values())
    if own in missing and (missing[own] >= 0 or not has_others_missing):
        return own
    return next_version(missing, settings)


def count_change(instance: Instance, version: Version, missing: dict[Version, int]) -> None:
    """Subtract an instance that changes to a version from what the version lacks, and add it to its own version."""
    if instance.is_standby:
        return
    missing[version] -= 1
    if instance.intended in missing:
        missing[instance.intended] += 1


def missing_by_version(group: Group, settings: Settings) -> dict[Version, int]:
    """Return how many instances each target version lacks; negative where it has too many."""
    return missing_of(group.living_by_version, settings)


def deletion_order(group: Group) -> list[Instance]:
    """
    Return the instances that are to run, in the order in which a group that shrinks deletes them.

    An instance of the zone with the most instances comes first; of equal zones, an instance that is not available, then
    the youngest.
    """
    return _deletion_order(group, dict.fromkeys({instance.intended for instance in group.living}, len(group.instances)))


def surplus_instances(group: Group, settings: Settings) -> list[Instance]:
    """
    Return the instances of no target version, and those that a target version has too many of.

    The group deletes them in this order, that of `deletion_order`.
    """
    too_many = {version: -count for version, count in missing_by_version(group, settings).items()}
    others = {instance.intended for instance in group.living if instance.intended not in too_many}
    return _deletion_order(group, too_many | dict.fromkeys(others, len(group.instances)))


def _deletion_order(group: Group, most: Mapping[Version, int]) -> list[Instance]:
    """Return instances in the order of `deletion_order`, of each version at most a number."""
    youngest_first = group.living[::-1]
    by_zone, left = Counter(instance.zone for instance in youngest_first), dict(most)
    waiting: dict[tuple[str, Version], deque[tuple[int, Instance]]] = defaultdict(deque)
    for place, instance in enumerate(sorted(youngest_first, key=is_available)):
        if left[instance.intended] > 0:
            waiting[instance.zone, instance.intended].append((place, instance))
    order = []
    while waiting:
        zone, version = max(waiting, key=lambda key: (by_zone[key[0]], -waiting[key][0][0]))
        order.append(waiting[zone, version].popleft()[1])
        by_zone[zone] -= 1
        left[version] -= 1
        waiting = {key: row for key, row in waiting.items() if row and left[key[1]] > 0}
    return order


def outdated(group: Group, settings: Settings) -> list[Instance]:
    """Return the instances to replace: of no target version, or too many of a version while another lacks some."""
    missing = missing_by_version(group, settings)
    if any(count > 0 for count in missing.values()):
        return surplus_instances(group, settings)
    return [instance for instance in group.living if instance.intended not in missing]


def outdated_standby(group: Group, settings: Settings) -> list[Instance]:
    """Return the instances of the standby pool that a rollout replaces."""
    if not settings.standby.is_updated:
        return []
    return [instance for instance in standby_pool(group) if instance.intended not in settings.versions]


def difference(instance: Instance, version: Version, conditions: Conditions) -> UpdateAction:
    """Return the least action that brings an instance to a version."""
    return conditions.difference(instance.actual_template or instance.intended.template, version.template)
