"""Kinds of resources that are stored without effects: their defaults, references, and members that the server sets."""

from collections.abc import Mapping
from typing import Any, Final

from emulator.api.calls import Call
from emulator.api.errors import not_found, quota_exceeded
from emulator.api.methods.unsupported_fields import ADDRESS, HEALTH_CHECK
from emulator.environment.links import canonical, self_link
from emulator.environment.view import Document

KINDS: Final[Mapping[str, str]] = {
    "healthChecks": "healthCheck",
    "firewalls": "firewall",
    "networks": "network",
    "subnetworks": "subnetwork",
    "routers": "router",
    "backendServices": "backendService",
    "addresses": "address",
    "forwardingRules": "forwardingRule",
    "securityPolicies": "securityPolicy",
    "sslCertificates": "sslCertificate",
    "sslPolicies": "sslPolicy",
    "targetHttpProxies": "targetHttpProxy",
    "targetHttpsProxies": "targetHttpsProxy",
    "urlMaps": "urlMap",
}
# First halves of methods' names; `globalForwardingRules.insert` creates a resource of `global/forwardingRules`.
SERVICES: Final = (
    *(kind for kind in KINDS if kind != "forwardingRules"), "globalAddresses", "globalForwardingRules",
    "regionBackendServices", "regionHealthChecks",
)  # fmt: skip
# Defaults of the server. Source: gcloud 528 and terraform-provider-google 4.9 read these back.
DEFAULTS: Final[Mapping[str, Document]] = {
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
    "backendServices": {
        "protocol": "HTTP",
        "timeoutSec": 30,
        "loadBalancingScheme": "EXTERNAL",
        "sessionAffinity": "NONE",
        "connectionDraining": {"drainingTimeoutSec": 0},
    },
    "addresses": {"addressType": "EXTERNAL", "networkTier": "PREMIUM", "ipVersion": "IPV4", "status": "RESERVED"},
    "forwardingRules": {"IPProtocol": "TCP", "loadBalancingScheme": "EXTERNAL", "networkTier": "PREMIUM"},
    "securityPolicies": {"type": "CLOUD_ARMOR"},
    "sslCertificates": {"type": "SELF_MANAGED"},
    "sslPolicies": {"profile": "COMPATIBLE", "minTlsVersion": "TLS_1_0"},
    "targetHttpsProxies": {"quicOverride": "NONE"},
}
# Members that a PUT leaves as they are; the security policy has a method of its own.
FIXED: Final = (
    "kind", "id", "creationTimestamp", "selfLink", "region", "name", "fingerprint", "securityPolicy",
)  # fmt: skip
REFUSED: Final[Mapping[str, Mapping[str, tuple[Any, ...]]]] = {"addresses": ADDRESS, "healthChecks": HEALTH_CHECK}
_LINKS: Final = ("network", "subnetwork")
_CHECKED_LINKS: Final = ("defaultService", "securityPolicy", "sslPolicy", "target", "urlMap")
_CHECKED_LINK_LISTS: Final = ("healthChecks", "sslCertificates")
_NUMBERS: Final = 256  # of 203.0.113.0/24, which RFC 5737 keeps for documentation
_LAST_PRIORITY: Final = 2_147_483_647


def linked(call: Call, body: Document) -> Document:
    """
    Return a body with references to other resources as the server writes them.

    Raises:
        ApiError: 404, if a part of a load balancer refers to a resource that does not exist
    """
    result = body | {key: self_link(call.link(body[key])) for key in _LINKS if isinstance(body.get(key), str)}
    result |= {key: existing_link(call, body[key]) for key in _CHECKED_LINKS if isinstance(body.get(key), str)}
    for key in _CHECKED_LINK_LISTS:
        if isinstance(body.get(key), list):
            result[key] = [existing_link(call, link) for link in body[key]]
    if isinstance(body.get("backends"), list):
        result["backends"] = [
            {**backend, "group": existing_link(call, backend.get("group") or "")} for backend in body["backends"]
        ]
    return result


