"""What a project finds there: itself, zones, regions, machine types, images, instance groups, autoscalers."""

from typing import Final

from emulator.calls import Call, serves, shown
from emulator.clock import timestamp
from emulator.errors import invalid, not_found
from emulator.links import canonical, self_link
from emulator.lists import answer_aggregated_list, answer_list, envelope, page
from emulator.merge import fingerprint, merged
from emulator.operations import Operation
from emulator.store import Document
from emulator.world import World

_EPOCH: Final = timestamp(1_577_836_800.0)
# Machine types that the fleet uses, with CPUs and memory. Source: Compute Engine's machine families.
_MACHINE_TYPES: Final = {
    "e2-micro": (2, 1_024),
    "e2-small": (2, 2_048),
    "e2-medium": (2, 4_096),
    "n1-standard-1": (1, 3_840),
    "n2d-standard-2": (2, 8_192),
    "g2-standard-4": (4, 16_384),
}


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
                "limit": float(call.world.options.max_templates),
                "usage": float(_templates(call)),
            }
        ],
    }


@serves("zones.get", "regions.get")
def get_place(call: Call) -> Document:
    """Return a zone or region that the world has."""
    kind = call.method.path[2]
    found = call.view.get(f"{call.project}/{kind}/{list(call.params.values())[-1]}")
    if found is None:
        raise not_found(f"{call.project}/{kind}/{list(call.params.values())[-1]}")
    return _place(call, found)


@serves("zones.list", "regions.list")
def list_places(call: Call) -> Document:
    """List zones or regions."""
    kind = call.method.path[2]
    found = call.view.collections.get(f"{call.project}/{kind}", {})
    items, token = page(call, [(name, _place(call, one)) for name, one in found.items()])
    return envelope(call, f"compute#{kind[:-1]}List", items, token)


@serves("machineTypes.get")
def get_machine_type(call: Call) -> Document:
    """Return a machine type."""
    name = call.params["machineType"]
    if name not in _MACHINE_TYPES:
        raise not_found(f"{call.scope}/machineTypes/{name}")
    return _machine_type(call, name)


@serves("machineTypes.list")
def list_machine_types(call: Call) -> Document:
    """List the machine types of a zone."""
    items, token = page(call, [(name, _machine_type(call, name)) for name in _MACHINE_TYPES])
    return envelope(call, "compute#machineTypeList", items, token)


@serves("images.get")
def get_image(call: Call) -> Document:
    """Return an image; of the public projects, every name that is asked for exists."""
    found = call.view.get(call.path)
    if found is not None:
        return shown(found)
    if call.params["project"].endswith("-cloud"):
        return _image(call, call.params["image"], call.params["image"].rpartition("-v")[0] or call.params["image"])
    raise not_found(call.path)


@serves("images.getFromFamily", "imageFamilyViews.get")
def get_image_from_family(call: Call) -> Document:
    """Return the newest image of a family."""
    family = call.params["family"]
    images = call.view.collections.get(f"{call.project}/global/images", {})
    found = [image for image in images.values() if image.get("family") == family]
    if found:
        newest = shown(max(found, key=lambda image: image.get("_created", 0)))
        return {"image": newest} if call.method.name.startswith("imageFamilyViews") else newest
    if call.params["project"].endswith("-cloud"):
        return _image(call, f"{family}-v20260101", family)
    raise not_found(f"{call.project}/global/images/family/{family}")


@serves("images.list")
def list_images(call: Call) -> Document:
    """List the images of a project."""
    return answer_list(call, "compute#imageList")


@serves("instanceGroups.get")
def get_instance_group(call: Call) -> Document:
    """Return the instance group beside a managed one."""
    return _instance_group(call, call.path, call.document())


@serves("instanceGroups.list")
def list_instance_groups(call: Call) -> Document:
    """List the instance groups of a zone."""
    return answer_list(call, "compute#instanceGroupList", lambda path, one: _instance_group(call, path, one))


@serves("instanceGroups.aggregatedList")
def aggregated_list_instance_groups(call: Call) -> Document:
    """List all instance groups of a project."""
    render = {"instanceGroups": lambda path, one: _instance_group(call, path, one)}
    return answer_aggregated_list(call, "compute#instanceGroupAggregatedList", render)


@serves("instanceGroups.listInstances")
def list_instances_of_group(call: Call) -> Document:
    """List the instances of an instance group."""
    call.document()
    group = call.view.groups.get(call.path.replace("/instanceGroups/", "/instanceGroupManagers/"))
    wanted = (call.body or {}).get("instanceState", "ALL")
    rows = [
        (
            one.name,
            {"instance": self_link(f"{call.project}/zones/{one.zone}/instances/{one.name}"), "status": one.status},
        )
        for one in (group.machines if group else ())
        if one.id and (wanted == "ALL" or one.status == "RUNNING")
    ]
    items, token = page(call, rows)
    return envelope(call, "compute#instanceGroupsListInstances", items, token)


