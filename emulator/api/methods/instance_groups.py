"""Instance groups: what stands beside each managed one, with its size and named ports."""

from emulator.api.calls import Call, serves, shown
from emulator.api.lists import answer_aggregated_list, answer_list, envelope, page
from emulator.api.merge import check_fingerprint, fingerprint
from emulator.environment.links import self_link
from emulator.environment.operations import Operation
from emulator.environment.store import Document


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
    check_fingerprint(call.body.get("fingerprint"), document["fingerprint"])
    ports = call.body.get("namedPorts") or []
    call.world.put(call.path, fingerprint({**document, "namedPorts": ports}))
    manager = call.path.replace("/instanceGroups/", "/instanceGroupManagers/")
    managed = call.view.get(manager)
    if managed is not None:
        call.world.store.put(manager, {**managed, "namedPorts": ports})
    return call.start(call.path, document["id"])


def _instance_group(call: Call, path: str, document: Document) -> Document:
    group = call.view.groups.get(path.replace("/instanceGroups/", "/instanceGroupManagers/"))
    size = sum(bool(machine.id) for machine in group.machines) if group else 0
    return {**shown(document), "_created": document["_created"], "size": size}
