"""The control routes about instances: rules, crashes, bindings, capacity, recommendations of autoscalers."""

from dataclasses import asdict, replace
from typing import Any

from emulator.api.errors import invalid, not_found, required
from emulator.api.methods.autoscalers import scale
from emulator.control.bodies import BindingRequest, Capacity, Crash, Recommendation
from emulator.environment.bindings import Binding, rebound
from emulator.environment.environment import Environment
from emulator.environment.instance_rules import InstanceRule
from emulator.environment.links import project_of
from emulator.group.instances import Instance
from emulator.group.members import with_instance


class InstanceControl:
    """
    Changes what the environment decides about instances; each method returns the JSON of its answer.

    Args:
        environment: environment of the instances
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def rules(self) -> list[dict[str, Any]]:
        """Return the instance rules, oldest first."""
        rules = self._environment.instance_controls.rules
        return [rule.model_dump(exclude_none=True, exclude_defaults=True) for rule in rules]

    def add_rule(self, rule: InstanceRule) -> list[dict[str, Any]]:
        """Add an instance rule."""
        controls = self._environment.instance_controls
        controls.set_rules([*controls.rules, rule])
        return self.rules()

    def delete_rules(self) -> list[dict[str, Any]]:
        """Delete all instance rules."""
        self._environment.instance_controls.set_rules([])
        return self.rules()

    def crash(self, crash: Crash) -> dict[str, Any]:
        """Stop the application of an instance from answering."""
        environment = self._environment
        for path, group in environment.view.groups.items():
            for instance in group.instances:
                if instance.name == crash.instance:
                    crashed = with_instance(group, _crashed(instance, environment.now_s))
                    environment.set_group(path, replace(crashed, at_s=environment.now_s))
                    return {"instance": crash.instance}
        raise not_found(f"instances/{crash.instance}")

    def bindings(self) -> list[dict[str, Any]]:
        """Return all bindings."""
        return [asdict(binding) for binding in self._environment.instance_controls.bindings.values()]

    def bind(self, request: BindingRequest) -> dict[str, Any]:
        """Bind a container to the instances of an image."""
        if request.hook:
            return self._hook(request)
        if not request.url and request.answers is None:
            raise required("url")
        previous = self._environment.instance_controls.bindings.get(request.image)
        binding = rebound(previous, request.image, request.url, request.answers, self._environment.now_s)
        self._environment.bind(binding)
        return asdict(binding)

    def _hook(self, request: BindingRequest) -> dict[str, Any]:
        if request.url or request.answers is not None:
            raise invalid("hook", request.hook, "Must come without 'url' and 'answers': the hook names each URL.")
        if self._environment.clock.is_manual:
            raise invalid("hook", request.hook, "Needs a clock that runs by itself.")
        binding = Binding(request.image, "", hook=request.hook)
        self._environment.bind(binding)
        return asdict(binding)

    def unbind(self, image: str) -> dict[str, Any]:
        """End the probes and hook calls of a binding; the last answer of its container stays."""
        binding = self._environment.instance_controls.bindings.get(image)
        if binding is None:
            raise not_found(f"emulator/bindings/{image}")
        unprobed = replace(binding, is_probed=False)
        self._environment.bind(unprobed)
        return asdict(unprobed)

    def limit(self, capacity: Capacity) -> dict[str, int]:
        """Limit the number of instances in some zones."""
        self._environment.instance_controls.set_capacity(capacity.zones)
        return self._environment.instance_controls.capacity

    def scale(self, recommendation: Recommendation) -> dict[str, Any]:
        """Recommend a size to an autoscaler."""
        path = recommendation.autoscaler.strip("/")
        autoscaler = self._environment.view.get(path) if "/" in path else None
        if autoscaler is None:
            raise not_found(path)
        scale(self._environment, autoscaler, recommendation.size)
        return {"project": project_of(path)}


def _crashed(instance: Instance, now_s: float) -> Instance:
    profile = instance.profile
    if instance.running_at_s < 0 or profile.answer_s is None:
        return instance
    answered_s = max(0.0, now_s - instance.running_at_s - profile.answer_s)
    return replace(instance, profile=replace(profile, crash_after_s=answered_s))
