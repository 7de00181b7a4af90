"""Instances: the machines of groups, and those that a group let go of."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from emulator.api.calls import Call, serves, shown
from emulator.api.errors import not_found
from emulator.api.lists import envelope, page
from emulator.api.merge import check_fingerprint, fingerprint
from emulator.api.serial_port import serial_output
from emulator.environment.clock import timestamp
from emulator.environment.instance_controls import overlaid
from emulator.environment.links import name_of, self_link
from emulator.environment.operations import Operation
from emulator.environment.store import Document
from emulator.group.instances import Machine, begin, stop
from emulator.group.members import disturb

_UNCOPIED: Final = ("description", "disks", "metadata")


@dataclass(frozen=True)
class Found:
    """An instance, and the group that it belongs to; none if it stands alone."""

    name: str
    zone: str
    group: str = ""
    machine: Machine | None = None


@serves("instances.get")
def get(call: Call) -> Document:
    """Return one instance."""
    return shown(_rendered(call, _find(call)))


@serves("instances.list")
def list_(call: Call) -> Document:
    """List the instances of a zone."""
    rows = [(one.name, _rendered(call, one)) for one in _all(call) if one.zone == call.params["zone"]]
    items, token = page(call, rows)
    return envelope(call, "compute#instanceList", items, token)


@serves("instances.aggregatedList")
def aggregated_list(call: Call) -> Document:
    """List the instances of a project by zone."""
    rows = [(f"zones/{one.zone}/{one.name}", _rendered(call, one)) for one in _all(call)]
    items, token = page(call, rows, keyed=True)
    scoped: dict[str, Any] = {}
    for key, document in items:
        scoped.setdefault(key.rpartition("/")[0], {"instances": []})["instances"].append(document)
    return envelope(call, "compute#instanceAggregatedList", scoped, token)


@serves("instances.getSerialPortOutput")
def get_serial_port_output(call: Call) -> Document:
    """Return what the machine printed since it booted, from a byte on."""
    found = _find(call)
    text = ""
    if found.machine is not None:
        settings, around = call.world.settings(found.group), call.world.around(found.group)
        script = call.world.circumstances.text(found.machine.built, found.machine.config)
        text = serial_output(found.machine, settings.check, around.tie(found.machine), script, call.world.now_s)
    start = max(0, int(call.query.get("start", 0)))
    return {
        "kind": "compute#serialPortOutput",
        "selfLink": self_link(f"{_path(call, found)}/serialPort"),
        "contents": text[start:],
        "start": str(start),
        "next": str(len(text)),
    }


@serves("instances.setMetadata")
def set_metadata(call: Call) -> Operation:
    """Replace an instance's metadata; a group does not mind."""
    found = _find(call)
    path = _path(call, found)
    before = call.view.get(path) or {"id": _rendered(call, found)["id"]}
    check_fingerprint(call.body.get("fingerprint"), _rendered(call, found)["metadata"]["fingerprint"])
    written = fingerprint({**before, "name": found.name, "_managed": bool(found.group)})
    metadata = {"kind": "compute#metadata", **call.body, "fingerprint": written["fingerprint"]}
    call.world.store.put(path, {**written, "metadata": metadata})
    return call.start(path, str(before["id"]))


@serves("instances.stop", "instances.start", "instances.reset", "instances.delete")
def change(call: Call) -> Operation:
    """Stop, start, reset or delete an instance behind its group's back; the group notices and repairs it."""
    found = _find(call)
    path, verb = _path(call, found), call.method.name.partition(".")[2]
    operation = call.start(path, str(_rendered(call, found)["id"]))
    if found.machine is None:
        if verb == "delete":
            call.world.store.remove(path)
        else:
            status = "TERMINATED" if verb == "stop" else "RUNNING"
            call.world.store.put(path, {**(call.view.get(path) or {}), "status": status})
        return operation
    now_s, world = call.world.now_s, call.world
    machine = found.machine
    if verb == "stop":
        machine = stop(machine, now_s)
    elif verb == "delete":
        machine = replace(begin(machine, "RECREATING", now_s), repairs=machine.repairs + 1)
    else:
        machine = begin(machine, "RESTARTING", now_s)
    group = world.view.groups[found.group]
    machines = tuple(machine if one.name == machine.name else one for one in group.machines)
    around = world.around(found.group)
    world.set_group(found.group, disturb(replace(group, machines=machines, at_s=now_s), now_s, around))
    return operation


def keep(call: Call, machine: Machine) -> None:
    """Let an instance go on as it is when its group lets go of it."""
    found = Found(machine.name, machine.zone, call.path, machine)
    call.world.store.put(_path(call, found), fingerprint(_rendered(call, found)))


def instance_document(path: str, machine: Machine, template: Document) -> Document:
    """Return an instance's JSON without what was changed on it."""
    properties = overlaid(template.get("properties", {}), machine.config)
    document: Document = {
        "kind": "compute#instance",
        "id": machine.id,
        "name": machine.name,
        "status": machine.status,
        "zone": self_link(path.rpartition("/instances/")[0]),
        "selfLink": self_link(path),
        "creationTimestamp": timestamp(machine.created_at_s),
        "_created": machine.created_at_s,
        "metadata": properties.get("metadata", {"kind": "compute#metadata"}),
    }
    return {key: value for key, value in properties.items() if key not in _UNCOPIED} | document


def _all(call: Call) -> Iterator[Found]:
    managed = set()
    for path, group in call.view.groups.items():
        if path.startswith(f"{call.project}/"):
            for machine in group.machines:
                if machine.id:
                    managed.add((machine.zone, machine.name))
                    yield Found(machine.name, machine.zone, path, machine)
    for scope, documents in call.view.scopes(call.project, "instances"):
        zone = name_of(scope)
        for name, document in documents.items():
            if (zone, name) not in managed and not document.get("_managed"):
                yield Found(name, zone)


def _find(call: Call) -> Found:
    zone, wanted = call.params["zone"], list(call.params.values())[-1]
    for found in _all(call):
        if found.zone == zone and wanted in (found.name, _rendered(call, found)["id"]):
            return found
    raise not_found(f"{call.scope}/instances/{wanted}")


def _path(call: Call, found: Found) -> str:
    return f"{call.project}/zones/{found.zone}/instances/{found.name}"


def _rendered(call: Call, found: Found) -> Document:
    path = _path(call, found)
    changed = call.view.get(path) or {}
    if found.machine is None:
        return changed
    document = instance_document(path, found.machine, call.view.get(found.machine.built) or {})
    return document | ({"metadata": changed["metadata"]} if "metadata" in changed else {})
