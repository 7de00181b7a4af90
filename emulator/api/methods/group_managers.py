"""Methods of managed instance groups. `instance_actions` has the methods that act on the instances of a group."""

from typing import Any, Final

from emulator.api.calls import Call, serves, shown, zonal_and_regional
from emulator.api.documents import check_fingerprint, merged, with_fingerprint
from emulator.api.errors import not_found
from emulator.api.lists import answer_aggregated_list, answer_list, envelope, page, whole_list
from emulator.api.methods.distribution import distribution, with_kept_zones
from emulator.api.methods.group_validation import check_group
from emulator.environment.autoscaling import autoscaler_of
from emulator.environment.clock import timestamp
from emulator.environment.group_settings import amount, version_of
from emulator.environment.group_status import current_actions, error_row, group_status, managed_instance
from emulator.environment.links import self_link
from emulator.environment.location import Location, location_member, location_of
from emulator.environment.operations import Operation
from emulator.environment.view import Document
from emulator.group.members import Group, deciding_soon

# Defaults of a new group. Source: recorded answers in k8s-config-connector's mockgcp, 2026-08; none of Google's own
# answers there (testdata/basic/compute/v1beta1/computeinstancegroupmanager, recorded in 2026-06) has a
# mostDisruptiveAllowedAction that the client did not send.
_POLICY: Final[Document] = {
    "type": "OPPORTUNISTIC",
    "minimalAction": "REPLACE",
    "replacementMethod": "SUBSTITUTE",
}
_STANDBY: Final = {"mode": "MANUAL"}
_LIFECYCLE: Final = {"defaultActionOnFailure": "REPAIR", "forceUpdateOnRepair": "NO"}


@serves(*zonal_and_regional("instanceGroupManagers.insert"))
def insert_group(call: Call) -> Operation:
    """Create a group and its instance group; the instances follow."""
    path = call.new_path()
    group_path = path.replace("/instanceGroupManagers/", "/instanceGroups/")
    location = location_member(call.scope)
    body = merged({}, _normalised(call, call.body))
    if "region" in location:
        body["distributionPolicy"] = distribution(call, body.get("distributionPolicy", {}))
    document = {
        **_completed(path, body),
        "kind": "compute#instanceGroupManager",
        "id": call.environment.new_id(),
        "creationTimestamp": timestamp(call.environment.now_s),
        "selfLink": self_link(path),
        **location,
        "instanceGroup": self_link(group_path),
        "_created": call.environment.now_s,
        "_group": group_path,
    }
    check_group(call, path, document)
    instance_group = {
        "kind": "compute#instanceGroup", "id": call.environment.new_id(), "name": body["name"], **location,
        "creationTimestamp": document["creationTimestamp"], "selfLink": self_link(group_path),
        "namedPorts": body.get("namedPorts") or [], "_created": call.environment.now_s,
    }  # fmt: skip
    call.environment.put(group_path, with_fingerprint(instance_group))
    call.environment.put(path, with_fingerprint(document))
    call.environment.set_group(
        path, deciding_soon(Group(call.environment.now_s), call.environment.now_s, call.environment.conditions(path))
    )
    return call.start(path, document["id"])


@serves(*zonal_and_regional("instanceGroupManagers.get"))
def get_group(call: Call) -> Document:
    """Return a group with its status."""
    call.document()
    return shown(_rendered(call, call.path))


@serves(*zonal_and_regional("instanceGroupManagers.list"))
def list_groups(call: Call) -> Document:
    """List the groups of a scope."""
    return answer_list(call, "compute#instanceGroupManagerList", lambda path, _: _rendered(call, path))


@serves("instanceGroupManagers.aggregatedList")
def aggregated_list_groups(call: Call) -> Document:
    """List all groups of a project, regional ones too."""
    kind = "compute#instanceGroupManagerAggregatedList"
    return answer_aggregated_list(call, kind, {"instanceGroupManagers": lambda path, _: _rendered(call, path)})


@serves(*zonal_and_regional("instanceGroupManagers.patch"))
def patch_group(call: Call) -> Operation:
    """Patch a group's document; the group changes its instances later."""
    document = call.document()
    body = _normalised(call, call.body)
    result = with_kept_zones(call.path, document, merged(document, body))
    if body.get("updatePolicy"):
        result["updatePolicy"] = _patched_policy(document["updatePolicy"], body["updatePolicy"])
    return _write(call, _completed(call.path, result))


@serves(*zonal_and_regional("instanceGroupManagers.setInstanceTemplate"))
def set_instance_template(call: Call) -> Operation:
    """Set the template of instances that are created from now on."""
    link = self_link(call.link(call.body.get("instanceTemplate") or ""))
    return _write(call, {**call.document(), "instanceTemplate": link, "versions": [{"instanceTemplate": link}]})


@serves(*zonal_and_regional("instanceGroupManagers.listManagedInstances"))
def list_managed_instances(call: Call) -> Document:
    """List instances; all of them at once, unless the group is set to paginate."""
    document = call.document()
    settings = call.environment.settings(call.path, call.view)
    conditions = call.environment.conditions(call.path)
    rows = [
        (instance.name, managed_instance(call.project, instance, settings, conditions, call.environment.now_s))
        for instance in call.view.groups[call.path].instances
    ]
    if document.get("listManagedInstancesResults") != "PAGINATED":
        return {"managedInstances": whole_list(call, rows)}
    items, token = page(call, rows)
    return {"managedInstances": items} | ({"nextPageToken": token} if token else {})


