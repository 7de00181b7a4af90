"""The parts of an external Application Load Balancer: stored as Terraform and google-cloud-compute write them."""

import google.cloud.compute_v1 as compute
import pytest

from tests.contract.marks import covers, own, unverified, verified
from tests.contract.rig import GROUP, HOME, LINKS, PROJECT, EmulatorClient, Json, names

GLOBAL = f"{HOME}/global"
GROUP_OF_INSTANCES = GROUP.replace("/instanceGroupManagers/", "/instanceGroups/")
LAST = 2_147_483_647
ALLOWED = {"priority": 1000, "action": "allow", "match": {
    "versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["192.0.2.1/32"]},
}}  # fmt: skip
# Collection, body, and the verb that changes a resource; in the order in which they refer to each other.
PARTS: tuple[tuple[str, Json, str], ...] = (
    ("addresses", {"name": "front"}, ""),
    ("securityPolicies", {"name": "front", "rules": [ALLOWED]}, "PATCH"),
    ("sslPolicies", {"name": "front", "profile": "MODERN", "minTlsVersion": "TLS_1_2"}, "PATCH"),
    ("sslCertificates", {"name": "front", "type": "MANAGED", "managed": {"domains": ["ai.example.com"]}}, ""),
    ("backendServices", {"name": "front"}, "PATCH"),
    ("urlMaps", {"name": "front", "defaultService": "global/backendServices/front"}, "PUT"),
    ("targetHttpProxies", {"name": "front", "urlMap": "global/urlMaps/front"}, "PATCH"),
    (
        "targetHttpsProxies",
        {
            "name": "front", "urlMap": "global/urlMaps/front", "sslPolicy": "global/sslPolicies/front",
            "sslCertificates": ["global/sslCertificates/front"],
        },
        "PATCH",
    ),
    (
        "forwardingRules",
        {
            "name": "front", "IPAddress": "global/addresses/front", "portRange": "443",
            "target": "global/targetHttpsProxies/front",
        },
        "PATCH",
    ),
)  # fmt: skip


def build(emulator: EmulatorClient) -> None:
    """Create every part of a load balancer."""
    for collection, body, _ in PARTS:
        emulator.do("POST", f"{GLOBAL}/{collection}", body)


@verified("P", "T")
@covers(
    *(f"{service}.{verb}" for verb in ("insert", "get", "list", "delete") for service in (
        "globalAddresses", "globalForwardingRules", "securityPolicies", "sslCertificates", "sslPolicies",
        "targetHttpProxies", "targetHttpsProxies", "urlMaps",
    )),
    "globalForwardingRules.patch", "securityPolicies.patch", "sslPolicies.patch", "targetHttpProxies.patch",
    "targetHttpsProxies.patch", "urlMaps.update",
)  # fmt: skip
def test_parts_refer_to_each_other(emulator: EmulatorClient) -> None:
    """Each part is created, read, listed and changed; a part that another one refers to is not deleted before it."""
    build(emulator)
    for collection, body, verb in PARTS:
        if verb:
            emulator.do(verb, f"{GLOBAL}/{collection}/front", body | {"description": "changed"})
        (listed,) = emulator.get(f"{GLOBAL}/{collection}")["items"]
        shown = emulator.get(f"{GLOBAL}/{collection}/front")
        assert shown == listed
        assert (shown.get("description"), shown["selfLink"]) == (
            "changed" if verb else None, f"{LINKS}/global/{collection}/front",
        )  # fmt: skip
    assert emulator.refused("DELETE", f"{GLOBAL}/urlMaps/front")[:2] == (400, "resourceInUseByAnotherResource")
    for collection, _, _ in reversed(PARTS):
        emulator.do("DELETE", f"{GLOBAL}/{collection}/front")
    assert emulator.get(f"{GLOBAL}/forwardingRules").get("items", []) == []


