"""The whole state of the emulator at a moment: documents, groups, operations; and how time changes it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from emulator.environment.bindings import Binding
from emulator.environment.clock import Clock, reopened_s
from emulator.environment.group_indexes import GroupIndexes
from emulator.environment.group_settings import group_settings
from emulator.environment.group_status import snapshot
from emulator.environment.health_checks import checking_documents
from emulator.environment.instance_controls import InstanceControls
from emulator.environment.links import name_of, project_of
from emulator.environment.operations import Operation, ended, is_done, operation_name
from emulator.environment.options import Options
from emulator.environment.store import Store
from emulator.environment.view import Document, View
from emulator.group.conditions import Conditions
from emulator.group.health import NEVER
from emulator.group.index import GroupIndex
from emulator.group.members import Group, deciding_soon
from emulator.group.rollout import advanced_group
from emulator.group.settings import Settings
from emulator.group.state import is_stable


@dataclass
class Environment:
    """
    All resources and instances, and the clock that changes them.

    Args:
        store: store that keeps them
        clock: virtual time
        options: options
        activity_watchers: functions that are called with a group's path and activity when that activity changes
        operation_watchers: functions that are called with an operation's path when the operation is written
        group_watchers: functions that are called with a group's path, the group before and after each change; before
            is None for a new group, and for every group when a binding with a hook is stored
        now_s: virtual time up to which everything has happened
    """

    store: Store
    clock: Clock
    options: Options = field(default_factory=Options)
    activity_watchers: list[Callable[[str, str], None]] = field(default_factory=list)
    operation_watchers: list[Callable[[str], None]] = field(default_factory=list)
    group_watchers: list[Callable[[str, Group | None, Group], None]] = field(default_factory=list)
    now_s: float = 0.0

    def __post_init__(self) -> None:
        """Read what the store has kept."""
        self.now_s = self.clock.now_s()
        self.instance_controls = InstanceControls(self.store, self.options.seed, self.options.decide_s)
        self._settings: dict[str, tuple[Document, object, Settings]] = {}
        self._derived = GroupIndexes()
        self._activities: dict[str, str] = {}
        self._created = int(self.store.setting("created", 0))

    @property
    def view(self) -> View:
        """Documents and groups as they are now."""
        return self.store.view

    def advance(self) -> None:
        """Bring every group up to the clock, moment by moment, in the order of the moments."""
        until_s = self.clock.now_s()
        while True:
            path = min(self.view.groups, key=self._next_s, default=None)
            if path is None or self._next_s(path) > until_s:
                break
            self.now_s = max(self.now_s, self._next_s(path))
            group, due = self.view.groups[path], self._index(path).take_due(self.now_s)
            self.set_group(path, advanced_group(group, self.settings(path), self.conditions(path), self.now_s, due))
        self.now_s = max(self.now_s, until_s)
        self.store.put_setting("now_s", self.now_s)

    def next_s(self) -> float:
        """Return when something happens next, or NEVER."""
        return min((self._next_s(path) for path in self.view.groups), default=NEVER)

    @property
    def is_settled(self) -> bool:
        """Whether all operations are done, all groups are stable, and no change is scheduled."""
        operations = (
            self.operation(f"{path}/{name}")
            for path, documents in self.view.collections.items()
            if path.endswith("/operations")
            for name in documents
        )
        return (
            self.next_s() == NEVER
            and all(is_stable(group, self.settings(path)) for path, group in self.view.groups.items())
            and all(is_done(operation, self.now_s) for operation in operations if operation)
        )

    def catch_up(self, present_s: float) -> None:
        """Continue a reopened state at the present if it was settled when it was closed."""
        kept_s = self.clock.now_s()
        self.clock.move(reopened_s(kept_s, present_s, is_settled=self.is_settled) - kept_s)
        self.advance()

    def settings(self, path: str, view: View | None = None) -> Settings:
        """Return the resolved settings of a group."""
        view = view or self.view
        document = view.get(path)
        if document is None:
            raise KeyError(path)
        health_checks = checking_documents(path, view)
        cached = self._settings.get(path)
        if cached is None or cached[0] is not document or cached[1] != health_checks:
            cached = (document, health_checks, group_settings(path, document, view, self.options))
            self._settings[path] = cached
        return cached[2]

    def conditions(self, path: str) -> Conditions:
        """Return the conditions of a group."""
        return self.instance_controls.conditions(project_of(path))

    def validate(self) -> None:
        """Compute everything that requests compute; any exception means that the state cannot be used."""
        for path, collection in self.view.collections.items():
            for name, document in collection.items():
                if path.endswith("/operations"):
                    Operation(**document["operation"])
                if path.endswith("/instanceGroupManagers"):
                    group = f"{path}/{name}"
                    snapshot(self.view.groups[group], self.settings(group), self.conditions(group))
        self.next_s()

    def bind(self, binding: Binding) -> None:
        """Store a binding; the next change of every group is computed again."""
        self.instance_controls.bind(binding)
        self._derived.clear()
        if binding.hook:
            for path, group in self.view.groups.items():
                self._notify(path, None, group)

    def set_group(self, path: str, group: Group) -> None:
        """Write a group, append the change to the request log, and perform what follows from the change."""
        before = self.view.groups.get(path)
        if before == group:
            self._derived.forget(path)  # what was due has not changed, and is due again
            return
        self._derived.forget_next(path)
        if group.lost:
            document = self.view.get(path)
            if document is not None:
                self.store.put(path, {**document, "targetSize": max(0, int(document["targetSize"]) - group.lost)})
            group = replace(group, lost=0)
        index = self._index(path)
        self.store.put_group(path, group)
        self._notify(path, before, group)
        settings, conditions = self.settings(path), self.conditions(path)
        changes = index.update(group, conditions)
        entry = self._derived.log(path).entry(group, settings, conditions, index, changes)
        self.store.append({"kind": "group", "at_s": round(self.now_s, 3), "group": path, **entry})
        if (self.view.get(path) or {}).get("_deleting") and not group.instances:
            self._finish_deletion(path)
            return
        if self._activities.get(path) != entry["phase"]:
            self._activities[path] = entry["phase"]
            for watcher in self.activity_watchers:
                watcher(path, entry["phase"])

    def _notify(self, path: str, before: Group | None, after: Group) -> None:
        for watcher in self.group_watchers:
            watcher(path, before, after)

    def put(self, path: str, document: Document) -> None:
        """Write a document; a group whose settings may have changed decides again."""
        self.store.put(path, document)
        if path in self.view.groups:
            self._derived.forget_next(path)
            self.set_group(path, deciding_soon(self.view.groups[path], self.now_s, self.conditions(path)))

    def new_id(self) -> str:
        """Return the numeric id of a new resource; ids grow."""
        return str(4_000_000_000_000_000_000 + int(self.now_s) * 1_000_000 + self._next_number())

    def start(self, scope: str, type_: str, target: str, target_id: str, **more: Any) -> Operation:
        """
        Begin an operation.

        Args:
            scope: `projects/P/zones/Z`, `projects/P/regions/R` or `projects/P/global`
            type_: operation type
            target: path of the resource
            target_id: numeric id of the resource
            more: other fields of `Operation`
        """
        path = f"{scope}/operations/{operation_name(self._next_number(), self.now_s)}"
        times = {"began_at_s": self.now_s, "ends_at_s": self.now_s + self.options.operation_s}
        operation = Operation(path, type_, target, target_id, **(times | more))
        self.put_operation(operation)
        return operation

    def clear_derived(self) -> None:
        """Clear what was derived from documents and groups, because a write was undone."""
        self._derived.clear()
        self._settings.clear()

    def restore(self) -> None:
        """Return to the last saved state of the store; all later changes happen again."""
        self.store.rollback()
        self.clear_derived()
        self._activities.clear()
        self.instance_controls.reload()
        self.now_s = float(self.store.setting("now_s", self.now_s))

    def put_operation(self, operation: Operation) -> None:
        """Write an operation."""
        self.store.put(operation.path, {"id": operation.id, "operation": asdict(operation)})
        for watcher in self.operation_watchers:
            watcher(operation.path)

    def operation(self, path: str) -> Operation | None:
        """Return an operation by name or id; None if there is none."""
        document = self.view.get(path)
        return Operation(**document["operation"]) if document else None

    def _next_number(self) -> int:
        self._created += 1
        self.store.put_setting("created", self._created)
        return self._created

    def _next_s(self, path: str) -> float:
        next_s = self._derived.next_s(path)
        if next_s is None:
            next_s = min(self.view.groups[path].decide_at_s, self._index(path).next_s())
            self._derived.keep_next(path, next_s)
        return next_s

    def _index(self, path: str) -> GroupIndex:
        group = self.view.groups.get(path) or Group(self.now_s)
        return self._derived.index(path, group, self.settings(path), self.conditions(path))

    def _finish_deletion(self, path: str) -> None:
        document = self.view.get(path) or {}
        self.store.remove(path)
        self.store.remove_group(path)
        group = document.get("_group", "")
        if group:
            self.store.remove(group)
        self._derived.forget(path)
        operation = self.operation(document["_deleting"])
        if operation is not None:
            self.put_operation(ended(operation, self.now_s))
        self.store.append({"kind": "deleted", "at_s": round(self.now_s, 3), "group": path, "name": name_of(path)})
