"""Autohealing, failed creations, and requests about single instances."""

from typing import Any

import pytest

from tests.contract.marks import covers, differs, environment, regional, unverified, verified
from tests.contract.rig import GROUP, HOME, REGION, ZONE, EmulatorClient, actions, flags, name_of, templates_of

pytestmark = regional
INSTANCES = f"{HOME}/zones/{ZONE}/instances"


def healing(delay_s: int) -> dict[str, Any]:
    """Return the policy that heals after a delay."""
    return {"autoHealingPolicies": [{"healthCheck": "global/healthChecks/up", "initialDelaySec": delay_s}]}


@verified("G")
@covers("instanceGroupManagers.listManagedInstances")
def test_an_unhealthy_instance_is_recreated(emulator: EmulatorClient) -> None:
    """An instance whose application stops answering is recreated with its name, its version and a new id."""
    emulator.web(2)
    emulator.roll(emulator.template("new"), type="OPPORTUNISTIC")
    instance = emulator.rows()[0]
    emulator.control("POST", "crash", {"instance": instance["name"]})
    emulator.until(lambda group: actions(group).get("recreating") == 1)
    emulator.until(lambda group: actions(group) == {"none": 2})
    repaired = next(row for row in emulator.rows() if row["name"] == instance["name"])
    assert repaired["id"] != instance["id"]
    assert name_of(repaired["version"]["instanceTemplate"]) == "old"


@verified("G")
@covers("instanceGroupManagers.patch")
def test_force_update_on_repair(emulator: EmulatorClient) -> None:
    """With forceUpdateOnRepair a repaired instance gets the group's present template."""
    emulator.web(1, instanceLifecyclePolicy={"forceUpdateOnRepair": "YES"})
    emulator.roll(emulator.template("new"), type="OPPORTUNISTIC")
    emulator.control("POST", "crash", {"instance": emulator.rows()[0]["name"]})
    emulator.settled()
    assert templates_of(emulator.rows()) == ["new"]


@verified("G")
@covers("instanceGroupManagers.insert")
def test_repairs_may_be_switched_off(emulator: EmulatorClient) -> None:
    """With DO_NOTHING an unhealthy instance is not repaired."""
    emulator.web(1, instanceLifecyclePolicy={"defaultActionOnFailure": "DO_NOTHING"})
    (instance,) = emulator.rows()
    emulator.control("POST", "crash", {"instance": instance["name"]})
    emulator.pass_time(150)
    (after,) = emulator.rows()
    assert after["id"] == instance["id"]
    assert after["instanceHealth"][0]["detailedHealthState"] == "UNHEALTHY"


@verified("G")
@covers("instanceGroupManagers.insert")
@pytest.mark.parametrize(("delay_s", "repairs"), [(150, 0), (30, 1)])
def test_failures_within_the_initial_delay_are_ignored(emulator: EmulatorClient, delay_s: int, repairs: int) -> None:
    """An instance that does not answer is verified throughout initialDelaySec, and recreated right after it."""
    emulator.control("POST", "instance-rules", {"template": "bad", "never_healthy": True})
    emulator.web(1, **healing(delay_s))
    emulator.roll(emulator.template("bad"))
    emulator.until_row(lambda row: row.get("instanceHealth", [{}])[0].get("detailedHealthState") == "UNHEALTHY")
    emulator.pass_time(40)
    states = emulator.request_log("group")
    assert max(instance["repairs"] for instance in states[-1]["instances"]) == repairs
    assert flags(emulator.group()) == (False, False)


@verified("G")
@covers("instanceGroupManagers.insert")
def test_a_success_within_the_delay_ends_the_start(emulator: EmulatorClient) -> None:
    """The verification of an instance ends with its first healthy verdict, long before initialDelaySec is over."""
    emulator.web(0, **healing(3_600))
    began_s = emulator.now_s()
    emulator.do("POST", f"{GROUP}/resize?size=1")
    emulator.settled()
    assert emulator.now_s() - began_s < 120


@verified("R")
@covers("instanceGroupManagers.listErrors", "instanceGroupManagers.listManagedInstances")
@pytest.mark.parametrize("code", ["ZONE_RESOURCE_POOL_EXHAUSTED", "IP_SPACE_EXHAUSTED", "INVALID_FIELD_VALUE"])
def test_a_creation_that_fails_is_retried(emulator: EmulatorClient, code: str) -> None:
    """A failed creation stays CREATING with its lastAttempt, is listed as an error, and succeeds once it can."""
    rule = {"template": "new", "create_error": code, "create_error_times": 2}
    emulator.control("POST", "instance-rules", rule)
    emulator.web(1)
    emulator.roll(emulator.template("new"))
    failed = emulator.until_row(lambda row: bool(row["lastAttempt"]))
    assert failed["currentAction"] == "CREATING"
    error = failed["lastAttempt"]["errors"]["errors"][0]
    assert (error["code"], bool(error["message"])) == (code, True)
    assert emulator.group()["targetSize"] == 1
    emulator.settled()
    errors = emulator.get(f"{GROUP}/listErrors")["items"]
    assert [entry["error"]["code"] for entry in errors] == [code] * 2
    details = errors[0]["instanceActionDetails"]
    assert (name_of(details["instance"]), details["action"]) == (failed["name"], "CREATING")
    assert name_of(details["version"]["instanceTemplate"]) == "new"