def existing_link(call: Call, reference: str) -> str:
    """
    Return the link of a resource that a part of a load balancer refers to.

    Source: terraform-google-modules/terraform-google-lb-http, issue 161 (2021-04-28): a target proxy whose URL map does
    not exist is refused with 404, notFound.

    Raises:
        ApiError: 404, if the resource does not exist
    """
    path = call.link(reference)
    if call.view.get(path.replace("/instanceGroups/", "/instanceGroupManagers/")) is None:
        raise not_found(path)
    return self_link(path)


def with_number(call: Call, collection: str, document: Document) -> Document:
    """Return a new address or forwarding rule with its IPv4 address; a rule takes that of a reserved address."""
    if collection == "addresses":
        return {"address": _free_number(call), **document}
    if collection == "forwardingRules":
        given = document.get("IPAddress") or ""
        if "/" in given:
            existing_link(call, given)
        address = call.view.get(canonical(given, call.project)) or {}
        return {**document, "IPAddress": address.get("address") or given or _free_number(call)}
    return document


def completed(collection: str, document: Document) -> Document:
    """Return a document with the members that depend on its other members."""
    complete = _COMPLETED.get(collection)
    return complete(document) if complete else document


def _free_number(call: Call) -> str:
    """
    Return a number that no address of the environment has.

    Raises:
        ApiError: 403, if all numbers are used; Compute Engine has more of them, and a quota of a project
    """
    used = {
        document.get("address") or document.get("IPAddress")
        for path, documents in call.view.collections.items()
        if path.endswith(("/addresses", "/forwardingRules"))
        for document in documents.values()
    }
    numbers = (f"203.0.113.{last}" for last in range(1, _NUMBERS))
    number = next((number for number in numbers if number not in used), None)
    if number is None:
        raise quota_exceeded("STATIC_ADDRESSES", _NUMBERS - 1)
    return number


def _subnetwork(document: Document) -> Document:
    if not document.get("ipCidrRange"):
        return document
    return {"gatewayAddress": document["ipCidrRange"].rpartition(".")[0] + ".1", **document}


def _health_check(document: Document) -> Document:
    for protocol in ("http", "https", "http2", "tcp", "ssl", "grpc"):
        check = document.get(f"{protocol}HealthCheck")
        if check is not None:
            defaults = {"proxyHeader": "NONE"} | ({"requestPath": "/"} if protocol.startswith("http") else {})
            return {**document, "type": protocol.upper(), f"{protocol}HealthCheck": defaults | check}
    return document


def _forwarding_rule(document: Document) -> Document:
    """
    Return a rule whose range of ports has two ends, and whose labels have a fingerprint.

    Source: terraform-provider-google 4.9 reads `443-443` back, and sends the fingerprint with new labels.
    """
    ports = document.get("portRange", "")
    ends = {"portRange": f"{ports}-{ports}"} if ports and "-" not in ports else {}
    return {**document, **ends, "labelFingerprint": document["fingerprint"]}


def _security_policy(document: Document) -> Document:
    """Return a policy whose last rule is explicit; the server's own allows everything."""
    rules = [{"kind": "compute#securityPolicyRule", "preview": False, **rule} for rule in document.get("rules") or []]
    if all(rule.get("priority") != _LAST_PRIORITY for rule in rules):
        match = {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}}
        default = {"kind": "compute#securityPolicyRule", "preview": False, "description": "default rule"}
        rules.append({**default, "priority": _LAST_PRIORITY, "action": "allow", "match": match})
    return {**document, "rules": sorted(rules, key=lambda rule: int(rule.get("priority", 0)))}


def _certificate(document: Document) -> Document:
    """Return a certificate whose domains are not validated: nothing here answers for them."""
    managed = document.get("managed")
    if not managed:
        return document
    status = dict.fromkeys(managed.get("domains") or [], "PROVISIONING")
    return {**document, "managed": {**managed, "status": "PROVISIONING", "domainStatus": status}}


_COMPLETED: Final = {
    "subnetworks": _subnetwork,
    "healthChecks": _health_check,
    "networks": lambda document: {"autoCreateSubnetworks": True, **document},
    "forwardingRules": _forwarding_rule,
    "securityPolicies": _security_policy,
    "sslCertificates": _certificate,
}
