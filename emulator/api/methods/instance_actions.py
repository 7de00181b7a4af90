"""Methods that act on the instances of a group: resize, recreate, delete, abandon, suspend, update."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from emulator.api.calls import Call, serves, zonal_and_regional
from emulator.api.documents import with_fingerprint
from emulator.api.errors import invalid, not_acted_on
from emulator.api.methods.instances import keep_abandoned
from emulator.environment.autoscaling import autoscaler_of, mode_of
from emulator.environment.links import NAME, canonical, name_of
from emulator.environment.location import location_of
from emulator.environment.operations import Operation
from emulator.environment.view import Document
from emulator.group.decision import with_named_instances
from emulator.group.instances import Instance, with_action, with_standby_target
from emulator.group.members import Group, deciding_soon, updated_in_place, with_action_on, with_instances
from emulator.group.settings import UpdateAction

_SIZES: Final = {"RUNNING": "targetSize", "SUSPENDED": "targetSuspendedSize", "STOPPED": "targetStoppedSize"}


@serves(*zonal_and_regional("instanceGroupManagers.resize"))
def resize(call: Call) -> Operation:
    """Set the target size; refused while an autoscaler owns it. Source: e2b infra issue 770."""
    document = call.document()
    size, most = call.query.get("size"), location_of(call.path, document).most_instances
    if size is None or not 0 <= size <= most:
        raise invalid("size", size, f"Must be from 0 to {most}.")
    autoscaler = autoscaler_of(call.view, call.path)
    if autoscaler is not None and mode_of(autoscaler) != "OFF":
        raise invalid("size", size, "The group is autoscaled; change the autoscaler, or set its mode to OFF.")
    call.environment.put(call.path, with_fingerprint({**document, "targetSize": size}))
    return call.start(call.path, document["id"])


@serves(*zonal_and_regional("instanceGroupManagers.createInstances"))
def create_instances(call: Call) -> Operation:
    """Create instances of given names; the target size grows by their number."""
    document, environment = call.document(), call.environment
    names = [_new_name(call, index, config) for index, config in enumerate(call.body.get("instances") or [])]
    size, most = int(document["targetSize"]) + len(names), location_of(call.path, document).most_instances
    if not names or size > most:
        raise invalid("resource.instances", len(names), f"Must be from 1 to {most - int(document['targetSize'])}.")
    environment.put(call.path, with_fingerprint({**document, "targetSize": size}))
    settings, conditions = environment.settings(call.path), environment.conditions(call.path)
    return _change_group(call, lambda group: with_named_instances(group, settings, conditions, names))


@serves(*zonal_and_regional("instanceGroupManagers.recreateInstances"))
def recreate_instances(call: Call) -> Operation:
    """Recreate instances under their names, from the group's present template."""
    names = _listed_names(call)
    settings = call.environment.settings(call.path)
    return _change_group(call, lambda group: with_action_on(group, names, "RECREATING", settings))


@serves(
    *zonal_and_regional("instanceGroupManagers.deleteInstances"),
    *zonal_and_regional("instanceGroupManagers.abandonInstances"),
)
def remove_instances(call: Call) -> Operation:
    """Delete or abandon instances; the target size shrinks by their number."""
    names = _listed_names(call)
    settings = call.environment.settings(call.path)
    action = "DELETING" if call.method.name.endswith("deleteInstances") else "ABANDONING"
    leaving = [
        instance
        for instance in call.environment.view.groups[call.path].instances
        if instance.name in names and not instance.is_leaving
    ]
    for instance in leaving:
        if action == "ABANDONING" and instance.id:
            keep_abandoned(call, instance)
    operation = _change_group(call, lambda group: with_action_on(group, names, action, settings))
    _change_sizes(call, leaving, "")
    return operation


@serves(
    *zonal_and_regional("instanceGroupManagers.suspendInstances"),
    *zonal_and_regional("instanceGroupManagers.stopInstances"),
)
def move_to_standby_pool(call: Call) -> Operation:
    """
    Move running instances to the standby pool: the target size shrinks, and the pool grows, by their number.

    Source: google-cloud-compute 1.57.0 and gcloud 528, which generate the same text on these methods.
    """
    target = "SUSPENDED" if call.method.name.endswith("suspendInstances") else "STOPPED"
    instances = _listed(call, lambda instance: instance.status == "RUNNING" and not instance.is_standby, "running")
    is_forced = call.body.get("forceSuspend" if target == "SUSPENDED" else "forceStop", False)
    delay_s = 0.0 if is_forced else call.environment.settings(call.path).standby.delay_s
    now_s = call.environment.now_s
    _change_sizes(call, instances, target)
    return _change_instances(
        call,
        [with_standby_target(instance, target, now_s, instance.created_at_s + delay_s) for instance in instances],
    )


@serves(
    *zonal_and_regional("instanceGroupManagers.resumeInstances"),
    *zonal_and_regional("instanceGroupManagers.startInstances"),
)
def take_from_standby_pool(call: Call) -> Operation:
    """Take instances out of the standby pool: the target size grows, and the pool shrinks, by their number."""
    is_resume = call.method.name.endswith("resumeInstances")
    target, action = ("SUSPENDED", "RESUMING") if is_resume else ("STOPPED", "STARTING")
    instances = _listed(call, lambda instance: instance.is_ready and instance.target == target, target.lower())
    _change_sizes(call, instances, "RUNNING")
    return _change_instances(call, [with_action(instance, action, call.environment.now_s) for instance in instances])


