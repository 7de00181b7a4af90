"""Managed instance groups as documents: fields that are filled in, merged, replaced or refused."""

import base64
from datetime import datetime
from typing import Any

import pytest

from tests.contract.marks import covers, differs, regional, unverified, verified, zonal_only
from tests.contract.rig import (
    CHECKS,
    GROUP,
    GROUPS,
    HOME,
    LINKS,
    ROLL,
    ZONE,
    EmulatorClient,
    actions,
    flags,
    templates_of,
)

pytestmark = regional
COUNTERS = {
    "none", "creating", "creatingWithoutRetries", "verifying", "recreating", "deleting", "abandoning", "restarting",
    "refreshing", "starting", "stopping", "suspending", "resuming",
}  # fmt: skip


@zonal_only
@verified("R", "P")
@covers("instanceGroupManagers.insert", "instanceGroupManagers.get", "zoneOperations.wait")
def test_what_is_left_out_is_filled_in(emulator: EmulatorClient) -> None:
    """A group created with the fewest fields has an opportunistic policy, links, one version, and all counters."""
    link = emulator.template("t")
    operation = emulator.do("POST", GROUPS, {"name": "web", "targetSize": 0, "instanceTemplate": link})
    group = emulator.group()
    assert group["updatePolicy"]["type"] == "OPPORTUNISTIC"
    assert group["updatePolicy"]["maxSurge"] == {"fixed": 1, "calculated": 1}
    assert group["versions"] == [{"instanceTemplate": link, "targetSize": {"calculated": 0}}]
    assert group["instanceTemplate"] == link
    assert (group["baseInstanceName"], group["listManagedInstancesResults"]) == ("web", "PAGELESS")
    assert (group["zone"], group["instanceGroup"]) == (
        f"{LINKS}/zones/{ZONE}",
        f"{LINKS}/zones/{ZONE}/instanceGroups/web",
    )
    assert group["currentActions"] == dict.fromkeys(COUNTERS, 0)
    assert (operation["targetLink"], operation["targetId"]) == (group["selfLink"], group["id"])
    assert operation["zone"] == group["zone"]


@verified("R")
@covers("instanceGroupManagers.insert", "instanceGroupManagers.patch", "instanceGroupManagers.get")
def test_the_most_disruptive_action_has_no_default(emulator: EmulatorClient) -> None:
    """A group shows mostDisruptiveAllowedAction only while a client has set it; without it every action is allowed."""
    body = {"name": "web", "targetSize": 1, "instanceTemplate": emulator.template("t")}
    emulator.do("POST", GROUPS, body | {"updatePolicy": {"type": "PROACTIVE", "minimalAction": "REPLACE"}})
    assert "mostDisruptiveAllowedAction" not in emulator.settled()["updatePolicy"]
    emulator.do("PATCH", GROUP, {"versions": [{"instanceTemplate": emulator.template("new")}]})
    emulator.settled()
    assert templates_of(emulator.rows()) == ["new"]
    for action, shown in (("REPLACE", "REPLACE"), (None, None)):
        emulator.do("PATCH", GROUP, {"updatePolicy": {"mostDisruptiveAllowedAction": action}})
        assert emulator.group()["updatePolicy"].get("mostDisruptiveAllowedAction") == shown


@verified("P", "T")
@covers("instanceGroupManagers.patch")
def test_a_patch_merges(emulator: EmulatorClient) -> None:
    """A patch merges objects, replaces lists, and keeps all other fields."""
    emulator.web(0, namedPorts=[{"name": "http", "port": 80}], description="kept")
    emulator.do("PATCH", GROUP, {"updatePolicy": {"maxSurge": {"fixed": 3}}, "namedPorts": [{"name": "b", "port": 2}]})
    group = emulator.group()
    assert group["updatePolicy"]["maxSurge"]["fixed"] == 3
    assert {key: group["updatePolicy"][key] for key in ROLL if not key.startswith("max")} == {
        key: value for key, value in ROLL.items() if not key.startswith("max")
    }
    assert (group["namedPorts"], group["description"]) == ([{"name": "b", "port": 2}], "kept")
    assert len(group["autoHealingPolicies"]) == 1