@serves(*zonal_and_regional("instanceGroupManagers.listErrors"))
def list_errors(call: Call) -> Document:
    """List failed attempts, newest first."""
    location = location_of(call.path, call.document())
    errors = call.view.groups[call.path].errors
    rows = [(f"{index:06}", error_row(location, *error)) for index, error in enumerate(reversed(errors))]
    items, token = page(call, rows)
    return envelope(call, "compute#instanceGroupManagersListErrors", items, token)


@serves(*zonal_and_regional("instanceGroupManagers.listPerInstanceConfigs"))
def list_per_instance_configs(call: Call) -> Document:
    """List per-instance configurations: always none, because stateful groups are refused."""
    call.document()
    return {}


def _rendered(call: Call, path: str) -> Document:
    """Return a group's document with its output fields."""
    document = call.view.get(path)
    if document is None:
        raise not_found(path)
    group, settings = call.view.groups[path], call.environment.settings(path, call.view)
    sizes = {target.version: target.size for target in settings.targets}
    status = group_status(document, group, settings)
    autoscaler = autoscaler_of(call.view, path)
    if autoscaler is not None:
        status["autoscaler"] = autoscaler["selfLink"]
    versions = [
        {**entry, "targetSize": _calculated(entry.get("targetSize") or {}, sizes[version_of(path, entry)])}
        for entry in document["versions"]
    ]
    limits = {
        key: {
            **document["updatePolicy"][key],
            "calculated": amount(document["updatePolicy"][key], settings.size),
        }
        for key in ("maxSurge", "maxUnavailable")
    }
    return {
        **shown(document),
        "_created": document["_created"],
        "versions": versions,
        "updatePolicy": {**document["updatePolicy"], **limits},
        "currentActions": current_actions(group),
        "status": status,
    } | ({"instanceTemplate": document["versions"][0]["instanceTemplate"]} if len(versions) == 1 else {})


def _write(call: Call, document: Document) -> Operation:
    """Check and store a group's new document."""
    if isinstance(call.body, dict):
        check_fingerprint(call.body.get("fingerprint"), call.document()["fingerprint"])
    check_group(call, call.path, document)
    call.environment.put(call.path, with_fingerprint(document))
    return call.start(call.path, document["id"])


def _normalised(call: Call, body: Document) -> Document:
    """Return a body with references by name, and with `versions` also where only `instanceTemplate` is set."""
    result = {
        key: value for key, value in body.items() if key not in ("fingerprint", "instanceTemplate", "updatePolicy")
    }
    if body.get("versions"):
        result["versions"] = [
            {**version, "instanceTemplate": self_link(call.link(version.get("instanceTemplate") or ""))}
            for version in body["versions"]
        ]
    elif body.get("instanceTemplate"):
        result["versions"] = [{"instanceTemplate": self_link(call.link(body["instanceTemplate"]))}]
    if isinstance(body.get("autoHealingPolicies"), list):
        result["autoHealingPolicies"] = [
            {**healing, "healthCheck": self_link(call.link(healing["healthCheck"]))}
            if healing.get("healthCheck")
            else healing
            for healing in body["autoHealingPolicies"]
        ]
    if "updatePolicy" in body:
        result["updatePolicy"] = body["updatePolicy"]
    return result


def _completed(path: str, document: Document) -> Document:
    """Return a document with the defaults of fields that are missing or were cleared by a patch."""
    return {
        **document,
        "baseInstanceName": document.get("baseInstanceName") or document["name"][:58].rstrip("-"),
        "targetSize": document.get("targetSize", 0),
        "targetSuspendedSize": document.get("targetSuspendedSize", 0),
        "targetStoppedSize": document.get("targetStoppedSize", 0),
        "standbyPolicy": _STANDBY | (document.get("standbyPolicy") or {}),
        "updatePolicy": _default_policy(location_of(path, document)) | document.get("updatePolicy", {}),
        "instanceLifecyclePolicy": _LIFECYCLE | document.get("instanceLifecyclePolicy", {}),
        "listManagedInstancesResults": document.get("listManagedInstancesResults", "PAGELESS"),
    }


def _default_policy(location: Location) -> Document:
    """
    Return the update policy of a new group: surge and unavailable are the number of its zones.

    Source: google-cloud-compute 1.57.0, "a fixed value equal to the number of zones in which the managed instance group
    operates"; a recorded answer for a regional group has `instanceRedistributionType`, a zonal group's has not.
    """
    limit = {"fixed": len(location.zones)}
    redistribution = {"instanceRedistributionType": "PROACTIVE"} if location.is_regional else {}
    return {**_POLICY, "maxSurge": limit, "maxUnavailable": limit, **redistribution}


def _patched_policy(before: Document, patch: Document) -> Document:
    """Return a patched update policy; of fixed and percent, the sent value replaces the other."""
    result = merged(before, patch)
    for key in ("maxSurge", "maxUnavailable"):
        sent: dict[str, Any] = {name: value for name, value in (patch.get(key) or {}).items() if value is not None}
        if sent:
            result[key] = sent
    return result


def _calculated(target_size: Document, size: int) -> Document:
    """
    Return the target size of a version with its output field; a fixed size above the group's is shown as it is.

    Source: google-cloud-compute 1.57.0, FixedOrPercent.calculated, "If the value is fixed, then the calculated value is
    equal to the fixed value"; read on 2026-11-27.
    """
    fixed = target_size.get("fixed")
    return {**target_size, "calculated": size if fixed is None else fixed}
