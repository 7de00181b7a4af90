"""Instances: those of groups, and those that a group has abandoned."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from emulator.api.calls import Call, serves, shown
from emulator.api.documents import check_fingerprint, with_fingerprint
from emulator.api.errors import not_found
from emulator.api.guest_attributes import query_result, rate_exceeded
from emulator.api.lists import envelope, page
from emulator.api.serial_port import serial_output
from emulator.environment.clock import timestamp
from emulator.environment.links import name_of, self_link
from emulator.environment.operations import Operation
from emulator.environment.template_metadata import with_config
from emulator.environment.view import Document
from emulator.group.boot_phases import written_values
from emulator.group.instances import Instance, shut_down, with_action
from emulator.group.members import deciding_soon, with_instance

_UNCOPIED: Final = ("description", "disks", "metadata")


@dataclass(frozen=True)
class ListedInstance:
    """
    An instance as the API lists it.

    Args:
        name: name of the instance
        zone: zone of the instance
        group: path of its group; empty if no group manages it
        instance: state in its group; None if no group manages it
    """

    name: str
    zone: str
    group: str = ""
    instance: Instance | None = None


@serves("instances.get")
def get_instance(call: Call) -> Document:
    """Return an instance."""
    return shown(_rendered(call, _named(call)))


@serves("instances.list")
def list_instances(call: Call) -> Document:
    """List the instances of a zone."""
    rows = [(listed.name, _rendered(call, listed)) for listed in _all(call) if listed.zone == call.params["zone"]]
    items, token = page(call, rows)
    return envelope(call, "compute#instanceList", items, token)


@serves("instances.aggregatedList")
def aggregated_list_instances(call: Call) -> Document:
    """List the instances of a project by zone."""
    rows = [(f"zones/{listed.zone}/{listed.name}", _rendered(call, listed)) for listed in _all(call)]
    items, token = page(call, rows, keyed=True)
    scoped: dict[str, Any] = {}
    for key, document in items:
        scoped.setdefault(key.rpartition("/")[0], {"instances": []})["instances"].append(document)
    return envelope(call, "compute#instanceAggregatedList", scoped, token)


@serves("instances.getSerialPortOutput")
def get_serial_port_output(call: Call) -> Document:
    """Return what an instance has printed since it booted, from a byte on."""
    listed = _named(call)
    text = ""
    if listed.instance is not None:
        environment, instance = call.environment, listed.instance
        settings, conditions = environment.settings(listed.group), environment.conditions(listed.group)
        metadata = environment.instance_controls.metadata(instance.actual_template, instance.config)
        container = conditions.container(instance)
        agent = environment.options.guest_agent
        text = serial_output(instance, settings.health_check, container, metadata, environment.now_s, agent)
    start = max(0, int(call.query.get("start", 0)))
    return {
        "kind": "compute#serialPortOutput",
        "selfLink": self_link(f"{_path(call, listed)}/serialPort"),
        "contents": text[start:],
        "start": str(start),
        "next": str(len(text)),
    }


@serves("instances.getGuestAttributes")
def get_guest_attributes(call: Call) -> Document:
    """Return the phases that an instance's startup script has written; none if guest attributes are not enabled."""
    listed = _named(call)
    path = _path(call, listed)
    if not call.environment.instance_controls.guest_queries.add(path, call.environment.now_s):
        raise rate_exceeded(path)
    values = written_values(listed.instance, call.environment.now_s) if listed.instance else {}
    query_path, variable_key = str(call.query.get("queryPath", "")), str(call.query.get("variableKey", ""))
    return {
        "kind": "compute#guestAttributes",
        "selfLink": self_link(f"{path}/guestAttributes/{variable_key or query_path}"),
        **query_result(values, query_path, variable_key),
    }