@verified("T")
@covers(
    "globalForwardingRules.get", "globalForwardingRules.setLabels", "sslCertificates.get",
    "targetHttpsProxies.setSslCertificates",
)  # fmt: skip
def test_members_that_the_server_sets(emulator: EmulatorClient) -> None:
    """
    A rule has the number of its address and a range with two ends, and labels with a fingerprint; a managed certificate
    has the state of its domains, and a proxy takes other certificates by a method of its own.
    """
    build(emulator)
    rule = emulator.get(f"{GLOBAL}/forwardingRules/front")
    number = emulator.get(f"{GLOBAL}/addresses/front")["address"]
    assert (rule["IPAddress"], rule["portRange"]) == (number, "443-443")
    labels = {"labels": {"service": "ai-server"}, "labelFingerprint": rule["labelFingerprint"]}
    emulator.do("POST", f"{GLOBAL}/forwardingRules/front/setLabels", labels)
    assert emulator.get(f"{GLOBAL}/forwardingRules/front")["labels"] == {"service": "ai-server"}
    assert emulator.refused("POST", f"{GLOBAL}/forwardingRules/front/setLabels", labels)[0] == 412
    managed = emulator.get(f"{GLOBAL}/sslCertificates/front")["managed"]
    assert (managed["status"], managed["domainStatus"]) == ("PROVISIONING", {"ai.example.com": "PROVISIONING"})
    new = {"name": "next", "type": "MANAGED", "managed": {"domains": ["new.example.com"]}}
    emulator.do("POST", f"{GLOBAL}/sslCertificates", new)
    links = {"sslCertificates": ["global/sslCertificates/next"]}
    emulator.do("POST", f"{HOME}/targetHttpsProxies/front/setSslCertificates", links)
    proxy = emulator.get(f"{GLOBAL}/targetHttpsProxies/front")
    assert proxy["sslCertificates"] == [f"{LINKS}/global/sslCertificates/next"]
    emulator.do("DELETE", f"{GLOBAL}/sslCertificates/front")


@verified("P", "T")
@covers(
    "securityPolicies.addRule", "securityPolicies.patchRule", "securityPolicies.removeRule",
    "backendServices.setSecurityPolicy", "backendServices.update",
)  # fmt: skip
def test_rules_of_a_security_policy(emulator: EmulatorClient) -> None:
    """
    A policy has a last rule; rules are added, patched and removed by their priority. A backend service gets its policy
    by a method of its own, and keeps it at an update.
    """
    build(emulator)
    policies, policy = emulator.google(compute.SecurityPoliciesClient), f"{GLOBAL}/securityPolicies/front"
    assert names(policies.list(project=PROJECT)) == ["front"]
    denied = ALLOWED | {"priority": 2000, "action": "deny(403)"}
    emulator.do("POST", f"{policy}/addRule", denied)
    emulator.do("POST", f"{policy}/patchRule?priority=2000", {"description": "others"})
    rules = emulator.get(policy)["rules"]
    assert [(rule["priority"], rule["action"], rule.get("description", "")) for rule in rules] == [
        (1000, "allow", ""), (2000, "deny(403)", "others"), (LAST, "allow", "default rule"),
    ]  # fmt: skip
    assert emulator.refused("POST", f"{policy}/addRule", denied)[0] == 400
    emulator.do("POST", f"{policy}/removeRule?priority=1000")
    assert [rule["priority"] for rule in emulator.get(policy)["rules"]] == [2000, LAST]
    assert emulator.refused("POST", f"{policy}/removeRule?priority=1000")[0] == 400
    service = f"{GLOBAL}/backendServices/front"
    emulator.do("POST", f"{service}/setSecurityPolicy", {"securityPolicy": "global/securityPolicies/front"})
    emulator.do("PUT", service, {"name": "front", "timeoutSec": 9})
    assert emulator.get(service)["securityPolicy"] == f"{LINKS}/global/securityPolicies/front"
    emulator.do("POST", f"{service}/setSecurityPolicy", {})
    assert "securityPolicy" not in emulator.get(service)


