"""Methods of managed instance groups. `instance_actions` has the methods that act on the instances of a group."""

from typing import Any, Final

from emulator.api.calls import Call, serves, shown
from emulator.api.errors import not_found
from emulator.api.lists import answer_aggregated_list, answer_list, envelope, page
from emulator.api.merge import check_fingerprint, fingerprint, merged
from emulator.api.methods import group_validation
from emulator.environment import group_settings as documents
from emulator.environment.clock import timestamp
from emulator.environment.group_status import current_actions, error_row, group_status, managed_instance
from emulator.environment.links import name_of, self_link
from emulator.environment.operations import Operation
from emulator.environment.store import Document
from emulator.group.members import Group, Target, disturb

# What a group has that was created without. Source: recorded answers in k8s-config-connector's mockgcp, 2026-08.
_POLICY: Final[Document] = {
    "type": "OPPORTUNISTIC",
    "minimalAction": "REPLACE",
    "mostDisruptiveAllowedAction": "REPLACE",
    "replacementMethod": "SUBSTITUTE",
    "maxSurge": {"fixed": 1},
    "maxUnavailable": {"fixed": 1},
}
_STANDBY: Final = {"initialDelaySec": 0, "mode": "MANUAL"}
_LIFECYCLE: Final = {"defaultActionOnFailure": "REPAIR", "forceUpdateOnRepair": "NO"}


@serves("instanceGroupManagers.insert", "regionInstanceGroupManagers.insert")
def insert(call: Call) -> Operation:
    """Make a group, and the instance group beside it; machines follow."""
    path = call.new_path()
    group_path = path.replace("/instanceGroupManagers/", "/instanceGroups/")
    place = {"region" if "region" in call.params else "zone": self_link(call.scope)}
    body = merged({}, normalised(call, call.body))
    if "region" in place and not body.get("distributionPolicy", {}).get("zones"):
        region = call.view.get(call.scope)
        if region is None:
            raise not_found(call.scope)
        body["distributionPolicy"] = {"zones": [{"zone": zone} for zone in region["zones"]]}
    document = {
        **completed(body),
        "kind": "compute#instanceGroupManager",
        "id": call.world.new_id(),
        "creationTimestamp": timestamp(call.world.now_s),
        "selfLink": self_link(path),
        **place,
        "instanceGroup": self_link(group_path),
        "_created": call.world.now_s,
        "_group": group_path,
    }
    group_validation.check_group(call, path, document)
    beside = {
        "kind": "compute#instanceGroup", "id": call.world.new_id(), "name": body["name"], **place,
        "creationTimestamp": document["creationTimestamp"], "selfLink": self_link(group_path),
        "namedPorts": body.get("namedPorts") or [], "_created": call.world.now_s,
    }  # fmt: skip
    call.world.put(group_path, fingerprint(beside))
    call.world.put(path, fingerprint(document))
    call.world.set_group(path, disturb(Group(call.world.now_s), call.world.now_s, call.world.around(path)))
    return call.start(path, document["id"])


@serves("instanceGroupManagers.get", "regionInstanceGroupManagers.get")
def get(call: Call) -> Document:
    """Return a group with its status."""
    call.document()
    return shown(rendered(call, call.path))


@serves("instanceGroupManagers.list", "regionInstanceGroupManagers.list")
def list_(call: Call) -> Document:
    """List the groups of a scope."""
    return answer_list(call, "compute#instanceGroupManagerList", lambda path, _: rendered(call, path))


@serves("instanceGroupManagers.aggregatedList")
def aggregated_list(call: Call) -> Document:
    """List all groups of a project, regional ones too."""
    kind = "compute#instanceGroupManagerAggregatedList"
    return answer_aggregated_list(call, kind, {"instanceGroupManagers": lambda path, _: rendered(call, path)})


@serves("instanceGroupManagers.patch", "regionInstanceGroupManagers.patch")
def patch(call: Call) -> Operation:
    """Lay a patch over a group's document; what it means for the machines follows later."""
    document = call.document()
    body = normalised(call, call.body)
    result = merged(document, body)
    if body.get("updatePolicy"):
        result["updatePolicy"] = policy(document["updatePolicy"], body["updatePolicy"])
    return write(call, completed(result))


@serves("instanceGroupManagers.setInstanceTemplate")
def set_instance_template(call: Call) -> Operation:
    """Name another template for machines that are to come."""
    link = self_link(call.link(call.body.get("instanceTemplate") or ""))
    return write(call, {**call.document(), "instanceTemplate": link, "versions": [{"instanceTemplate": link}]})


