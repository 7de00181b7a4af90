"""Instance groups: each managed group has one, with its size and named ports."""

from emulator.api.calls import Call, serves, shown, zonal_and_regional
from emulator.api.documents import check_fingerprint, with_fingerprint
from emulator.api.lists import answer_aggregated_list, answer_list, envelope, page
from emulator.environment.links import self_link
from emulator.environment.operations import Operation
from emulator.environment.view import Document


@serves(*zonal_and_regional("instanceGroups.get"))
def get_instance_group(call: Call) -> Document:
    """Return the instance group of a managed group."""
    return _instance_group(call, call.path, call.document())


@serves(*zonal_and_regional("instanceGroups.list"))
def list_instance_groups(call: Call) -> Document:
    """List the instance groups of a zone or region."""
    return answer_list(call, "compute#instanceGroupList", lambda path, document: _instance_group(call, path, document))


@serves("instanceGroups.aggregatedList")
def aggregated_list_instance_groups(call: Call) -> Document:
    """List all instance groups of a project."""
    render = {"instanceGroups": lambda path, document: _instance_group(call, path, document)}
    return answer_aggregated_list(call, "compute#instanceGroupAggregatedList", render)


@serves(*zonal_and_regional("instanceGroups.listInstances"))
def list_instances_of_group(call: Call) -> Document:
    """List the instances of an instance group."""
    call.document()
    group = call.view.groups.get(call.path.replace("/instanceGroups/", "/instanceGroupManagers/"))
    state = (call.body or {}).get("instanceState", "ALL")
    rows = [
        (
            instance.name,
            {
                "instance": self_link(f"{call.project}/zones/{instance.zone}/instances/{instance.name}"),
                "status": instance.status,
            },
        )
        for instance in (group.instances if group else ())
        if instance.id and (state == "ALL" or instance.status == "RUNNING")
    ]
    items, token = page(call, rows)
    return envelope(call, "compute#instanceGroupsListInstances", items, token)


@serves(*zonal_and_regional("instanceGroups.setNamedPorts"))
def set_named_ports(call: Call) -> Operation:
    """Name ports; the managed group shows them too."""
    document = call.document()
    check_fingerprint(call.body.get("fingerprint"), document["fingerprint"])
    ports = call.body.get("namedPorts") or []
    call.environment.put(call.path, with_fingerprint({**document, "namedPorts": ports}))
    manager = call.path.replace("/instanceGroups/", "/instanceGroupManagers/")
    managed = call.view.get(manager)
    if managed is not None:
        call.environment.store.put(manager, {**managed, "namedPorts": ports})
    return call.start(call.path, document["id"])


def _instance_group(call: Call, path: str, document: Document) -> Document:
    group = call.view.groups.get(path.replace("/instanceGroups/", "/instanceGroupManagers/"))
    size = sum(bool(instance.id) for instance in group.instances) if group else 0
    return {**shown(document), "_created": document["_created"], "size": size}
