"""Resources that exist without being created: the project, zones, regions, machine types and images."""

from typing import Final

from emulator.api.calls import Call, serves, shown
from emulator.api.errors import not_found
from emulator.api.lists import answer_list, envelope, page
from emulator.environment.clock import timestamp
from emulator.environment.links import self_link
from emulator.environment.quotas import MACHINE_TYPES
from emulator.environment.view import Document

_EPOCH: Final = timestamp(1_577_836_800.0)


@serves("projects.get")
def get_project(call: Call) -> Document:
    """Return the project."""
    name = call.params["project"]
    return {
        "kind": "compute#project",
        "id": "1000000000001",
        "name": name,
        "creationTimestamp": _EPOCH,
        "commonInstanceMetadata": {"kind": "compute#metadata", "fingerprint": "AAAAAAAAAAA="},
        "defaultServiceAccount": "1000000000001-compute@developer.gserviceaccount.com",
        "selfLink": self_link(call.project),
        "quotas": [
            {
                "metric": "INSTANCE_TEMPLATES",
                "limit": float(call.environment.options.max_templates),
                "usage": float(_templates(call)),
            }
        ],
    }


@serves("zones.get", "regions.get")
def get_place(call: Call) -> Document:
    """Return a zone or region of the environment."""
    kind = call.method.path[2]
    path = f"{call.project}/{kind}/{list(call.params.values())[-1]}"
    place = call.view.get(path)
    if place is None:
        raise not_found(path)
    return _place(call, place)


@serves("zones.list", "regions.list")
def list_places(call: Call) -> Document:
    """List zones or regions."""
    kind = call.method.path[2]
    places = call.view.collections.get(f"{call.project}/{kind}", {})
    items, token = page(call, [(name, _place(call, place)) for name, place in places.items()])
    return envelope(call, f"compute#{kind[:-1]}List", items, token)


@serves("machineTypes.get")
def get_machine_type(call: Call) -> Document:
    """Return a machine type."""
    name = call.params["machineType"]
    if name not in MACHINE_TYPES:
        raise not_found(f"{call.scope}/machineTypes/{name}")
    return _machine_type(call, name)


@serves("machineTypes.list")
def list_machine_types(call: Call) -> Document:
    """List the machine types of a zone."""
    items, token = page(call, [(name, _machine_type(call, name)) for name in MACHINE_TYPES])
    return envelope(call, "compute#machineTypeList", items, token)


@serves("images.get")
def get_image(call: Call) -> Document:
    """Return an image; in Google's public image projects, every name exists."""
    image = call.view.get(call.path)
    if image is not None:
        return shown(image)
    if call.params["project"].endswith("-cloud"):
        return _image(call, call.params["image"], call.params["image"].rpartition("-v")[0] or call.params["image"])
    raise not_found(call.path)


@serves("images.getFromFamily", "imageFamilyViews.get")
def get_image_from_family(call: Call) -> Document:
    """Return the newest image of a family."""
    family = call.params["family"]
    images = call.view.collections.get(f"{call.project}/global/images", {})
    members = [image for image in images.values() if image.get("family") == family]
    if members:
        newest = shown(max(members, key=lambda image: image.get("_created", 0)))
        return {"image": newest} if call.method.name.startswith("imageFamilyViews") else newest
    if call.params["project"].endswith("-cloud"):
        return _image(call, f"{family}-v20260101", family)
    raise not_found(f"{call.project}/global/images/family/{family}")


@serves("images.list")
def list_images(call: Call) -> Document:
    """List the images of a project."""
    return answer_list(call, "compute#imageList")


def _place(call: Call, document: Document) -> Document:
    kind = document["kind"].partition("#")[2]
    result = shown(document)
    if kind == "region":
        used = call.environment.instance_controls.quota_usage(call.project, document)
        result["quotas"] = [{**quota, "usage": float(used[quota["metric"]])} for quota in document.get("quotas", [])]
    return result


def _machine_type(call: Call, name: str) -> Document:
    cpus, memory_mb = MACHINE_TYPES[name]
    return {
        "kind": "compute#machineType",
        "id": str(1_000 + list(MACHINE_TYPES).index(name)),
        "name": name,
        "guestCpus": cpus,
        "memoryMb": memory_mb,
        "creationTimestamp": _EPOCH,
        "zone": call.params["zone"],
        "selfLink": self_link(f"{call.scope}/machineTypes/{name}"),
    }


def _image(call: Call, name: str, family: str) -> Document:
    return {
        "kind": "compute#image",
        "id": "2000000000001",
        "name": name,
        "family": family,
        "status": "READY",
        "diskSizeGb": "10",
        "creationTimestamp": _EPOCH,
        "selfLink": self_link(f"{call.project}/global/images/{name}"),
    }


def _templates(call: Call) -> int:
    return len(call.view.collections.get(f"{call.project}/global/instanceTemplates", {}))
