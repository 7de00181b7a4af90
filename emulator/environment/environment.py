"""The world at a moment: documents, groups that roll, operations that end, and whatever was told to go wrong."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from emulator.environment import group_settings as documents
from emulator.environment.clock import Clock, reopened_s
from emulator.environment.group_status import is_stable, phase, snapshot
from emulator.environment.instance_controls import Bound, Circumstances
from emulator.environment.links import name_of, project_of
from emulator.environment.operations import Operation, ended, is_done, operation_name
from emulator.environment.store import Document, Store, View
from emulator.group.health import NEVER
from emulator.group.members import Group, Settings, Surroundings, disturb
from emulator.group.rollout import next_s, step


@dataclass(frozen=True)
class Options:
    """
    How the world is set up.

    Args:
        seed: Of all dice.
        operation_s: How long an operation runs.
        decide_s: How long a group takes from a change to its next decision; longer than an operation, because real
            groups show no action yet when a patch is DONE (terraform-provider-google issue 3378).
        in_use: Whether deleting a used template fails at once, or by an operation that fails; Google does both.
        retries: False creates machines once (CREATING_WITHOUT_RETRIES).
        max_templates: Quota of instance templates in a project.
        standby: What a rollout does to suspended and stopped instances: keep them as they are, or replace them. No
            public source describes this (looked for on 2026-11-26).
    """

    seed: int = 0
    operation_s: float = 1.0
    decide_s: float = 2.0
    in_use: Literal["refuse", "fail"] = "refuse"
    retries: bool = True
    max_templates: int = 100_000
    standby: Literal["keep", "replace"] = "keep"


@dataclass
class World:
    """
    Everything that is, and how it moves.

    Args:
        store: Where it is kept.
        clock: Its time.
        options: How it is set up.
        watchers: Called with a group's path and phase whenever that phase changes.
    """

    store: Store
    clock: Clock
    options: Options = field(default_factory=Options)
    watchers: list[Callable[[str, str], None]] = field(default_factory=list)
    now_s: float = 0.0

    def __post_init__(self) -> None:
        """Take up what the store has kept."""
        self.now_s = self.clock.now_s()
        self.circumstances = Circumstances(self.store, self.options.seed, self.options.decide_s)
        self._settings: dict[str, tuple[Document, object, Settings]] = {}
        self._next: dict[str, float] = {}
        self._phases: dict[str, str] = {}
        self._made = int(self.store.setting("made", 0))

    @property
    def view(self) -> View:
        """The world as it is now."""
        return self.store.view

    def advance(self) -> None:
        """Bring every group up to the clock, moment by moment, in the order of the moments."""
        until = self.clock.now_s()
        while True:
            path = min(self.view.groups, key=self._next_s, default=None)
            if path is None or self._next_s(path) > until:
                break
            self.now_s = max(self.now_s, self._next_s(path))
            self.set_group(path, step(self.view.groups[path], self.settings(path), self.around(path), self.now_s))
        self.now_s = max(self.now_s, until)
        self.store.put_setting("now_s", self.now_s)

    def next_s(self) -> float:
        """Return when something happens next, or NEVER."""
        return min((self._next_s(path) for path in self.view.groups), default=NEVER)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way: all operations are done, all groups are stable, and no change is scheduled."""
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
        """Let a state that was opened again go on at the present if nothing was under way in it."""
        kept_s = self.clock.now_s()
        self.clock.move(reopened_s(kept_s, present_s, is_settled=self.is_settled) - kept_s)
        self.advance()

    def settings(self, path: str, view: View | None = None) -> Settings:
        """Return the resolved settings of a group."""
        seen = view or self.view
        document = seen.get(path)
        if document is None:
            raise KeyError(path)
        checks = tuple(seen.collections.get(f"{project_of(path)}/global/healthChecks", {}).values())
        known = self._settings.get(path)
        if known is None or known[0] is not document or known[1] != checks:
            options = self.options
            resolved = documents.settings(
                path, document, seen, retries=options.retries, updates_standby=options.standby == "replace"
            )
            known = (document, checks, resolved)
            self._settings[path] = known
        return known[2]

    def around(self, path: str) -> Surroundings:
        """Return what a group meets."""
        return self.circumstances.around(project_of(path))

    def check(self) -> None:
        """Derive what requests derive, and raise whatever is wrong with a state that was read."""
        for path, collection in self.view.collections.items():
            for name, document in collection.items():
                if path.endswith("/operations"):
                    Operation(**document["operation"])
                if path.endswith("/instanceGroupManagers"):
                    group = f"{path}/{name}"
                    snapshot(self.view.groups[group], self.settings(group), self.around(group))
        self.next_s()

    def bind(self, bound: Bound) -> None:
        """Put a container behind an image, or change what is known of one; every group looks anew."""
        self.circumstances.bind(bound)
        self._next.clear()

    def set_group(self, path: str, group: Group) -> None:
        """Write a group's machines, note the change in the ledger, and do what follows from it."""
        if self.view.groups.get(path) == group:
            return
        self._next.pop(path, None)
        if group.lost:
            document = self.view.get(path)
            if document is not None:
                self.store.put(path, {**document, "targetSize": max(0, int(document["targetSize"]) - group.lost)})
            group = replace(group, lost=0)
        self.store.put_group(path, group)
        settings = self.settings(path)
        entry = snapshot(group, settings, self.around(path))
        self.store.append({"kind": "group", "at_s": round(self.now_s, 3), "group": path, **entry})
        if (self.view.get(path) or {}).get("_deleting") and not group.machines:
            self._finish_deletion(path)
            return
        reached = phase(group, settings)
        if self._phases.get(path) != reached:
            self._phases[path] = reached
            for watcher in self.watchers:
                watcher(path, reached)

    def put(self, path: str, document: Document) -> None:
        """Write a document; a group whose settings may have changed decides anew."""
        self.store.put(path, document)
        if path in self.view.groups:
            self._next.pop(path, None)
            self.set_group(path, disturb(self.view.groups[path], self.now_s, self.around(path)))

    def new_id(self) -> str:
        """Return the numeric id of a new resource; ids grow."""
        self._made += 1
        self.store.put_setting("made", self._made)
        return str(4_000_000_000_000_000_000 + int(self.now_s) * 1_000_000 + self._made)

    def start(self, scope: str, type_: str, target: str, target_id: str, **more: Any) -> Operation:
        """
        Begin an operation.

        Args:
            scope: `projects/P/zones/Z`, `projects/P/regions/R` or `projects/P/global`.
            type_: Operation type.
            target: Path of the resource.
            target_id: Its numeric id.
            more: Other fields of `Operation`.
        """
        self._made += 1
        self.store.put_setting("made", self._made)
        path = f"{scope}/operations/{operation_name(self._made, self.now_s)}"
        times = {"began_at_s": self.now_s, "ends_at_s": self.now_s + self.options.operation_s}
        operation = Operation(path, type_, target, target_id, **(times | more))
        self.put_operation(operation)
        return operation

    def forget(self) -> None:
        """Drop what was derived from documents and groups, because a write was undone."""
        self._next.clear()
        self._settings.clear()

    def restore(self) -> None:
        """Go back to what the store last saved; what has happened since then happens again."""
        self.store.rollback()
        self.forget()
        self._phases.clear()
        self.circumstances.reload()
        self.now_s = float(self.store.setting("now_s", self.now_s))

    def put_operation(self, operation: Operation) -> None:
        """Write an operation."""
        self.store.put(operation.path, {"id": operation.id, "operation": asdict(operation)})

    def operation(self, path: str) -> Operation | None:
        """Look an operation up by name or id."""
        document = self.view.get(path)
        return Operation(**document["operation"]) if document else None

    def _next_s(self, path: str) -> float:
        if path not in self._next:
            self._next[path] = next_s(self.view.groups[path], self.settings(path), self.around(path))
        return self._next[path]

    def _finish_deletion(self, path: str) -> None:
        document = self.view.get(path) or {}
        self.store.remove(path)
        self.store.remove_group(path)
        group = document.get("_group", "")
        if group:
            self.store.remove(group)
        self._next.pop(path, None)
        operation = self.operation(document["_deleting"])
        if operation is not None:
            self.put_operation(ended(operation, self.now_s))
        self.store.append({"kind": "deleted", "at_s": round(self.now_s, 3), "group": path, "name": name_of(path)})
