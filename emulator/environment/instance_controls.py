"""What the control routes set for instances: rules, bindings and the capacity of zones."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from emulator.environment.bindings import Binding
from emulator.environment.guest_queries import GuestQueries
from emulator.environment.instance_rules import InstanceRule, drawn_profile, mentions
from emulator.environment.links import project_of
from emulator.environment.quotas import instance_usage
from emulator.environment.store import Store
from emulator.environment.template_metadata import enables_guest_attributes, metadata_text, needed_action
from emulator.environment.view import Document
from emulator.group.attempts import CreationError, error_message, quota_error
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
        self.guest_queries = GuestQueries()
        self.reload()
        self._seed = seed
        self._decide_s = decide_s
        self._metadata: dict[tuple[str, str], tuple[object, str]] = {}
        self._differences: dict[tuple[str, str], tuple[Document, Document, UpdateAction]] = {}

    def reload(self) -> None:
        """Read everything from the store again."""
        store, probed = self._store, {binding.key for binding in self.bindings.values() if binding.is_probed}
        self.rules = [InstanceRule.model_validate(rule) for rule in store.setting("instance_rules", [])]
        # A container that an earlier process probed does not run any more; its last answer stays.
        kept = [Binding(**binding) for binding in store.setting("bindings", [])]
        self.bindings = {
            binding.key: replace(binding, is_probed=binding.is_probed and binding.key in probed) for binding in kept
        }
        self.capacity: dict[str, int] = store.setting("capacity", {})

    def conditions(self, project: str) -> Conditions:
        """Return the conditions of the groups of a project, `projects/P`."""
        created: list[Instance] = []

        def creation_error(instance: Instance) -> CreationError | None:
            error = self._creation_error(project, instance, created)
            if error is None:
                created.append(instance)
            return error

        return Conditions(self._profile, self._container, self._difference, creation_error, self._decide_s)

    def bind(self, binding: Binding) -> None:
        """Store a binding in the place of the previous binding of its image or instance."""
        self.bindings[binding.key] = binding
        self._put_bindings()

    def unbind(self, instance: str) -> None:
        """Forget the binding of a single instance, if there is one."""
        if self.bindings.pop(f"/instances/{instance}", None):
            self._put_bindings()

    def _put_bindings(self) -> None:
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
        template = self._template(instance.intended.template)
        has_attributes = enables_guest_attributes(template, instance.config)
        return drawn_profile(self.rules, instance, metadata, self._seed, has_attributes=has_attributes)

    def image_binding(self, instance: Instance) -> Binding | None:
        """Return the binding of an image that the existing VM of an instance runs; None if there is none."""
        if not self.bindings or not instance.actual_template:
            return None
        metadata = self.metadata(instance.actual_template, instance.config)
        bindings = (binding for binding in self.bindings.values() if not binding.instance)
        return next((binding for binding in bindings if mentions(metadata, binding.image)), None)

    def _container(self, instance: Instance) -> ContainerHealth | None:
        binding = self.image_binding(instance)
        if binding is None:
            return None
        if binding.hook:
            binding = self.bindings.get(f"/instances/{instance.name}", Binding(binding.image, ""))
        return ContainerHealth(binding.answers, binding.since_s, binding.before_s)

    def _difference(self, old: str, new: str) -> UpdateAction:
        documents = self._template(old), self._template(new)
        cached = self._differences.get((old, new))
        if cached is None or cached[0] is not documents[0] or cached[1] is not documents[1]:
            cached = (*documents, needed_action(*documents))
            self._differences[old, new] = cached
        return cached[2]

    def _template(self, path: str) -> Document:
        return self._store.view.get(path) or {}

    def quota_usage(self, project: str, region: Document, creating: Sequence[Instance] = ()) -> Counter[str]:
        """
        Return how much of each of its quotas a region uses.

        Args:
            project: `projects/P`
            region: document of the region
            creating: instances that are created right now
        """
        limits = {quota["metric"]: quota["limit"] for quota in region.get("quotas", [])}
        used = Counter[str]()
        for instance in (*self._existing(project), *creating):
            if limits and instance.zone.rpartition("-")[0] == region["name"]:
                template = instance.actual_template or instance.intended.template
                used += instance_usage(self._template(template), limits)
        return used

    def _existing(self, project: str) -> list[Instance]:
        return [
            instance
            for path, group in self._store.view.groups.items()
            if project_of(path) == project
            for instance in group.instances
            if instance.id
        ]

    def _creation_error(self, project: str, instance: Instance, creating: Sequence[Instance]) -> CreationError | None:
        """Return why an instance cannot be created while others are created right now; None if there is room."""
        zone, region = instance.zone, instance.zone.rpartition("-")[0]
        if zone in self.capacity:
            occupied = [other for other in (*self._existing(project), *creating) if other.zone == zone]
            if len(occupied) >= self.capacity[zone]:
                code = "ZONE_RESOURCE_POOL_EXHAUSTED"
                return CreationError(code, error_message(code, instance.name, zone))
        document = self._store.view.get(f"{project}/regions/{region}") or {}
        if document.get("quotas"):
            used = self.quota_usage(project, document, (*creating, instance))
            for quota in document["quotas"]:
                if used[quota["metric"]] > quota["limit"]:
                    return quota_error(instance.name, quota["metric"], quota["limit"], region)
        return None
