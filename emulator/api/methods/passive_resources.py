"""
Resources that are stored and read without effects on others: firewalls, networks, routers, addresses; and health checks
and backend services, whose verdicts on instances the groups show.
"""

from collections.abc import Callable
from typing import Final

from emulator.api.calls import HANDLERS, Call, shown, zonal_and_regional
from emulator.api.documents import check_fingerprint, merged, with_fingerprint
from emulator.api.errors import in_use, required
from emulator.api.lists import answer_aggregated_list, answer_list
from emulator.api.methods.unsupported_fields import ADDRESS, HEALTH_CHECK, check_supported
from emulator.api.schema.check import methods
from emulator.environment.clock import timestamp
from emulator.environment.links import self_link
from emulator.environment.location import location_member
from emulator.environment.operations import Operation
from emulator.environment.view import Document

# Defaults of the server. Source: gcloud 528 and terraform-provider-google 4.9 read these back.
_DEFAULTS: Final[dict[str, Document]] = {
    "healthChecks": {
        "checkIntervalSec": 5,
        "timeoutSec": 5,
        "healthyThreshold": 2,
        "unhealthyThreshold": 2,
    },
    "firewalls": {"direction": "INGRESS", "priority": 1000, "disabled": False, "logConfig": {"enable": False}},
    "networks": {
        "routingConfig": {"routingMode": "REGIONAL"},
        "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
    },
    "subnetworks": {
        "purpose": "PRIVATE",
        "stackType": "IPV4_ONLY",
        "privateIpGoogleAccess": False,
        "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS",
    },
    "routers": {},
    "backendServices": {"protocol": "HTTP", "timeoutSec": 30, "loadBalancingScheme": "EXTERNAL"},
    "addresses": {"addressType": "EXTERNAL", "networkTier": "PREMIUM", "ipVersion": "IPV4", "status": "RESERVED"},
}
_KINDS: Final = {
    "healthChecks": "healthCheck",
    "firewalls": "firewall",
    "networks": "network",
    "subnetworks": "subnetwork",
    "routers": "router",
    "backendServices": "backendService",
    "addresses": "address",
}
_LINKS: Final = ("network", "subnetwork")
_REFUSED: Final = {"addresses": ADDRESS, "healthChecks": HEALTH_CHECK}
_NUMBERS: Final = 256  # of 203.0.113.0/24, which RFC 5737 keeps for documentation


def _insert(call: Call) -> Operation:
    path = call.new_path()
    collection = call.collection.rpartition("/")[2]
    check_supported(call.body, _REFUSED.get(collection, {}))
    document = {
        "kind": f"compute#{_KINDS[collection]}",
        "id": call.environment.new_id(),
        "creationTimestamp": timestamp(call.environment.now_s),
        "selfLink": self_link(path),
        **_linked(call, _DEFAULTS[collection] | call.body),
        "_created": call.environment.now_s,
    }
    document |= location_member(call.scope)
    if collection == "addresses":
        document = {"address": _free_number(call), **document}
    call.environment.put(path, with_fingerprint(_completed(collection, document)))
    return call.start(path, document["id"])


def _free_number(call: Call) -> str:
    """Return a number that no address of the environment has."""
    used = {
        document.get("address")
        for path, documents in call.view.collections.items()
        if path.endswith("/addresses")
        for document in documents.values()
    }
    numbers = (f"203.0.113.{last}" for last in range(1, _NUMBERS))
    return next(number for number in numbers if number not in used)


def _completed(collection: str, document: Document) -> Document:
    """Return a document with the members that depend on its other members."""
    if collection == "subnetworks" and document.get("ipCidrRange"):
        return {"gatewayAddress": document["ipCidrRange"].rpartition(".")[0] + ".1", **document}
    if collection == "healthChecks":
        for protocol in ("http", "https", "http2", "tcp", "ssl", "grpc"):
            check = document.get(f"{protocol}HealthCheck")
            if check is not None:
                defaults = {"proxyHeader": "NONE"} | ({"requestPath": "/"} if protocol.startswith("http") else {})
                return {**document, "type": protocol.upper(), f"{protocol}HealthCheck": defaults | check}
    if collection == "networks" and "autoCreateSubnetworks" not in document:
        return {**document, "autoCreateSubnetworks": True}
    return document


def _get(call: Call) -> Document:
    return shown(call.document())


def _list(call: Call) -> Document:
    return answer_list(call, f"compute#{_KINDS[call.collection.rpartition('/')[2]]}List")


def _aggregated_list(call: Call) -> Document:
    name = call.method.path[-1]
    return answer_aggregated_list(call, f"compute#{_KINDS[name]}AggregatedList", {name: None})


def _patch(call: Call) -> Operation:
    return _write(call, merged(call.document(), _linked(call, call.body)))


def _update(call: Call) -> Operation:
    document = call.document()
    kept = {key: value for key, value in document.items() if key in _FIXED or key.startswith("_")}
    collection = call.collection.rpartition("/")[2]
    return _write(call, _DEFAULTS[collection] | _linked(call, call.body) | kept)


def _write(call: Call, document: Document) -> Operation:
    check_fingerprint(call.body.get("fingerprint"), call.document().get("fingerprint"))
    collection = call.collection.rpartition("/")[2]
    check_supported(document, _REFUSED.get(collection, {}))
    call.environment.put(call.path, with_fingerprint(_completed(collection, document)))
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


def _linked(call: Call, body: Document) -> Document:
    """Return a body with references to other resources as the server writes them."""
    linked = body | {key: self_link(call.link(body[key])) for key in _LINKS if isinstance(body.get(key), str)}
    if isinstance(body.get("backends"), list):
        linked["backends"] = [
            {**backend, "group": self_link(call.link(backend.get("group") or ""))} for backend in body["backends"]
        ]
    if "backendServices" in call.collection and isinstance(body.get("healthChecks"), list):
        linked["healthChecks"] = [self_link(call.link(link)) for link in body["healthChecks"]]
    return linked


_FIXED: Final = ("kind", "id", "creationTimestamp", "selfLink", "region", "name", "fingerprint")
_VERBS: Final[dict[str, Callable[[Call], Document | Operation]]] = {
    "insert": _insert,
    "get": _get,
    "list": _list,
    "aggregatedList": _aggregated_list,
    "patch": _patch,
    "update": _update,
    "delete": _delete,
}
for _collection in _KINDS:
    HANDLERS.update({
        name: _VERBS[verb]
        for verb in _VERBS
        for name in zonal_and_regional(f"{_collection}.{verb}")
        if name in methods()
    })  # fmt: skip
HANDLERS["networks.getEffectiveFirewalls"] = _effective_firewalls
HANDLERS["subnetworks.setPrivateIpGoogleAccess"] = _set_private_access
HANDLERS["subnetworks.expandIpCidrRange"] = _expand
