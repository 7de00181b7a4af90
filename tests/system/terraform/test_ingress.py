"""The load balancer of `iac/`, applied to the emulator: created, changed in place, and removed without the group."""

from typing import Any

from tests.support.deployer import Deployer
from tests.support.emulator import GROUP, ZONE
from tests.support.releases import numbered_reference
from tests.support.waiting import wait_until
from tests.system.terraform.fleet import Fleet

_GLOBAL = "projects/dojangkok-dev/global"
_NAME = "dojangkok-dev-ai-server-ingress"
_PARTS = (
    "addresses", "backendServices", "forwardingRules", "securityPolicies", "sslCertificates", "sslPolicies",
    "targetHttpProxies", "targetHttpsProxies", "urlMaps",
)  # fmt: skip


def _listed(fleet: Fleet, collection: str) -> list[Any]:
    return list(fleet.emulator.get(f"{_GLOBAL}/{collection}").get("items", []))


def _health(fleet: Fleet) -> list[str]:
    """Return the verdicts of the load balancer's check on the group's instances."""
    group = {"group": f"{ZONE}/instanceGroups/{GROUP}"}
    path = f"compute/v1/{_GLOBAL}/backendServices/{_NAME}/getHealth"
    answer = fleet.emulator.ask(path, group, "POST")
    return [row["healthState"] for row in answer.get("healthStatus", [])]


def test_load_balancer_is_created_changed_and_removed(fleet: Fleet, deployer: Deployer) -> None:
    """
    The parts refer to each other, and a second plan is empty. Other callers and another domain are changed in place.
    A deploy drains the old instances. Without a domain every part is deleted again, and the group stays.
    """
    values: dict[str, Any] = {
        "domain": "ai.example.com",
        "ai_server_tokens_secret": "dojangkok-ai-server-tokens",
        "ingress_source_ranges": ["192.0.2.7/32"],
    }
    fleet.apply(**values)
    wait_until(fleet.is_stable)
    wait_until(lambda: _health(fleet) == ["HEALTHY", "HEALTHY"])
    fleet.assert_unchanged(**values)
    (row, _) = fleet.emulator.instances()
    assert len(row["instanceHealth"]) == 2, "the group's own check, and that of the load balancer"
    (service,) = _listed(fleet, "backendServices")
    assert service["connectionDraining"] == {"drainingTimeoutSec": 90}
    assert service["securityPolicy"].endswith(f"/securityPolicies/{_NAME}")
    (address,) = _listed(fleet, "addresses")
    assert {rule["IPAddress"] for rule in _listed(fleet, "forwardingRules")} == {address["address"]}

    changes = {"domain": "new.example.com", "ingress_source_ranges": ["192.0.2.8/32", "198.51.100.0/24"]}
    fleet.apply(**values | changes)
    fleet.assert_unchanged(**values | changes)
    (policy,) = _listed(fleet, "securityPolicies")
    assert policy["rules"][1]["match"]["config"]["srcIpRanges"] == changes["ingress_source_ranges"]
    (certificate,) = _listed(fleet, "sslCertificates")
    (proxy,) = _listed(fleet, "targetHttpsProxies")
    assert certificate["managed"]["domains"] == ["new.example.com"]
    assert proxy["sslCertificates"] == [certificate["selfLink"]]

    group = fleet.emulator.group()["id"]
    deployed = deployer.run("deploy", "--image", numbered_reference(1))  # an apply cannot delete a seed that is in use
    assert deployed.exit_code == 0, deployed.stderr
    fleet.apply()
    assert {collection: _listed(fleet, collection) for collection in _PARTS} == {key: [] for key in _PARTS}
    assert fleet.emulator.group()["id"] == group
    assert [entry for entry in fleet.emulator.request_log("request") if entry.get("unknown")] == []
