"""What the control routes set for instances: rules, bindings and the capacity of zones."""

from collections.abc import Mapping
from dataclasses import asdict, replace

from emulator.environment.bindings import Binding
from emulator.environment.instance_rules import InstanceRule, drawn_profile, mentions
from emulator.environment.links import project_of
from emulator.environment.store import Store
from emulator.environment.template_metadata import metadata_text, needed_action
from emulator.environment.view import Document
from emulator.group.conditions import Conditions
from emulator.group.health import ContainerHealth
from emulator.group.instances import Instance
from emulator.group.profile import Profile
from emulator.group.settings import UpdateAction


class InstanceControls:
    """
    Everything outside an instance's control: rules, bindings, capacity.

    Args:
        store: store that keeps them
        seed: seed of all random numbers
        decide_s: seconds from a change to a group's next decision
    """

    def __init__(self, store: Store, seed: int, decide_s: float) -> None:
        self._store = store
        self.bindings: dict[str, Binding] = {}
        self.reload()
        self._seed = seed
        self._decide_s = decide_s
        self._metadata: dict[tuple[str, str], tuple[object, str]] = {}

    def reload(self) -> None:
        """Read everything from the store again."""
        store, probed = self._store, {binding.image for binding in self.bindings.values() if binding.is_probed}
        self.rules = [InstanceRule.model_validate(rule) for rule in store.setting("instance_rules", [])]
        # A container that an earlier process probed does not run any more; its last answer stays.
        kept = [Binding(**binding) for binding in store.setting("bindings", [])]
        self.bindings = {
            binding.image: replace(binding, is_probed=binding.is_probed and binding.image in probed) for binding in kept
        }
        self.capacity: dict[str, int] = store.setting("capacity", {})

    def conditions(self, project: str) -> Conditions:
        """Return the conditions of the groups of a project, `projects/P`."""
        created: list[str] = []

        def creation_error(zone: str) -> str:
            code = self._creation_error(project, zone, len(created))
            if not code:
                created.append(zone)
            return code

        return Conditions(self._profile, self._container, self._difference, creation_error, self._decide_s)

    def bind(self, binding: Binding) -> None:
        """Store a binding in the place of the previous binding of its image."""
        self.bindings[binding.image] = binding
        self._store.put_setting("bindings", [asdict(binding) for binding in self.bindings.values()])

    def set_rules(self, rules: list[InstanceRule]) -> None:
        """Replace the instance rules; they apply to incarnations that begin from now on."""
        self.rules = rules
        self._store.put_setting("instance_rules", [rule.model_dump(exclude_none=True) for rule in rules])

    def set_capacity(self, capacity: Mapping[str, int]) -> None:
        """Limit the number of instances in some zones; all other zones have no limit."""
        self.capacity = dict(capacity)
        self._store.put_setting("capacity", self.capacity)

    def metadata(self, template: str, config: str = "") -> str:
        """Return all metadata of instances of a template, given its path; image references are in it."""
        document = self._store.view.get(template)
        cached = self._metadata.get((template, config))
        if cached is None or cached[0] is not document:
            cached = (document, metadata_text(document or {}, config))
            self._metadata[template, config] = cached
        return cached[1]

    def _profile(self, instance: Instance) -> Profile:
        metadata = self.metadata(instance.intended.template, instance.config)
        return drawn_profile(self.rules, instance, metadata, self._seed)

    def _container(self, instance: Instance) -> ContainerHealth | None:
        if not self.bindings or not instance.actual_template:
            return None
        metadata = self.metadata(instance.actual_template, instance.config)
        for binding in self.bindings.values():
            if mentions(metadata, binding.image):
                return ContainerHealth(binding.answers, binding.since_s, binding.before_s)
        return None

    def _difference(self, old: str, new: str) -> UpdateAction:
        return needed_action(self._template(old), self._template(new))

    def _template(self, path: str) -> Document:
        return self._store.view.get(path) or {}

    def _creation_error(self, project: str, zone: str, creating: int) -> str:
        """Return the code that the next creation in a zone fails with; `creating` instances are created right now."""
        view = self._store.view
        if not self.capacity and not view.collections.get(f"{project}/regions"):
            return ""
        region = zone.rpartition("-")[0]
        occupied_zones = [
            instance.zone
            for path, group in view.groups.items()
            if project_of(path) == project
            for instance in group.instances
            if instance.id
        ]
        if zone in self.capacity and occupied_zones.count(zone) + creating >= self.capacity[zone]:
            return "ZONE_RESOURCE_POOL_EXHAUSTED"
        document = view.get(f"{project}/regions/{region}") or {}
        limits = [quota["limit"] for quota in document.get("quotas", []) if quota["metric"] == "INSTANCES"]
        used = sum(occupied.rpartition("-")[0] == region for occupied in occupied_zones) + creating
        return "QUOTA_EXCEEDED" if limits and used >= limits[0] else ""