@serves("instances.setMetadata")
def set_metadata(call: Call) -> Operation:
    """Replace an instance's metadata; a group does not change that back."""
    listed = _named(call)
    path = _path(call, listed)
    before = call.view.get(path) or {"id": _rendered(call, listed)["id"]}
    check_fingerprint(call.body.get("fingerprint"), _rendered(call, listed)["metadata"]["fingerprint"])
    written = with_fingerprint({**before, "name": listed.name, "_managed": bool(listed.group)})
    metadata = {"kind": "compute#metadata", **call.body, "fingerprint": written["fingerprint"]}
    call.environment.store.put(path, {**written, "metadata": metadata})
    return call.start(path, str(before["id"]))


@serves("instances.stop", "instances.start", "instances.reset", "instances.delete")
def change_instance(call: Call) -> Operation:
    """Stop, start, reset or delete an instance without its group, which then repairs the instance."""
    listed = _named(call)
    path, verb = _path(call, listed), call.method.name.partition(".")[2]
    operation = call.start(path, str(_rendered(call, listed)["id"]))
    if listed.instance is None:
        if verb == "delete":
            call.environment.store.remove(path)
        else:
            status = "TERMINATED" if verb == "stop" else "RUNNING"
            call.environment.store.put(path, {**(call.view.get(path) or {}), "status": status})
        return operation
    environment, now_s = call.environment, call.environment.now_s
    changed = _changed(listed.instance, verb, now_s)
    group = with_instance(replace(environment.view.groups[listed.group], at_s=now_s), changed)
    environment.set_group(listed.group, deciding_soon(group, now_s, environment.conditions(listed.group)))
    return operation


def keep_abandoned(call: Call, instance: Instance) -> None:
    """Store an instance as it is, because its group abandons it."""
    listed = ListedInstance(instance.name, instance.zone, call.path, instance)
    call.environment.store.put(_path(call, listed), with_fingerprint(_rendered(call, listed)))


def instance_document(path: str, instance: Instance, template: Document) -> Document:
    """Return an instance's JSON without later changes of its metadata."""
    properties = with_config(template.get("properties", {}), instance.config)
    document: Document = {
        "kind": "compute#instance",
        "id": instance.id,
        "name": instance.name,
        "status": instance.status,
        "zone": self_link(path.rpartition("/instances/")[0]),
        "selfLink": self_link(path),
        "creationTimestamp": timestamp(instance.created_at_s),
        "_created": instance.created_at_s,
        "metadata": properties.get("metadata", {"kind": "compute#metadata"}),
    }
    return {key: value for key, value in properties.items() if key not in _UNCOPIED} | document


def _changed(instance: Instance, verb: str, now_s: float) -> Instance:
    if verb == "stop":
        return shut_down(instance, now_s)
    if verb == "delete":
        return replace(with_action(instance, "RECREATING", now_s), repairs=instance.repairs + 1)
    return with_action(instance, "RESTARTING", now_s)


def _all(call: Call) -> Iterator[ListedInstance]:
    managed = set()
    for path, group in call.view.groups.items():
        if path.startswith(f"{call.project}/"):
            for instance in group.instances:
                if instance.id:
                    managed.add((instance.zone, instance.name))
                    yield ListedInstance(instance.name, instance.zone, path, instance)
    for scope, documents in call.view.scopes(call.project, "instances"):
        zone = name_of(scope)
        for name, document in documents.items():
            if (zone, name) not in managed and not document.get("_managed"):
                yield ListedInstance(name, zone)


def _named(call: Call) -> ListedInstance:
    """Return the instance that a request names, by name or id."""
    zone, reference = call.params["zone"], list(call.params.values())[-1]
    for listed in _all(call):
        if listed.zone == zone and reference in (listed.name, _rendered(call, listed)["id"]):
            return listed
    raise not_found(f"{call.scope}/instances/{reference}")


def _path(call: Call, listed: ListedInstance) -> str:
    return f"{call.project}/zones/{listed.zone}/instances/{listed.name}"


def _rendered(call: Call, listed: ListedInstance) -> Document:
    path = _path(call, listed)
    changes = call.view.get(path) or {}
    if listed.instance is None:
        return changes
    document = instance_document(path, listed.instance, call.view.get(listed.instance.actual_template) or {})
    return document | ({"metadata": changes["metadata"]} if "metadata" in changes else {})