@serves("instanceGroupManagers.listManagedInstances", "regionInstanceGroupManagers.listManagedInstances")
def list_managed_instances(call: Call) -> Document:
    """List machines; all of them at once, unless the group says that it pages."""
    document = call.document()
    settings = call.world.settings(call.path, call.view)
    around = call.world.around(call.path)
    rows = [
        (one.name, managed_instance(call.project, one, settings, around, call.world.now_s))
        for one in call.view.groups[call.path].machines
    ]
    if document.get("listManagedInstancesResults") != "PAGINATED":
        call.query = {key: value for key, value in call.query.items() if key == "filter"}
    items, token = page(call, rows)
    return {"managedInstances": items} | ({"nextPageToken": token} if token else {})


@serves("instanceGroupManagers.listErrors")
def list_errors(call: Call) -> Document:
    """List failed attempts, newest first."""
    call.document()
    zone = call.params["zone"]
    errors = call.view.groups[call.path].errors
    rows = [(f"{index:06}", error_row(call.project, zone, *error)) for index, error in enumerate(reversed(errors))]
    items, token = page(call, rows)
    return envelope(call, "compute#instanceGroupManagersListErrors", items, token)


@serves("instanceGroupManagers.listPerInstanceConfigs")
def list_per_instance_configs(call: Call) -> Document:
    """List per-instance configurations: stateful groups are refused, so there are none."""
    call.document()
    return {}


def rendered(call: Call, path: str) -> Document:
    """Return a group's document with its output fields."""
    document = call.view.get(path)
    if document is None:
        raise not_found(path)
    group, settings = call.view.groups[path], call.world.settings(path, call.view)
    sizes = {target.version: target.size for target in settings.targets}
    status = group_status(document, group, settings)
    autoscaler = _autoscaler(call, document["selfLink"])
    if autoscaler:
        status["autoscaler"] = autoscaler
    versions = [
        {**version, "targetSize": {**(version.get("targetSize") or {}), "calculated": sizes[target.version]}}
        for version, target in zip(document["versions"], _in_order(path, document), strict=True)
    ]
    limits = {
        key: {
            **document["updatePolicy"][key],
            "calculated": documents.amount(document["updatePolicy"][key], settings.size),
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


def write(call: Call, document: Document) -> Operation:
    """Check and store a group's new document."""
    if isinstance(call.body, dict):
        check_fingerprint(call.body.get("fingerprint"), call.document()["fingerprint"])
    group_validation.check_group(call, call.path, document)
    call.world.put(call.path, fingerprint(document))
    return call.start(call.path, document["id"])


def normalised(call: Call, body: Document) -> Document:
    """Write references by name, and make one list of versions of the two ways to name a template."""
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
            {**one, "healthCheck": self_link(call.link(one["healthCheck"]))} if one.get("healthCheck") else one
            for one in body["autoHealingPolicies"]
        ]
    if "updatePolicy" in body:
        result["updatePolicy"] = body["updatePolicy"]
    return result


def completed(document: Document) -> Document:
    """Fill in what a group has that was made without, or whose patch cleared it."""
    return {
        **document,
        "baseInstanceName": document.get("baseInstanceName") or document["name"][:58].rstrip("-"),
        "targetSize": document.get("targetSize", 0),
        "targetSuspendedSize": document.get("targetSuspendedSize", 0),
        "targetStoppedSize": document.get("targetStoppedSize", 0),
        "standbyPolicy": _STANDBY | (document.get("standbyPolicy") or {}),
        "updatePolicy": _POLICY | document.get("updatePolicy", {}),
        "instanceLifecyclePolicy": _LIFECYCLE | document.get("instanceLifecyclePolicy", {}),
        "listManagedInstancesResults": document.get("listManagedInstancesResults", "PAGELESS"),
    }


def policy(before: Document, patch: Document) -> Document:
    """Merge an update policy; of fixed and percent, the one that is sent replaces the other."""
    result = merged(before, patch)
    for key in ("maxSurge", "maxUnavailable"):
        sent: dict[str, Any] = {name: value for name, value in (patch.get(key) or {}).items() if value is not None}
        if sent:
            result[key] = sent
    return result


def _in_order(path: str, document: Document) -> list[Target]:
    """Targets in the order of the document's versions."""
    found = {(name_of(one.version.template), one.version.name): one for one in documents.targets(path, document)}
    return [found[name_of(one["instanceTemplate"]), one.get("name", "")] for one in document["versions"]]


def _autoscaler(call: Call, link: str) -> str:
    for _, scalers in call.view.scopes(call.project, "autoscalers"):
        for scaler in scalers.values():
            if scaler.get("target") == link:
                return str(scaler["selfLink"])
    return ""