@zonal_only
@verified("T")
@covers("instanceGroupManagers.patch")
@pytest.mark.parametrize(
    "field", ["autoHealingPolicies", "description", "updatePolicy", "targetSize", "baseInstanceName"]
)
def test_null_clears(emulator: EmulatorClient, field: str) -> None:
    """A null in a patch clears a field, or restores the default of the server."""
    emulator.web(1, description="x", updatePolicy={"minimalAction": "RESTART"}, baseInstanceName="other")
    emulator.do("PATCH", GROUP, {field: None})
    group = emulator.group()
    limit = {"fixed": 1, "calculated": 1}
    policy = ROLL | {"type": "OPPORTUNISTIC", "maxSurge": limit, "maxUnavailable": limit}
    policy.pop("mostDisruptiveAllowedAction")
    expected: dict[str, Any] = {"targetSize": 0, "baseInstanceName": "web", "updatePolicy": policy}
    assert group.get(field) == expected.get(field)


@verified("T")
@covers("instanceGroupManagers.patch")
def test_null_beside_the_other_member(emulator: EmulatorClient) -> None:
    """`percent: null` beside `fixed`, as Terraform sends both, means `fixed` alone; the reverse means `percent`."""
    emulator.web(0)
    emulator.do("PATCH", GROUP, {"updatePolicy": {"maxSurge": {"fixed": 2, "percent": None}}})
    assert emulator.group()["updatePolicy"]["maxSurge"] == {"fixed": 2, "calculated": 2}


@unverified("I")
@covers("instanceGroupManagers.patch")
def test_fixed_takes_the_place_of_percent(emulator: EmulatorClient) -> None:
    """Of fixed and percent, the value of the patch replaces the other."""
    emulator.web(0)
    emulator.do("PATCH", GROUP, {"targetSize": 10})
    emulator.do("PATCH", GROUP, {"updatePolicy": {"maxSurge": {"percent": 25}}})
    assert emulator.group()["updatePolicy"]["maxSurge"] == {"percent": 25, "calculated": 3}
    emulator.do("PATCH", GROUP, {"updatePolicy": {"maxSurge": {"fixed": 1}}})
    assert emulator.group()["updatePolicy"]["maxSurge"] == {"fixed": 1, "calculated": 1}


@verified("G", "R")
@covers("instanceGroupManagers.patch")
@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"maxSurge": {"fixed": 0}}, "maxUnavailable"),
        ({"replacementMethod": "RECREATE"}, "maxSurge"),
        ({"maxSurge": {"percent": 50}}, "maxSurge.percent"),
        ({"maxSurge": {"fixed": -1}}, "maxSurge.fixed"),
        ({"maxUnavailable": {"percent": 101}}, "maxUnavailable.percent"),
        ({"type": "EAGER"}, "type"),
        ({"minimalAction": "EXPLODE"}, "minimalAction"),
        ({"maxSurge": {"fixed": "one"}}, "maxSurge.fixed"),
    ],
)
def test_a_policy_that_can_not_be_is_refused(emulator: EmulatorClient, policy: dict[str, Any], field: str) -> None:
    """A policy that could never roll, or that is of a wrong type, answers 400 that names its field; nothing changes."""
    before = emulator.web(0)
    status, reason, message = emulator.refused("PATCH", GROUP, {"updatePolicy": policy})
    assert (status, reason) == (400, "invalid")
    assert f"'resource.updatePolicy.{field}'" in message
    assert emulator.group()["fingerprint"] == before["fingerprint"]


@verified("T")
@covers("instanceGroupManagers.patch")
def test_a_stale_fingerprint_is_refused(emulator: EmulatorClient) -> None:
    """A patch with the fingerprint of an earlier read answers 412 conditionNotMet; a patch without one is performed."""
    stale = emulator.web(0)["fingerprint"]
    assert base64.b64decode(stale, validate=True)
    emulator.do("PATCH", GROUP, {"description": "a", "fingerprint": stale})
    fresh = emulator.group()["fingerprint"]
    assert fresh != stale
    status, reason, _ = emulator.refused("PATCH", GROUP, {"description": "b", "fingerprint": stale})
    assert (status, reason) == (412, "conditionNotMet")
    emulator.do("PATCH", GROUP, {"description": "c"})
    assert emulator.group()["description"] == "c"