@serves(*zonal_and_regional("instanceGroupManagers.applyUpdatesToInstances"))
def apply_updates(call: Call) -> Operation:
    """Bring instances to the target version at once, under their names."""
    call.document()
    body = call.body
    least: UpdateAction = body.get("minimalAction") or "NONE"
    most: UpdateAction = body.get("mostDisruptiveAllowedAction") or "REPLACE"
    instances = call.environment.view.groups[call.path].instances
    names = {instance.name for instance in instances} if body.get("allInstances") else _listed_names(call)
    settings, conditions = call.environment.settings(call.path), call.environment.conditions(call.path)
    return _change_group(call, lambda group: updated_in_place(group, names, settings, conditions, least, most))


@serves(*zonal_and_regional("instanceGroupManagers.delete"))
def delete_group(call: Call) -> Operation:
    """Delete a group: its instances are deleted first, and the operation lasts until then."""
    environment, document = call.environment, call.document()
    operation = call.start(call.path, document["id"], **{"ends_at_s": None, **call.operation_fields})
    deleting = {**document, **dict.fromkeys(_SIZES.values(), 0), "_deleting": operation.path}
    environment.store.put(call.path, deleting)
    group = replace(environment.view.groups[call.path], at_s=environment.now_s)
    names = {instance.name for instance in group.instances}
    leaving = with_action_on(group, names, "DELETING", environment.settings(call.path))
    environment.set_group(call.path, deciding_soon(leaving, environment.now_s, environment.conditions(call.path)))
    return environment.operation(operation.path) or operation


def _listed(call: Call, has_state: Callable[[Instance], bool], state: str) -> list[Instance]:
    """
    Return the instances that a body lists.

    Args:
        call: request
        has_state: returns whether an instance is in the state that the method needs
        state: name of the state, for the error

    Raises:
        ApiError: 400, if an instance is no member or not in that state, or if the list is too long
    """
    names = _listed_names(call)
    if len(names) > 1_000:
        raise invalid("resource.instances", len(names), "Must be at most 1000 instances.")
    instances = [instance for instance in call.environment.view.groups[call.path].instances if instance.name in names]
    for instance in instances:
        if instance.is_leaving or not has_state(instance):
            raise invalid("resource.instances", instance.name, f"The instance is not {state}.")
    return instances


def _new_name(call: Call, index: int, config: Document) -> str:
    """
    Return the name of an instance that is to be created.

    Raises:
        ApiError: 400, if the name is malformed or taken; 501, if the configuration has a state to preserve
    """
    where, name = f"resource.instances[{index}]", config.get("name") or ""
    if config.get("preservedState"):
        raise not_acted_on(f"{where}.preservedState", config["preservedState"])
    if not NAME.fullmatch(name):
        raise invalid(f"{where}.name", name, f"Must be a match of regex '{NAME.pattern}'.")
    others = [row.get("name") for row in call.body["instances"][:index]]
    members = [instance.name for instance in call.environment.view.groups[call.path].instances]
    if name in (*others, *members):
        raise invalid(f"{where}.name", name, "The group already has an instance of this name.")
    return str(name)


def _change_sizes(call: Call, instances: list[Instance], target: str) -> None:
    """Subtract instances from the sizes that count them, and add them to the size of a target status, if any."""
    document = call.document()
    sizes = {field: int(document.get(field, 0)) for field in _SIZES.values()}
    for instance in instances:
        sizes[_SIZES[instance.target]] -= 1
    if target:
        sizes[_SIZES[target]] += len(instances)
    changes = {field: max(0, size) for field, size in sizes.items()}
    call.environment.put(call.path, with_fingerprint({**document, **changes}))


def _change_instances(call: Call, instances: list[Instance]) -> Operation:
    """Replace instances by changed instances of the same names."""
    changed = {instance.name: instance for instance in instances}
    return _change_group(call, lambda group: with_instances(group, changed))


def _listed_names(call: Call) -> set[str]:
    """
    Return the names of the instances that a body lists.

    Raises:
        ApiError: 400, if an instance is no member and the request does not skip such instances
    """
    call.document()
    names = {name_of(canonical(link)) for link in call.body.get("instances") or []}
    members = {instance.name for instance in call.environment.view.groups[call.path].instances}
    if not call.body.get("skipInstancesOnValidationError"):
        for name in sorted(names - members):
            why = "Instance is not a member of the managed instance group."
            raise invalid("resource.instances", name, why)
    return names & members


def _change_group(call: Call, changed: Callable[[Group], Group]) -> Operation:
    environment = call.environment
    group = changed(replace(environment.view.groups[call.path], at_s=environment.now_s))
    environment.set_group(call.path, deciding_soon(group, environment.now_s, environment.conditions(call.path)))
    return call.start(call.path, call.document()["id"])
