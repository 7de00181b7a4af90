"""What is known of each instance of a group, kept so that the cost of a moment is that of its changes."""

import heapq
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emulator.group.conditions import Conditions
from emulator.group.health import NEVER, HealthCheck
from emulator.group.instance_lifecycle import due_at_s
from emulator.group.instances import Instance
from emulator.group.members import Group
from emulator.group.sums import Sums


@dataclass(frozen=True)
class Changes:
    """
    How the instances of a group differ from those of a moment before.

    Args:
        changed: instances that are new or differ, in their order
        removed: names of the instances that are gone
        is_reordered: whether the other instances are in another order, or a new one is not the last
    """

    changed: tuple[Instance, ...]
    removed: tuple[str, ...]
    is_reordered: bool = False


class GroupIndex:
    """
    The instances of a group by name, their sums, and the times at which they change.

    Args:
        group: the group
        health_check: health check of the group; another one needs another index
        conditions: conditions of the group; so do other answers of bound containers
    """

    def __init__(self, group: Group, health_check: HealthCheck | None, conditions: Conditions) -> None:
        self.health_check = health_check
        self.sums = Sums()
        self._group = Group(group.at_s)
        self._instances: dict[str, Instance] = {}
        self._times: list[tuple[float, int, Instance]] = []
        self._scheduled = itertools.count()
        self.update(group, conditions)

    def update(self, group: Group, conditions: Conditions) -> Changes:
        """Bring the index up to a later state of the group, and return what differs."""
        changes = _changes(self._group.instances, self._instances, group.instances)
        self._group = group
        for name in changes.removed:
            self.sums.add(self._instances.pop(name), -1)
        for instance in changes.changed:
            before = self._instances.get(instance.name)
            if before is not None:
                self.sums.add(before, -1)
            self.sums.add(instance)
            self._instances[instance.name] = instance
            self._schedule(instance, group.at_s, conditions)
        if changes.is_reordered:
            self._instances = {instance.name: instance for instance in group.instances}
        return changes

    def next_s(self) -> float:
        """Return when an instance changes next, or NEVER."""
        while self._times and self._is_stale(self._times[0]):
            heapq.heappop(self._times)
        return self._times[0][0] if self._times else NEVER

    def take_due(self, now_s: float) -> set[str]:
        """Return the names of the instances that are due; the next `update` has to bring each of them changed."""
        due = set()
        while self.next_s() <= now_s:
            due.add(heapq.heappop(self._times)[2].name)
        return due

    def _schedule(self, instance: Instance, now_s: float, conditions: Conditions) -> None:
        at_s = due_at_s(instance, self.health_check, conditions.container(instance), now_s)
        if at_s < NEVER:
            heapq.heappush(self._times, (at_s, next(self._scheduled), instance))

    def _is_stale(self, entry: tuple[float, int, Instance]) -> bool:
        return self._instances.get(entry[2].name) is not entry[2]


def _changes(before: Sequence[Instance], known: Mapping[str, Instance], after: Sequence[Instance]) -> Changes:
    """
    Return how the instances of a group differ from those of a moment before.

    Args:
        before: instances of the moment before
        known: the same by name
        after: instances of the group now
    """
    if len(before) == len(after):
        differing = [(old, new) for old, new in zip(before, after, strict=True) if old is not new]
        if all(old.name == new.name for old, new in differing):
            return Changes(tuple(new for _, new in differing), ())
    changed = tuple(instance for instance in after if known.get(instance.name) is not instance)
    names = {instance.name for instance in after}
    removed = tuple(name for name in known if name not in names)
    kept = [name for name in known if name in names]
    is_reordered = any(name != instance.name for name, instance in zip(kept, after, strict=False))
    return Changes(changed, removed, is_reordered)
