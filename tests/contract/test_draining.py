"""Connection draining: a load balancer delays the deletion of the instances that it sends requests to."""

import pytest

from tests.contract.marks import covers, differs, regional, unverified, verified
from tests.contract.rig import GROUP, HOME, EmulatorClient, Json, actions, name_of

pytestmark = regional
SERVICES = f"{HOME}/global/backendServices"
GROUP_OF_INSTANCES = GROUP.replace("/instanceGroupManagers/", "/instanceGroups/")
DRAIN_S = 200


def balanced(emulator: EmulatorClient, *drains_s: int) -> None:
    """Make a group of one the backend of services with these draining timeouts."""
    emulator.control("POST", "instance-rules", {"delete_s": 10})
    emulator.web(1)
    emulator.do("POST", f"{HOME}/global/healthChecks", {"name": "front", "httpHealthCheck": {"port": 81}})
    for index, drain_s in enumerate(drains_s):
        body = {
            "name": f"front-{index}", "healthChecks": ["global/healthChecks/front"],
            "backends": [{"group": GROUP_OF_INSTANCES}], "connectionDraining": {"drainingTimeoutSec": drain_s},
        }  # fmt: skip
        emulator.do("POST", SERVICES, body)


def seconds_until_deleted(emulator: EmulatorClient, row: Json) -> float:
    """Return for how many seconds an instance is listed from now on."""
    began_s = emulator.now_s()
    emulator.until(lambda _: row["id"] not in [other.get("id") for other in emulator.rows()])
    return emulator.now_s() - began_s


@verified("D")
@pytest.mark.parametrize("verb", ["deleteInstances", "recreateInstances", "abandonInstances"])
@covers("backendServices.insert")
def test_the_longest_timeout_delays_the_deletion(emulator: EmulatorClient, verb: str) -> None:
    """Of several backend services the longest draining timeout counts; the deletion takes at least this time."""
    balanced(emulator, 100, DRAIN_S)
    (row,) = emulator.rows()
    emulator.do("POST", f"{GROUP}/{verb}", {"instances": [row["instance"]]})
    assert seconds_until_deleted(emulator, row) >= DRAIN_S


@verified("D")
@covers("instanceGroupManagers.patch")
def test_an_update_drains_the_replaced_instance(emulator: EmulatorClient) -> None:
    """The Updater drains the instance that it replaces, while the new instance serves."""
    balanced(emulator, DRAIN_S)
    (row,) = emulator.rows()
    emulator.roll(emulator.template("new"))
    emulator.until(lambda group: actions(group) == {"none": 1, "deleting": 1})
    assert seconds_until_deleted(emulator, row) >= DRAIN_S
    emulator.settled()


@verified("D")
@covers("backendServices.patch")
def test_a_timeout_of_0_delays_nothing(emulator: EmulatorClient) -> None:
    """A draining timeout of 0, the API's default, turns draining off."""
    balanced(emulator, DRAIN_S)
    emulator.do("PATCH", f"{SERVICES}/front-0", {"connectionDraining": {"drainingTimeoutSec": 0}})
    (row,) = emulator.rows()
    emulator.do("POST", f"{GROUP}/deleteInstances", {"instances": [row["instance"]]})
    assert seconds_until_deleted(emulator, row) < DRAIN_S


@unverified("I")
@covers("instanceGroupManagers.deleteInstances")
def test_a_drained_instance_still_runs(emulator: EmulatorClient) -> None:
    """While an instance is drained, its action is DELETING and its status RUNNING; only then it is stopped."""
    balanced(emulator, DRAIN_S)
    (row,) = emulator.rows()
    emulator.do("POST", f"{GROUP}/deleteInstances", {"instances": [row["instance"]]})
    drained = emulator.until_row(lambda other: other["currentAction"] == "DELETING")
    assert (drained["instanceStatus"], len(drained["instanceHealth"])) == ("RUNNING", 2)
    emulator.pass_time(DRAIN_S)
    stopped = emulator.until_row(lambda other: other["instanceStatus"] == "STOPPING")
    assert stopped["id"] == row["id"]


@differs("an instance is drained for exactly the timeout; Compute Engine may take up to 60 s more")
@pytest.mark.parametrize("verb", ["deleteInstances", "recreateInstances"])
@covers("backendServices.getHealth")
def test_health_of_the_backends(emulator: EmulatorClient, verb: str) -> None:
    """
    The health of a backend service has its own check's verdict and port on each instance of a group, and no instance
    that is drained; a group that is no backend is refused.
    """
    emulator.control("POST", "instance-rules", {"unanswered": ["front"]})
    balanced(emulator, DRAIN_S)
    emulator.do("POST", f"{GROUP_OF_INSTANCES}/setNamedPorts", {"namedPorts": [{"name": "http", "port": 8000}]})
    emulator.do("PATCH", f"{SERVICES}/front-0", {"portName": "http"})
    (row,) = emulator.rows()
    answer = emulator.ask("POST", f"{SERVICES}/front-0/getHealth", {"group": GROUP_OF_INSTANCES})
    (health,) = answer["healthStatus"]
    assert (name_of(health["instance"]), health["healthState"], health["port"]) == (row["name"], "UNHEALTHY", 8000)
    emulator.do("PATCH", f"{SERVICES}/front-0", {"healthChecks": ["global/healthChecks/up"]})
    answer = emulator.ask("POST", f"{SERVICES}/front-0/getHealth", {"group": GROUP_OF_INSTANCES})
    assert [health["healthState"] for health in answer["healthStatus"]] == ["HEALTHY"]
    emulator.do("POST", f"{GROUP}/{verb}", {"instances": [row["instance"]]})
    answer = emulator.ask("POST", f"{SERVICES}/front-0/getHealth", {"group": GROUP_OF_INSTANCES})
    assert answer.get("healthStatus", []) == []
    other = {"group": GROUP_OF_INSTANCES.replace("/web", "/other")}
    assert emulator.refused("POST", f"{SERVICES}/front-0/getHealth", other)[:2] == (400, "invalid")
