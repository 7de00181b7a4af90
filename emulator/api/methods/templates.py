"""Instance templates, global and regional: stored without loss, and completed as the server does."""

import base64
import re
from hashlib import blake2b
from typing import Any, Final

from emulator.api.calls import Call, serves, shown
from emulator.api.errors import in_use, invalid, quota_exceeded, required
from emulator.api.lists import answer_aggregated_list, answer_list
from emulator.api.methods.unsupported_fields import TEMPLATE, check_supported
from emulator.environment.clock import timestamp
from emulator.environment.links import canonical, name_of, self_link
from emulator.environment.location import location_member
from emulator.environment.operations import Operation
from emulator.environment.view import Document, View

# Source: Compute Engine, "Metadata limits"; the 400 names the item and both sizes.
_MAX_VALUE_BYTES: Final = 262_144
_MAX_METADATA_BYTES: Final = 512 * 1024
_KEY: Final = re.compile(r"[a-zA-Z0-9_-]{1,127}")
_SCHEDULING: Final = {
    "automaticRestart": True,
    "onHostMaintenance": "MIGRATE",
    "preemptible": False,
    "provisioningModel": "STANDARD",
}


@serves("instanceTemplates.insert", "regionInstanceTemplates.insert")
def insert(call: Call) -> Operation:
    """Store a template unchanged, with the members that the server adds."""
    path = call.new_path()
    check_supported(call.body, TEMPLATE)
    properties = call.body.get("properties")
    if properties is None:
        raise required("resource.properties")
    _check(properties)
    if len(call.view.collections.get(call.collection, {})) >= call.environment.options.max_templates:
        raise quota_exceeded("INSTANCE_TEMPLATES", call.environment.options.max_templates)
    document = {
        "description": "",
        **call.body,
        "kind": "compute#instanceTemplate",
        "id": call.environment.new_id(),
        "creationTimestamp": timestamp(call.environment.now_s),
        "selfLink": self_link(path),
        "properties": _completed(properties, path),
        "_created": call.environment.now_s,
    }
    document |= location_member(call.scope)
    call.environment.put(path, document)
    return call.start(path, document["id"])


@serves("instanceTemplates.get", "regionInstanceTemplates.get")
def get(call: Call) -> Document:
    """Return a template by name or id."""
    return shown(call.document())


@serves("instanceTemplates.list", "regionInstanceTemplates.list")
def list_(call: Call) -> Document:
    """List the templates of a scope."""
    return answer_list(call, "compute#instanceTemplateList")


@serves("instanceTemplates.aggregatedList")
def aggregated_list(call: Call) -> Document:
    """List all templates of a project."""
    return answer_aggregated_list(call, "compute#instanceTemplateAggregatedList", {"instanceTemplates": None})


@serves("instanceTemplates.delete", "regionInstanceTemplates.delete")
def delete(call: Call) -> Operation:
    """Delete a template; if a group or an instance uses it, refuse, or fail by an operation."""
    document = call.document()
    user = template_user(call.view, call.path)
    if user and call.environment.options.in_use == "refuse":
        raise in_use(call.path, user)
    if user:
        message = in_use(call.path, user).message
        return call.start(call.path, document["id"], error="RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", message=message)
    call.environment.store.remove(call.path)
    return call.start(call.path, document["id"])


def template_user(view: View, path: str) -> str:
    """Return the path of a group or instance that uses a template; empty if there is none."""
    for collection, documents in view.collections.items():
        if not collection.endswith("/instanceGroupManagers"):
            continue
        for name, document in documents.items():
            links = [
                document.get("instanceTemplate"),
                *(version["instanceTemplate"] for version in document["versions"]),
            ]
            if path in {view.path(canonical(link)) for link in links if link}:
                return f"{collection}/{name}"
    for group in view.groups.values():
        for instance in group.instances:
            if path in (instance.actual_template, instance.intended.template):
                return f"{'/'.join(path.split('/')[:2])}/zones/{instance.zone}/instances/{instance.name}"
    return ""


def _check(properties: Document) -> None:
    machine_type = properties.get("machineType")
    if machine_type is not None and "/" in machine_type:
        raise invalid("resource.properties.machineType", machine_type, "Must be a bare name, not a URL.")
    items = (properties.get("metadata") or {}).get("items") or []
    seen: set[str] = set()
    total = 0
    for index, item in enumerate(items):
        where = f"resource.properties.metadata.items[{index}]"
        key, value = item.get("key", ""), item.get("value") or ""
        if not _KEY.fullmatch(key):
            raise invalid(f"{where}.key", key, f"Must be a match of regex '{_KEY.pattern}'.")
        if key in seen:
            raise invalid(f"{where}.key", key, "Duplicate metadata key.")
        size = len(value.encode())
        if size > _MAX_VALUE_BYTES:
            why = f"Value is too large: maximum size {_MAX_VALUE_BYTES} bytes; actual size {size} bytes."
            raise invalid(f"{where}.value", f"{value[:40]}...", why)
        seen.add(key)
        total += size + len(key.encode())
    if total >= _MAX_METADATA_BYTES:
        why = f"Metadata is too large: maximum size {_MAX_METADATA_BYTES} bytes; actual size {total} bytes."
        raise invalid("resource.properties.metadata", "...", why)


def _completed(properties: Document, path: str) -> Document:
    """Return properties with the members that the server adds; all sent members stay as they are."""
    completed = dict(properties)
    metadata = properties.get("metadata") or {}
    digest = blake2b(path.encode(), digest_size=8).digest()
    completed["metadata"] = {"kind": "compute#metadata", **metadata, "fingerprint": base64.b64encode(digest).decode()}
    if isinstance(properties.get("disks"), list):
        completed["disks"] = [_disk(index, disk) for index, disk in enumerate(properties["disks"])]
    if isinstance(properties.get("networkInterfaces"), list):
        completed["networkInterfaces"] = [
            _interface(index, interface, path) for index, interface in enumerate(properties["networkInterfaces"])
        ]
    completed["scheduling"] = _SCHEDULING | (properties.get("scheduling") or {})
    return completed


def _disk(index: int, disk: Document) -> Document:
    defaults = {
        "type": "PERSISTENT", "mode": "READ_WRITE", "deviceName": f"persistent-disk-{index}", "boot": False,
        "autoDelete": False,
    }  # fmt: skip
    completed = defaults | disk | {"kind": "compute#attachedDisk", "index": index}
    image = (disk.get("initializeParams") or {}).get("sourceImage") or ""
    if "://" in image:  # on any host
        completed["initializeParams"] = {**disk["initializeParams"], "sourceImage": self_link(canonical(image))}
    return completed


def _interface(index: int, interface: Document, path: str) -> Document:
    project = "/".join(path.split("/")[:2])
    completed: dict[str, Any] = {"name": f"nic{index}", **interface, "kind": "compute#networkInterface"}
    for key in ("network", "subnetwork"):
        if isinstance(interface.get(key), str) and name_of(interface[key]) != interface[key]:
            completed[key] = self_link(canonical(interface[key], project))
    if isinstance(interface.get("accessConfigs"), list):
        completed["accessConfigs"] = [
            {
                "name": "external-nat",
                "type": "ONE_TO_ONE_NAT",
                "networkTier": "PREMIUM",
                **config,
                "kind": "compute#accessConfig",
            }
            for config in interface["accessConfigs"]
        ]
    return completed
