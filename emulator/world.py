"""The world at a moment: documents, groups that roll, operations that end, and whatever was told to go wrong."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal

from emulator import settings as documents
from emulator.behaviours import Rule, behaviour, mentions
from emulator.clock import Clock
from emulator.groups import Action, Group, Settings, Surroundings, disturb
from emulator.health import NEVER, Behaviour, Tie
from emulator.links import name_of, project_of
from emulator.machines import Machine
from emulator.operations import Operation, ended, operation_name
from emulator.rolling import next_s, step
from emulator.status import phase, snapshot
from emulator.store import Document, Store, View

# Which part of a template can be changed on a running machine, and how; everything else needs a new one.
# Source: Compute Engine's documentation of minimalAction, as quoted in google-cloud-compute.
_REFRESHED: Final = {"metadata", "labels", "tags", "description"}
_RESTARTED: Final = {"machineType", "minCpuPlatform", "serviceAccounts", "scheduling", "shieldedInstanceConfig"}


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
    """

    seed: int = 0
    operation_s: float = 1.0
    decide_s: float = 2.0
    in_use: Literal["refuse", "fail"] = "refuse"
    retries: bool = True
    max_templates: int = 100_000


@dataclass(frozen=True)
class Bound:
    """A container that stands behind every machine whose template refers to an image."""

    image: str
    url: str
    answers: bool = False
    since_s: float = 0.0
    is_probed: bool = True


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
        self.rules = [Rule.model_validate(rule) for rule in self.store.setting("rules", [])]
        self.bounds = {one["image"]: Bound(**one) for one in self.store.setting("bounds", [])}
        self.capacity: dict[str, int] = self.store.setting("capacity", {})
        self._settings: dict[str, tuple[Document, object, Settings]] = {}
        self._next: dict[str, float] = {}
        self._phases: dict[str, str] = {}
        self._texts: dict[str, tuple[object, str]] = {}
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

    def settings(self, path: str, view: View | None = None) -> Settings:
        """Return the resolved settings of a group."""
        seen = view or self.view
        document = seen.get(path)
        if document is None:
            raise KeyError(path)
        checks = seen.collections.get(f"{project_of(path)}/global/healthChecks", {})
        versioned = (document, tuple(map(id, checks.values())))
        known = self._settings.get(path)
        if known is None or known[0] is not document or known[1] != versioned[1]:
            known = (document, versioned[1], documents.settings(path, document, seen, retries=self.options.retries))
            self._settings[path] = known
        return known[2]

    def around(self, path: str) -> Surroundings:
        """Return what a group meets."""
        created: list[str] = []

        def refusal(zone: str) -> str:
            code = self._refusal(project_of(path), zone, len(created))
            if not code:
                created.append(zone)
            return code

        return Surroundings(self._behaviour, self._tie, self._difference, refusal, self.options.decide_s)

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
        self._texts.clear()

    def put_operation(self, operation: Operation) -> None:
        """Write an operation."""
        self.store.put(operation.path, {"id": operation.id, "operation": asdict(operation)})

    def operation(self, path: str) -> Operation | None:
        """Look an operation up by name or id."""
        document = self.view.get(path)
        return Operation(**document["operation"]) if document else None

    def bind(self, bound: Bound) -> None:
        """Put a container behind an image, or change what is known of one; every group looks anew."""
        self.bounds[bound.image] = bound
        self.store.put_setting("bounds", [asdict(one) for one in self.bounds.values()])
        self._next.clear()

    def set_rules(self, rules: list[Rule]) -> None:
        """Replace the rules for machines that are to come."""
        self.rules = rules
        self.store.put_setting("rules", [rule.model_dump(exclude_none=True) for rule in rules])

    def set_capacity(self, capacity: Mapping[str, int]) -> None:
        """Say how many machines a zone has room for; a zone that is not named has room for all."""
        self.capacity = dict(capacity)
        self.store.put_setting("capacity", self.capacity)

    def text(self, template: str) -> str:
        """Return all metadata of a template, which its image references stand in."""
        document = self.view.get(template)
        known = self._texts.get(template)
        if known is None or known[0] is not document:
            items = ((document or {}).get("properties", {}).get("metadata") or {}).get("items") or []
            known = (document, "\n".join(str(item.get("value", "")) for item in items))
            self._texts[template] = known
        return known[1]

    def _next_s(self, path: str) -> float:
        if path not in self._next:
            self._next[path] = next_s(self.view.groups[path], self.settings(path), self.around(path))
        return self._next[path]

    def _behaviour(self, machine: Machine) -> Behaviour:
        return behaviour(self.rules, machine, self.text(machine.intended.template), self.options.seed)

    def _tie(self, template: str) -> Tie | None:
        if not self.bounds or not template:
            return None
        text = self.text(template)
        for bound in self.bounds.values():
            if mentions(text, bound.image):
                return Tie(bound.answers, bound.since_s)
        return None

    def _difference(self, old: str, new: str) -> Action:
        before, after = (((self.view.get(path) or {}).get("properties") or {}) for path in (old, new))
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        if changed - _REFRESHED - _RESTARTED:
            return "REPLACE"
        return "RESTART" if changed & _RESTARTED else "REFRESH" if changed else "NONE"

    def _refusal(self, project: str, zone: str, creating: int) -> str:
        if not self.capacity and not self.view.collections.get(f"{project}/regions"):
            return ""
        region = zone.rpartition("-")[0]
        zones = [
            machine.zone
            for path, group in self.view.groups.items()
            if project_of(path) == project
            for machine in group.machines
            if machine.id
        ]
        if zone in self.capacity and zones.count(zone) + creating >= self.capacity[zone]:
            return "ZONE_RESOURCE_POOL_EXHAUSTED"
        document = self.view.get(f"{project}/regions/{region}") or {}
        limits = [quota["limit"] for quota in document.get("quotas", []) if quota["metric"] == "INSTANCES"]
        used = sum(one.rpartition("-")[0] == region for one in zones) + creating
        return "QUOTA_EXCEEDED" if limits and used >= limits[0] else ""

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
