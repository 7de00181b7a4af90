"""
Resources that are stored and read without effects on others: firewalls, networks, routers, addresses, the parts of a
load balancer; and health checks and backend services, which probe and drain the instances of groups.
"""

from collections.abc import Callable
from typing import Final

from emulator.api.calls import HANDLERS, Call, shown
from emulator.api.documents import check_fingerprint, merged, with_fingerprint
from emulator.api.errors import in_use, required
from emulator.api.lists import answer_aggregated_list, answer_list
from emulator.api.methods.passive_kinds import (
    DEFAULTS,
    FIXED,
    KINDS,
    REFUSED,
    SERVICES,
    completed,
    linked,
    with_number,
)
from emulator.api.methods.unsupported_fields import check_supported
from emulator.api.schema.check import methods
from emulator.environment.clock import timestamp
from emulator.environment.links import self_link
from emulator.environment.location import location_member
from emulator.environment.operations import Operation
from emulator.environment.view import Document


def _insert(call: Call) -> Operation:
    path = call.new_path()
    collection = call.collection.rpartition("/")[2]
    check_supported(call.body, REFUSED.get(collection, {}))
    document = {
        "kind": f"compute#{KINDS[collection]}",
        "id": call.environment.new_id(),
        "creationTimestamp": timestamp(call.environment.now_s),
        "selfLink": self_link(path),
        **linked(call, DEFAULTS.get(collection, {}) | call.body),
        "_created": call.environment.now_s,
    }
    document |= location_member(call.scope)
    document = with_number(call, collection, document)
    call.environment.put(path, completed(collection, with_fingerprint(document)))
    return call.start(path, document["id"])


def _get(call: Call) -> Document:
    return shown(call.document())


def _list(call: Call) -> Document:
    return answer_list(call, f"compute#{KINDS[call.collection.rpartition('/')[2]]}List")


def _aggregated_list(call: Call) -> Document:
    name = call.method.path[-1]
    return answer_aggregated_list(call, f"compute#{KINDS[name]}AggregatedList", {name: None})


def _patch(call: Call) -> Operation:
    return _write(call, merged(call.document(), linked(call, call.body)))


def _update(call: Call) -> Operation:
    document = call.document()
    kept = {key: value for key, value in document.items() if key in FIXED or key.startswith("_")}
    collection = call.collection.rpartition("/")[2]
    return _write(call, DEFAULTS.get(collection, {}) | linked(call, call.body) | kept)


def _write(call: Call, document: Document) -> Operation:
    check_fingerprint(call.body.get("fingerprint"), call.document().get("fingerprint"))
    collection = call.collection.rpartition("/")[2]
    check_supported(document, REFUSED.get(collection, {}))
    call.environment.put(call.path, completed(collection, with_fingerprint(document)))
    return call.start(call.path, document["id"])


def _delete(call: Call) -> Operation:
    document = call.document()
    link = document["selfLink"]
    for path, documents in call.view.collections.items():
        for name, other in documents.items():
            if other is not document and "operation" not in other and _refers(other, link):
                raise in_use(call.path, f"{path}/{name}")
    call.environment.store.remove(call.path)
    return call.start(call.path, document["id"])


def _set_private_access(call: Call) -> Operation:
    return _write(call, {**call.document(), "privateIpGoogleAccess": call.body.get("privateIpGoogleAccess", False)})


def _expand(call: Call) -> Operation:
    if not call.body.get("ipCidrRange"):
        raise required("resource.ipCidrRange")
    return _write(call, {**call.document(), "ipCidrRange": call.body["ipCidrRange"]})


def _effective_firewalls(call: Call) -> Document:
    """Return the firewall rules of a network; the environment has no firewall policies, so that the list is absent."""
    link = call.document()["selfLink"]
    rules = call.view.collections.get(f"{call.project}/global/firewalls", {}).values()
    return {"firewalls": [shown(rule) for rule in rules if rule.get("network") == link]}


def _refers(document: Document, link: str) -> bool:
    def walk(value: object) -> bool:
        if isinstance(value, dict):
            return any(walk(member) for member in value.values())
        if isinstance(value, list):
            return any(walk(member) for member in value)
        return value == link

    return walk({key: value for key, value in document.items() if key != "selfLink"})


_VERBS: Final[dict[str, Callable[[Call], Document | Operation]]] = {
    "insert": _insert,
    "get": _get,
    "list": _list,
    "aggregatedList": _aggregated_list,
    "patch": _patch,
    "update": _update,
    "delete": _delete,
}
for _service in SERVICES:
    HANDLERS.update({f"{_service}.{verb}": _VERBS[verb] for verb in _VERBS if f"{_service}.{verb}" in methods()})
HANDLERS["networks.getEffectiveFirewalls"] = _effective_firewalls
HANDLERS["subnetworks.setPrivateIpGoogleAccess"] = _set_private_access
HANDLERS["subnetworks.expandIpCidrRange"] = _expand
