"""Answers of the emulator have every member that a recorded answer of Compute Engine has, in the same form."""

import pytest

from tests.contract.marks import covers, environment, verified
from tests.contract.rig import CHECKS, GROUP, GROUPS, HOME, REGION, TEMPLATES, EmulatorClient, Json, actions, flags
from tests.support import recorded
from tests.support.recorded import Recorded, members

POLICY: Json = {"minimalAction": "RESTART", "maxSurge": {"fixed": 3}, "maxUnavailable": {"fixed": 3}}


def create(emulator: EmulatorClient) -> Json:
    """Create the resources that the recorded requests created; return the types of their operations."""
    body = {"name": "up", "type": "HTTP", "httpHealthCheck": {"port": 80}}
    check = emulator.do("POST", CHECKS, body)
    disk = {
        "autoDelete": True,
        "boot": True,
        "initializeParams": {"diskType": "pd-standard", "sourceImage": "global/images/family/base"},
    }
    properties = {
        "disks": [disk],
        "labels": {"a": "b"},
        "machineType": "n1-standard-1",
        "metadata": {},
        "networkInterfaces": [{"network": "global/networks/default"}],
        "scheduling": {"onHostMaintenance": "MIGRATE"},
        "tags": {},
    }
    template = emulator.do("POST", TEMPLATES, {"name": "t", "properties": properties})
    group = emulator.do(
        "POST",
        GROUPS,
        {
            "name": "web",
            "baseInstanceName": "app",
            "targetSize": 3,
            "instanceTemplate": "global/instanceTemplates/t",
            "autoHealingPolicies": [{"healthCheck": "global/healthChecks/up", "initialDelaySec": 300}],
            "updatePolicy": POLICY,
        },
    )
    return {
        "healthChecks.insert": check["operationType"],
        "instanceTemplates.insert": template["operationType"],
        "instanceGroupManagers.insert": group["operationType"],
    }


def assert_has_members(answer: Json, recorded_answer: Recorded) -> None:
    """Check that an answer has each member of a recorded answer, of the same JSON type."""
    answered = set(members(answer))
    missing = [member for member in members(recorded_answer.document) if member not in answered]
    assert not missing, f"{recorded_answer.source}, {recorded_answer.on}"


@verified("C")
@covers(
    "instanceGroupManagers.get", "instanceGroupManagers.list", "instanceTemplates.get", "healthChecks.get",
    "regions.get",
)  # fmt: skip
@environment(quotas={"INSTANCES": 24, "CPUS": 24})
def test_resources_have_the_recorded_members(emulator: EmulatorClient) -> None:
    """A group, alone and in a list, a template, a health check and a region have the members of recorded answers."""
    create(emulator)
    assert_has_members(emulator.group(), recorded.NEW_GROUP)
    assert_has_members(emulator.get(GROUPS)["items"][0], recorded.NEW_GROUP)
    assert_has_members(emulator.get(f"{TEMPLATES}/t"), recorded.TEMPLATE)
    assert_has_members(emulator.get(f"{CHECKS}/up"), recorded.HEALTH_CHECK)
    assert_has_members(emulator.get(f"{HOME}/regions/{REGION}"), recorded.REGION)


@verified("C")
@covers("instanceGroupManagers.get")
def test_what_a_recorded_group_lacks(emulator: EmulatorClient) -> None:
    """A group without these settings shows no revision of a configuration, no delay of a pool and no version name."""
    create(emulator)
    group = emulator.group()
    assert group["status"]["allInstancesConfig"] == {"effective": True}
    assert group["standbyPolicy"] == {"mode": "MANUAL"}
    assert "name" not in group["versions"][0]


@verified("C")
@covers("instanceGroupManagers.patch", "instanceGroupManagers.delete")
def test_operation_types(emulator: EmulatorClient) -> None:
    """The type of an operation is the whole method for some methods, and the bare verb for others."""
    types = create(emulator)
    patch = emulator.ask("PATCH", GROUP, {"description": "x"})
    assert_has_members(patch, recorded.OPERATION)
    types["instanceGroupManagers.patch"] = emulator.finish(patch)["operationType"]
    types["instanceGroupManagers.delete"] = emulator.ask("DELETE", GROUP)["operationType"]
    assert types == recorded.OPERATION_TYPES.document


@verified("C")
@covers("zoneOperations.wait")
def test_a_failed_operation(emulator: EmulatorClient) -> None:
    """An operation that fails is DONE, with its errors, an HTTP status and the status's text."""
    emulator.web(0)
    emulator.plan({"on": "*.patch", "operation": {"error": "CONDITION_NOT_MET", "message": "no"}})
    operation = emulator.finish(emulator.ask("PATCH", GROUP, {"description": "x"}))
    assert_has_members(operation, recorded.FAILED_OPERATION)


@verified("C")
@covers("instanceGroupManagers.get")
@pytest.mark.parametrize("path", [GROUP, f"{TEMPLATES}/t", f"{CHECKS}/up"])
def test_an_absent_resource(emulator: EmulatorClient, path: str) -> None:
    """The answer for an absent resource has the message twice, the domain and the reason."""
    emulator.send("GET", GROUP)
    answer = emulator.send("GET", path)
    assert answer.status_code == 404
    assert_has_members(answer.json(), recorded.ABSENT)


@verified("C")
@covers("instanceGroupManagers.get")
def test_instances_that_wait_for_their_health_check(emulator: EmulatorClient) -> None:
    """While all instances are verified, the version target is reached, and the group is not stable."""
    create(emulator)
    group = emulator.until(lambda document: actions(document) == {"verifying": 3})
    assert flags(group) == (False, True)
    assert_has_members(group, recorded.VERIFYING)