@verified("G")
@covers("instanceGroupManagers.setInstanceTemplate", "instanceGroupManagers.listManagedInstances")
def test_another_template_for_later_instances(emulator: EmulatorClient) -> None:
    """setInstanceTemplate sets the only version; an opportunistic group keeps its instances on the old version."""
    emulator.web(1, updatePolicy={"type": "OPPORTUNISTIC"})
    new = emulator.template("new")
    emulator.do("POST", f"{GROUP}/setInstanceTemplate", {"instanceTemplate": new})
    emulator.pass_time(5)
    group = emulator.group()
    assert [version["instanceTemplate"] for version in group["versions"]] == [new]
    assert flags(group) == (True, False)
    assert emulator.rows()[0]["version"]["instanceTemplate"].endswith("/old")


@zonal_only
@verified("G")
@covers("instanceGroupManagers.list", "instanceGroupManagers.aggregatedList")
def test_lists_of_groups_have_status(emulator: EmulatorClient) -> None:
    """Groups in a zone's list and in the aggregated list have status and counters, as a read of the group has."""
    group = emulator.web(1)
    assert emulator.get(GROUPS)["items"] == [group]
    scopes = emulator.get(f"{HOME}/aggregated/instanceGroupManagers")["items"]
    assert scopes[f"zones/{ZONE}"]["instanceGroupManagers"] == [group]
    assert actions(group) == {"none": 1}


@unverified("I")
@covers("instanceGroupManagers.delete", "zoneOperations.get")
def test_a_deletion_lasts_until_the_instances_are_deleted(emulator: EmulatorClient) -> None:
    """The deletion of a group lasts until its instances are deleted; then it and its instance group are not found."""
    emulator.web(2)
    operation = emulator.ask("DELETE", GROUP)
    assert (operation["operationType"], operation["status"]) == ("compute.instanceGroupManagers.delete", "RUNNING")
    path = operation["selfLink"].removeprefix("https://www.googleapis.com")
    reads = 0
    while (operation := emulator.get(path))["status"] != "DONE":
        reads += 1
        assert reads < 500
        emulator.pass_time(0.5)
    began_at, ended_at = (datetime.fromisoformat(operation[key]) for key in ("insertTime", "endTime"))
    assert (ended_at - began_at).total_seconds() > 2
    assert emulator.refused("GET", GROUP)[:2] == (404, "notFound")
    assert emulator.refused("GET", f"{HOME}/zones/{ZONE}/instanceGroups/web")[:2] == (404, "notFound")
    assert emulator.do("DELETE", f"{CHECKS}/up")


@verified("R")
@covers("healthChecks.delete")
def test_a_health_check_in_use_is_refused(emulator: EmulatorClient) -> None:
    """Deleting a health check that a group heals by answers 400 resourceInUseByAnotherResource."""
    emulator.web(0)
    status, reason, message = emulator.refused("DELETE", f"{CHECKS}/up")
    assert (status, reason) == (400, "resourceInUseByAnotherResource")
    assert "health_check resource" in message


@differs("stateful groups are checked and then kept without state; there are no per-instance configurations")
@covers("instanceGroupManagers.listPerInstanceConfigs")
def test_a_stateful_group_must_recreate(emulator: EmulatorClient) -> None:
    """A group with stateful disks and a surge answers 400; without a surge its status is stateful."""
    disks = {"preservedState": {"disks": {"data": {"autoDelete": "NEVER"}}}}
    body = {"name": "web", "targetSize": 0, "instanceTemplate": emulator.template("t"), "statefulPolicy": disks}
    assert emulator.refused("POST", GROUPS, body)[:2] == (400, "invalid")
    method = {"replacementMethod": "RECREATE", "maxSurge": {"fixed": 0}}
    emulator.do("POST", GROUPS, body | {"updatePolicy": ROLL | method | {"maxUnavailable": {"fixed": 1}}})
    assert emulator.group()["status"]["stateful"]["hasStatefulConfig"] is True
    assert emulator.ask("POST", f"{GROUP}/listPerInstanceConfigs") == {}