@verified("R")
@covers("instanceGroupManagers.listErrors")
def test_a_zone_without_room(emulator: EmulatorClient) -> None:
    """In a full zone the surge instance fails, the old instances keep serving, and the group waits for room."""
    emulator.web(2)
    emulator.control("PUT", "capacity", {ZONE: 2})
    emulator.roll(emulator.template("new"))
    emulator.until_row(lambda row: bool(row["lastAttempt"]))
    assert emulator.get(f"{GROUP}/listErrors")["items"][0]["error"]["code"] == "ZONE_RESOURCE_POOL_EXHAUSTED"
    assert [row["currentAction"] for row in emulator.rows()] == ["NONE", "NONE", "CREATING"]
    emulator.control("PUT", "capacity", {})
    emulator.settled()


@verified("P")
@covers("regions.get")
@environment(quotas={"INSTANCES": 2})
def test_a_quota_that_is_used_up(emulator: EmulatorClient) -> None:
    """An instance beyond the region's quota fails with QUOTA_EXCEEDED; the region shows limit and usage."""
    emulator.web(2)
    emulator.roll(emulator.template("new"))
    failed = emulator.until_row(lambda row: bool(row["lastAttempt"]))
    assert failed["lastAttempt"]["errors"]["errors"][0]["code"] == "QUOTA_EXCEEDED"
    quotas = emulator.get(f"{HOME}/regions/{REGION}")["quotas"]
    assert [(quota["metric"], quota["limit"]) for quota in quotas] == [("INSTANCES", 2.0)]
    assert quotas[0]["usage"] >= 2.0


@verified("G")
@covers("instanceGroupManagers.insert")
@environment(retries=False)
def test_creating_once_lowers_the_size(emulator: EmulatorClient) -> None:
    """CREATING_WITHOUT_RETRIES tries once, and lowers the target size when that fails."""
    emulator.web(2, check=False)
    emulator.control("POST", "instance-rules", {"create_error": "QUOTA_EXCEEDED"})
    emulator.do("POST", f"{GROUP}/resize?size=3")
    emulator.until(lambda group: actions(group).get("creatingWithoutRetries") == 1)
    assert emulator.settled()["targetSize"] == 2


@verified("G")
@covers("instanceGroupManagers.recreateInstances")
def test_recreate_on_request(emulator: EmulatorClient) -> None:
    """recreateInstances recreates an instance under its name, from the group's present template."""
    emulator.web(2)
    emulator.roll(emulator.template("new"), type="OPPORTUNISTIC")
    instance = emulator.rows()[0]
    emulator.do("POST", f"{GROUP}/recreateInstances", {"instances": [instance["instance"]]})
    emulator.until(lambda group: actions(group) == {"none": 2})
    after = next(row for row in emulator.rows() if row["name"] == instance["name"])
    assert after["id"] != instance["id"]
    assert templates_of(emulator.rows()) == ["new", "old"]


@verified("G")
@covers("instanceGroupManagers.deleteInstances", "instanceGroupManagers.abandonInstances", "instances.get")
def test_deleting_and_abandoning_lower_the_size(emulator: EmulatorClient) -> None:
    """Deleting or abandoning an instance lowers the target size; an abandoned instance stays, no longer managed."""
    emulator.web(3)
    deleted, abandoned, kept = (row["name"] for row in emulator.rows())
    for verb, name in (("deleteInstances", deleted), ("abandonInstances", abandoned)):
        emulator.do("POST", f"{GROUP}/{verb}", {"instances": [f"zones/{ZONE}/instances/{name}"]})
    assert emulator.settled()["targetSize"] == 1
    assert [row["name"] for row in emulator.rows()] == [kept]
    assert emulator.refused("GET", f"{INSTANCES}/{deleted}")[0] == 404
    assert emulator.get(f"{INSTANCES}/{abandoned}")["status"] == "RUNNING"


@verified("P")
@covers("instanceGroupManagers.applyUpdatesToInstances")
def test_updates_applied_to_listed_instances(emulator: EmulatorClient) -> None:
    """applyUpdatesToInstances brings only the listed instances of an opportunistic group to the new template."""
    emulator.web(2)
    emulator.roll(emulator.template("new"), type="OPPORTUNISTIC")
    instance = emulator.rows()[1]
    body = {"instances": [instance["instance"]], "minimalAction": "REFRESH", "mostDisruptiveAllowedAction": "REPLACE"}
    emulator.do("POST", f"{GROUP}/applyUpdatesToInstances", body)
    emulator.until(lambda group: actions(group) == {"none": 2})
    assert templates_of(emulator.rows()) == ["new", "old"]
    emulator.do("POST", f"{GROUP}/applyUpdatesToInstances", {"allInstances": True, "minimalAction": "REPLACE"})
    emulator.settled()
    assert templates_of(emulator.rows()) == ["new", "new"]


@unverified("I")
@covers("instanceGroupManagers.recreateInstances")
def test_an_instance_of_no_group_is_refused(emulator: EmulatorClient) -> None:
    """A list with an instance that is no member answers 400, unless the request skips such instances."""
    emulator.web(1)
    body: dict[str, Any] = {"instances": [f"zones/{ZONE}/instances/stranger"]}
    assert emulator.refused("POST", f"{GROUP}/recreateInstances", body)[:2] == (400, "invalid")


@differs("the action by which a group repairs a deleted instance is unknown; here it is RECREATING")
@covers("instances.delete", "instances.reset", "instances.start")
def test_an_instance_that_a_client_deletes(emulator: EmulatorClient) -> None:
    """An instance that a client deletes is recreated under its name; an instance that is reset restarts with its id."""
    emulator.web(1)
    (instance,) = emulator.rows()
    emulator.do("DELETE", f"{INSTANCES}/{instance['name']}")
    emulator.settled()
    (made,) = emulator.rows()
    assert (made["name"], made["id"] == instance["id"]) == (instance["name"], False)
    for verb in ("reset", "start"):
        emulator.do("POST", f"{INSTANCES}/{instance['name']}/{verb}")
        emulator.settled()
        assert emulator.rows()[0]["id"] == made["id"]