@serves("instanceGroups.setNamedPorts")
def set_named_ports(call: Call) -> Operation:
    """Name ports; the managed group beside shows them too."""
    document = call.document()
    stated = call.body.get("fingerprint")
    if stated is not None and stated != document["fingerprint"]:
        raise invalid("resource.fingerprint", stated, "Stale fingerprint.")
    ports = call.body.get("namedPorts") or []
    call.world.put(call.path, fingerprint({**document, "namedPorts": ports}))
    manager = call.path.replace("/instanceGroups/", "/instanceGroupManagers/")
    managed = call.view.get(manager)
    if managed is not None:
        call.world.store.put(manager, {**managed, "namedPorts": ports})
    return call.start(call.path, document["id"])


@serves("autoscalers.get")
def get_autoscaler(call: Call) -> Document:
    """Return an autoscaler."""
    return shown(call.document())


@serves("autoscalers.list")
def list_autoscalers(call: Call) -> Document:
    """List the autoscalers of a zone."""
    return answer_list(call, "compute#autoscalerList")


@serves("autoscalers.aggregatedList")
def aggregated_list_autoscalers(call: Call) -> Document:
    """List all autoscalers of a project."""
    return answer_aggregated_list(call, "compute#autoscalerAggregatedList", {"autoscalers": None})


@serves("autoscalers.insert")
def insert_autoscaler(call: Call) -> Operation:
    """Make an autoscaler, which at once brings its group within its bounds."""
    path = call.new_path()
    document = {
        **call.body,
        "kind": "compute#autoscaler",
        "id": call.world.new_id(),
        "creationTimestamp": timestamp(call.world.now_s),
        "selfLink": self_link(path),
        "zone": self_link(call.scope),
        "target": self_link(call.link(call.body.get("target", ""))),
        "status": "ACTIVE",
        "_created": call.world.now_s,
    }
    call.world.put(path, document)
    scale(call.world, document)
    return call.start(path, document["id"])


@serves("autoscalers.patch")
def patch_autoscaler(call: Call) -> Operation:
    """Change an autoscaler, named in the query; its group follows at once."""
    path = f"{call.collection}/{call.query.get('autoscaler') or call.body.get('name', '')}"
    document = call.view.get(path)
    if document is None:
        raise not_found(path)
    document = merged(document, call.body)
    call.world.put(path, document)
    scale(call.world, document)
    return call.start(path, document["id"])


@serves("autoscalers.delete")
def delete_autoscaler(call: Call) -> Operation:
    """Delete an autoscaler; its group keeps its size."""
    document = call.document()
    call.world.store.remove(call.path)
    return call.start(call.path, document["id"])


def scale(world: World, autoscaler: Document, wanted: int | None = None) -> None:
    """Bring an autoscaler's group to a size within its bounds; the mode OFF does nothing."""
    path = canonical(autoscaler["target"])
    group = world.view.get(path)
    policy = autoscaler.get("autoscalingPolicy", {})
    if group is None or policy.get("mode", "ON") == "OFF":
        return
    least, most = int(policy.get("minNumReplicas", 0)), int(policy.get("maxNumReplicas", 1_000))
    size = min(max(group["targetSize"] if wanted is None else wanted, least), most)
    if size != group["targetSize"]:
        world.put(path, fingerprint({**group, "targetSize": size}))


def _place(call: Call, document: Document) -> Document:
    kind = document["kind"].partition("#")[2]
    result = shown(document)
    if kind == "region":
        used = sum(
            machine.zone.rpartition("-")[0] == document["name"]
            for path, group in call.view.groups.items()
            if path.startswith(f"{call.project}/")
            for machine in group.machines
        )
        result["quotas"] = [
            {**quota, "usage": float(used)} if quota["metric"] == "INSTANCES" else quota
            for quota in document.get("quotas", [])
        ]
    return result


def _machine_type(call: Call, name: str) -> Document:
    cpus, memory_mb = _MACHINE_TYPES[name]
    return {
        "kind": "compute#machineType",
        "id": str(1_000 + list(_MACHINE_TYPES).index(name)),
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


def _instance_group(call: Call, path: str, document: Document) -> Document:
    group = call.view.groups.get(path.replace("/instanceGroups/", "/instanceGroupManagers/"))
    size = sum(bool(machine.id) for machine in group.machines) if group else 0
    return {**shown(document), "_created": document["_created"], "size": size}


def _templates(call: Call) -> int:
    return len(call.view.collections.get(f"{call.project}/global/instanceTemplates", {}))
