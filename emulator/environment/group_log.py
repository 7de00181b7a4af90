"""The request log's entries of a group: of its instances, only those that differ from the entry before."""

import heapq
from collections.abc import Iterable
from typing import Any

from emulator.environment.group_status import group_snapshot, instance_snapshot
from emulator.group.conditions import Conditions
from emulator.group.health import NEVER
from emulator.group.index import Changes, GroupIndex
from emulator.group.instance_lifecycle import health_changes_at_s
from emulator.group.instances import Instance
from emulator.group.members import Group
from emulator.group.settings import Settings

Row = dict[str, Any]


class GroupLog:
    """
    What the entries of one group have shown until now.

    The health of an instance that is being deleted or restarted changes without a change of the instance, so the times
    of these changes are kept.
    """

    def __init__(self) -> None:
        self._instances: dict[str, Instance] = {}
        self._rows: dict[str, Row] = {}
        self._times: list[tuple[float, str]] = []
        self._is_complete = False

    def entry(
        self, group: Group, settings: Settings, conditions: Conditions, index: GroupIndex, changes: Changes
    ) -> dict[str, Any]:
        """
        Return the entry of a change.

        Args:
            group: the group after the change
            settings: settings of the group
            conditions: conditions of the group
            index: index of the group after the change
            changes: how the group's instances differ from those of the entry before
        """
        head = group_snapshot(group, settings, index.sums)
        if not self._is_complete or changes.is_reordered:
            self._rows, self._times, self._is_complete = {}, [], True
            return head | {"instances": self._changed_rows(group.instances, group, settings, conditions)}
        for name in changes.removed:
            del self._rows[name]
            del self._instances[name]
        changed = {instance.name: instance for instance in changes.changed}
        while self._times and self._times[0][0] <= group.at_s:
            name = heapq.heappop(self._times)[1]
            if name in self._instances:
                changed.setdefault(name, self._instances[name])
        rows = self._changed_rows(changed.values(), group, settings, conditions)
        return head | {"changed": rows} | ({"removed": list(changes.removed)} if changes.removed else {})

    def _changed_rows(
        self, instances: Iterable[Instance], group: Group, settings: Settings, conditions: Conditions
    ) -> list[Row]:
        """Return the rows that differ from those of earlier entries, and keep them."""
        rows = []
        for instance in instances:
            row = instance_snapshot(instance, group, settings, conditions)
            if self._rows.get(instance.name) != row:
                rows.append(row)
            self._instances[instance.name], self._rows[instance.name] = instance, row
            if settings.health_check is not None:
                container = conditions.container(instance)
                at_s = health_changes_at_s(instance, settings.health_check, container, group.at_s)
                if at_s < NEVER:
                    heapq.heappush(self._times, (at_s, instance.name))
        return rows