@verified("P")
@covers(
    "securityPolicies.aggregatedList", "sslCertificates.aggregatedList", "sslPolicies.aggregatedList",
    "targetHttpProxies.aggregatedList", "targetHttpsProxies.aggregatedList", "urlMaps.aggregatedList",
    "urlMaps.patch", "regionBackendServices.getHealth",
)  # fmt: skip
def test_lists_of_all_scopes(emulator: EmulatorClient) -> None:
    """The parts of a project are listed with those of its regions; a regional backend service has a health too."""
    build(emulator)
    for client in (
        compute.SslCertificatesClient, compute.SslPoliciesClient, compute.TargetHttpProxiesClient,
        compute.TargetHttpsProxiesClient, compute.UrlMapsClient, compute.SecurityPoliciesClient,
    ):  # fmt: skip
        assert names(emulator.google(client).aggregated_list(project=PROJECT)) == ["front"]
    emulator.do("PATCH", f"{GLOBAL}/urlMaps/front", {"description": "changed"})
    services = f"{HOME}/regions/asia-northeast3/backendServices"
    emulator.do("POST", services, {"name": "front"})
    assert emulator.refused("POST", f"{services}/front/getHealth", {"group": "zones/z/instanceGroups/g"})[0] == 400


@pytest.mark.parametrize(
    ("collection", "reference"),
    [
        ("backendServices", {"healthChecks": ["global/healthChecks/none"]}),
        ("backendServices", {"backends": [{"group": "zones/asia-northeast3-a/instanceGroups/none"}]}),
        ("urlMaps", {"defaultService": "global/backendServices/none"}),
        ("targetHttpProxies", {"urlMap": "global/urlMaps/none"}),
        ("targetHttpsProxies", {"urlMap": "global/urlMaps/front", "sslPolicy": "global/sslPolicies/none"}),
        ("targetHttpsProxies", {"urlMap": "global/urlMaps/front", "sslCertificates": ["global/sslCertificates/none"]}),
        ("forwardingRules", {"target": "global/targetHttpProxies/none"}),
        ("forwardingRules", {"IPAddress": "global/addresses/none"}),
    ],
    ids=lambda given: given if isinstance(given, str) else "-".join(given),
)
@verified("R")
@covers("urlMaps.insert", "targetHttpsProxies.insert", "globalForwardingRules.insert", "backendServices.insert")
def test_part_that_refers_to_nothing_is_refused(emulator: EmulatorClient, collection: str, reference: Json) -> None:
    """
    A part whose reference names no resource is not created.

    Source: terraform-google-modules/terraform-google-lb-http, issue 161 (2021-04-28), for a proxy and its URL map.
    """
    build(emulator)
    code, reason, message = emulator.refused("POST", f"{GLOBAL}/{collection}", {"name": "other", **reference})
    assert (code, reason) == (404, "notFound")
    assert "/none' was not found" in message
    assert emulator.refused("GET", f"{GLOBAL}/{collection}/other")[0] == 404


@unverified("I")
@covers("backendServices.getHealth")
def test_backend_service_without_a_health_check_has_no_verdicts(emulator: EmulatorClient) -> None:
    """The health of its instances is not known; Compute Engine's own answer is not reported anywhere."""
    emulator.web(1)
    emulator.do("POST", f"{GLOBAL}/backendServices", {"name": "plain", "backends": [{"group": GROUP_OF_INSTANCES}]})
    answer = emulator.ask("POST", f"{GLOBAL}/backendServices/plain/getHealth", {"group": GROUP_OF_INSTANCES})
    assert answer == {"kind": "compute#backendServiceGroupHealth"}


@own
def test_addresses_have_an_end(emulator: EmulatorClient) -> None:
    """The emulator has 255 numbers; the next address is refused like one above a quota."""
    for number in range(255):
        emulator.do("POST", f"{GLOBAL}/addresses", {"name": f"a{number}"})
    assert emulator.refused("POST", f"{GLOBAL}/addresses", {"name": "one-more"})[:2] == (403, "quotaExceeded")
