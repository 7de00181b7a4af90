"""What is done to the machines of a group from outside: resize, recreate, delete, abandon, update, and the end."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from emulator.api.calls import Call, serves
from emulator.api.errors import invalid
from emulator.api.merge import fingerprint
from emulator.api.methods.instances import keep
from emulator.environment.links import canonical, name_of
from emulator.environment.operations import Operation
from emulator.group.instances import Machine, begin, rest
from emulator.group.members import Action, Group, act, disturb, in_place

_SIZES: Final = {"RUNNING": "targetSize", "SUSPENDED": "targetSuspendedSize", "STOPPED": "targetStoppedSize"}


@serves("instanceGroupManagers.resize")
def resize(call: Call) -> Operation:
    """Set the target size; refused while an autoscaler owns it. Source: e2b infra issue 770."""
    document = call.document()
    size = call.query.get("size")
    if size is None or not 0 <= size <= 1_000:
        raise invalid("size", size, "Must be from 0 to 1000.")
    for _, scalers in call.view.scopes(call.project, "autoscalers"):
        for scaler in scalers.values():
            mode = scaler.get("autoscalingPolicy", {}).get("mode", "ON")
            if scaler.get("target") == document["selfLink"] and mode != "OFF":
                raise invalid("size", size, "The group is autoscaled; change the autoscaler, or set its mode to OFF.")
    call.world.put(call.path, fingerprint({**document, "targetSize": size}))
    return call.start(call.path, document["id"])


@serves("instanceGroupManagers.recreateInstances")
def recreate_instances(call: Call) -> Operation:
    """Recreate machines under their names, from the group's present template."""
    names = _members(call)
    settings = call.world.settings(call.path)
    return _change(call, lambda group: act(group, names, "RECREATING", settings))


@serves("instanceGroupManagers.deleteInstances", "instanceGroupManagers.abandonInstances")
def remove_instances(call: Call) -> Operation:
    """Delete machines, or let go of them; the target size shrinks by as many."""
    names = _members(call)
    settings = call.world.settings(call.path)
    action = "DELETING" if call.method.name.endswith("deleteInstances") else "ABANDONING"
    leaving = [
        machine
        for machine in call.world.view.groups[call.path].machines
        if machine.name in names and not machine.is_going
    ]
    for machine in leaving:
        if action == "ABANDONING" and machine.id:
            keep(call, machine)
    operation = _change(call, lambda group: act(group, names, action, settings))
    _resize(call, leaving, "")
    return operation


@serves("instanceGroupManagers.suspendInstances", "instanceGroupManagers.stopInstances")
def rest_instances(call: Call) -> Operation:
    """
    Move running instances to the standby pool: the target size shrinks, and the size of the pool grows by as many.

    Source: google-cloud-compute 1.57.0 and gcloud 528, which generate the same text on these methods.
    """
    target = "SUSPENDED" if call.method.name.endswith("suspendInstances") else "STOPPED"
    instances = _chosen(call, lambda instance: instance.status == "RUNNING" and not instance.is_standby, "running")
    is_forced = call.body.get("forceSuspend" if target == "SUSPENDED" else "forceStop", False)
    delay_s = 0.0 if is_forced else call.world.settings(call.path).standby.delay_s
    now_s = call.world.now_s
    _resize(call, instances, target)
    return _replaced(call, [rest(one, target, now_s, one.created_at_s + delay_s) for one in instances])


@serves("instanceGroupManagers.resumeInstances", "instanceGroupManagers.startInstances")
def wake_instances(call: Call) -> Operation:
    """Take instances out of the standby pool: the target size grows, and the size of the pool shrinks by as many."""
    is_resume = call.method.name.endswith("resumeInstances")
    target, action = ("SUSPENDED", "RESUMING") if is_resume else ("STOPPED", "STARTING")
    instances = _chosen(call, lambda instance: instance.is_ready and instance.target == target, target.lower())
    _resize(call, instances, "RUNNING")
    return _replaced(call, [begin(instance, action, call.world.now_s) for instance in instances])


@serves("instanceGroupManagers.applyUpdatesToInstances")
def apply_updates(call: Call) -> Operation:
    """Bring machines to the target version at once, where they are."""
    call.document()
    body = call.body
    least: Action = body.get("minimalAction") or "NONE"
    most: Action = body.get("mostDisruptiveAllowedAction") or "REPLACE"
    machines = call.world.view.groups[call.path].machines
    names = {machine.name for machine in machines} if body.get("allInstances") else _members(call)
    settings, around = call.world.settings(call.path), call.world.around(call.path)
    return _change(call, lambda group: in_place(group, names, settings, around, least, most))


@serves("instanceGroupManagers.delete")
def delete(call: Call) -> Operation:
    """Delete a group: its machines go first, and the operation lasts until they are gone."""
    document = call.document()
    operation = call.start(call.path, document["id"], **{"ends_at_s": None, **call.fault})
    gone = {**document, **dict.fromkeys(_SIZES.values(), 0), "_deleting": operation.path}
    call.world.store.put(call.path, gone)
    group = call.world.view.groups[call.path]
    names = {machine.name for machine in group.machines}
    leaving = act(replace(group, at_s=call.world.now_s), names, "DELETING", call.world.settings(call.path))
    call.world.set_group(call.path, disturb(leaving, call.world.now_s, call.world.around(call.path)))
    return call.world.operation(operation.path) or operation


def _chosen(call: Call, fits: Callable[[Machine], bool], state: str) -> list[Machine]:
    """
    Return the instances that a body lists.

    Raises:
        ApiError: 400, if an instance is no member or not in the state that the method needs, or if there are too many.
    """
    names = _members(call)
    if len(names) > 1_000:
        raise invalid("resource.instances", len(names), "Must be at most 1000 instances.")
    chosen = [instance for instance in call.world.view.groups[call.path].machines if instance.name in names]
    for instance in chosen:
        if instance.is_going or not fits(instance):
            raise invalid("resource.instances", instance.name, f"The instance is not {state}.")
    return chosen


def _resize(call: Call, instances: list[Machine], target: str) -> None:
    """Take instances out of the sizes that count them, and into that of a target status, if there is any."""
    document = call.document()
    sizes = {field: int(document.get(field, 0)) for field in _SIZES.values()}
    for instance in instances:
        sizes[_SIZES[instance.target]] -= 1
    if target:
        sizes[_SIZES[target]] += len(instances)
    call.world.put(call.path, fingerprint({**document, **{field: max(0, size) for field, size in sizes.items()}}))


def _replaced(call: Call, instances: list[Machine]) -> Operation:
    """Put changed instances in the place of those of their names."""
    changed = {instance.name: instance for instance in instances}
    return _change(
        call,
        lambda group: replace(group, machines=tuple(changed.get(one.name, one) for one in group.machines)),
    )


def _members(call: Call) -> set[str]:
    """
    Return the names of the machines that a body lists.

    Raises:
        ApiError: 400, if one is no member and the request does not ask to skip such.
    """
    call.document()
    names = {name_of(canonical(link)) for link in call.body.get("instances") or []}
    known = {machine.name for machine in call.world.view.groups[call.path].machines}
    if not call.body.get("skipInstancesOnValidationError"):
        for name in sorted(names - known):
            why = "Instance is not a member of the managed instance group."
            raise invalid("resource.instances", name, why)
    return names & known


def _change(call: Call, change: Callable[[Group], Group]) -> Operation:
    world = call.world
    group = replace(world.view.groups[call.path], at_s=world.now_s)
    world.set_group(call.path, disturb(change(group), world.now_s, world.around(call.path)))
    return call.start(call.path, call.document()["id"])
