"""Suspended and stopped instances: verbs, target sizes and policies of standby pools."""

import google.cloud.compute_v1 as compute
import pytest

from tests.contract.marks import covers, own, regional, unverified, verified, zonal_only
from tests.contract.rig import GROUP, GROUPS, PROJECT, ROLL, ZONE, EmulatorClient, actions, flags
from tests.contract.standby import link, pooled, sizes, standby

pytestmark = regional
VERBS = [
    ("suspendInstances", "resumeInstances", "SUSPENDING", "RESUMING", "SUSPENDED", "SUSPENDED", "targetSuspendedSize"),
    ("stopInstances", "startInstances", "STOPPING", "STARTING", "STOPPED", "TERMINATED", "targetStoppedSize"),
]
SHAPE = ("away", "back", "leaving", "returning", "target", "status", "size")


@verified("P", "G")
@covers(
    "instanceGroupManagers.suspendInstances", "instanceGroupManagers.resumeInstances",
    "instanceGroupManagers.stopInstances", "instanceGroupManagers.startInstances",
)  # fmt: skip
def test_the_verbs_move_instances_between_the_sizes(emulator: EmulatorClient) -> None:
    """
    Suspending and stopping lower the target size and raise that of the pool; resuming and starting do the opposite.
    The operation is done before the instances are; a resumed or started instance is verified by the health check.
    """
    emulator.web(3)
    for verb in (dict(zip(SHAPE, verbs, strict=True)) for verbs in VERBS):
        first = emulator.rows()[0]
        emulator.do("POST", f"{GROUP}/{verb['away']}", {"instances": [link(first)]})
        group = emulator.group()
        assert (group["targetSize"], group[verb["size"]]) == (2, 1)
        assert emulator.rows()[0]["currentAction"] == verb["leaving"]
        assert flags(group)[0] is False
        row = emulator.until_row(lambda row, verb=verb: row.get("instanceStatus") == verb["status"])  # type: ignore[misc]
        assert (row["name"], row["targetStatus"], row["currentAction"]) == (first["name"], verb["target"], "NONE")
        assert "instanceHealth" not in row
        assert actions(emulator.settled()) == {"none": 2}
        emulator.do("POST", f"{GROUP}/{verb['back']}", {"instances": [link(row)]})
        row = emulator.rows()[0]
        assert (row["currentAction"], row["targetStatus"]) == (verb["returning"], "RUNNING")
        assert actions(emulator.group()) == {verb["returning"].lower(): 1, "none": 2}
        emulator.until_row(lambda row: row["currentAction"] == "VERIFYING")
        assert sizes(emulator.settled()) == (3, 0, 0)
        assert emulator.rows()[0]["id"] == first["id"]


@verified("P")
@covers("instanceGroupManagers.patch")
@pytest.mark.parametrize(("verb", "force"), [("suspendInstances", "forceSuspend"), ("stopInstances", "forceStop")])
def test_the_initial_delay(emulator: EmulatorClient, verb: str, force: str) -> None:
    """The initial delay counts from the instance's creation and is skipped by force; meanwhile the instance runs."""
    emulator.web(2)
    emulator.do("PATCH", GROUP, {"standbyPolicy": {"initialDelaySec": 600}})
    first, second = emulator.rows()
    emulator.do("POST", f"{GROUP}/{verb}", {"instances": [link(first)]})
    emulator.pass_time(60)
    waiting = emulator.rows()[0]
    assert (waiting["instanceStatus"], waiting["targetStatus"][0]) == ("RUNNING", "S")
    emulator.do("POST", f"{GROUP}/{verb}", {"instances": [link(second)], force: True})
    emulator.pass_time(60)
    assert [row["instanceStatus"] in ("SUSPENDED", "TERMINATED") for row in emulator.rows()] == [False, True]
    emulator.pass_time(600)
    assert flags(emulator.group()) == (True, True)


@verified("P")
@covers(
    "instanceGroupManagers.suspendInstances", "instanceGroupManagers.resumeInstances",
    "instanceGroupManagers.stopInstances", "instanceGroupManagers.startInstances",
)  # fmt: skip
def test_an_instance_in_the_wrong_state_is_refused(emulator: EmulatorClient) -> None:
    """Only running instances can be suspended or stopped, only suspended ones resumed, only stopped ones started."""
    pooled(emulator, 1)
    suspended, stopped = standby(emulator)
    running = next(row for row in emulator.rows() if row["targetStatus"] == "RUNNING")
    for verb, rows in {
        "suspendInstances": [suspended, stopped], "stopInstances": [suspended, stopped],
        "resumeInstances": [running, stopped], "startInstances": [running, suspended],
    }.items():  # fmt: skip
        for row in rows:
            status, reason, message = emulator.refused("POST", f"{GROUP}/{verb}", {"instances": [link(row)]})
            assert (status, reason) == (400, "invalid")
            assert row["name"] in message
        assert emulator.refused("POST", f"{GROUP}/{verb}", {"instances": [f"zones/{ZONE}/instances/none"]})[0] == 400
    assert sizes(emulator.group()) == (1, 1, 1)


@verified("P", "G")
@covers("instanceGroupManagers.insert", "instanceGroupManagers.patch", "instanceGroupManagers.get")
def test_sizes_and_policy(emulator: EmulatorClient) -> None:
    """A group takes the sizes and the policy of its pool, shows their defaults, and refuses those out of range."""
    group = emulator.web(1)
    assert sizes(group) == (1, 0, 0)
    assert group["standbyPolicy"] == {"mode": "MANUAL"}
    emulator.do("PATCH", GROUP, {"targetSuspendedSize": 2, "targetStoppedSize": 1})
    assert sizes(emulator.settled()) == (1, 2, 1)
    assert sorted(row["instanceStatus"] for row in standby(emulator)) == ["SUSPENDED", "SUSPENDED", "TERMINATED"]
    emulator.do("PATCH", GROUP, {"targetSuspendedSize": 0})
    emulator.settled()
    assert [row["targetStatus"] for row in standby(emulator)] == ["STOPPED"]
    for body, field in (
        ({"targetSuspendedSize": -1}, "resource.targetSuspendedSize"),
        ({"targetStoppedSize": 1001}, "resource.targetStoppedSize"),
        ({"standbyPolicy": {"initialDelaySec": 3601}}, "resource.standbyPolicy.initialDelaySec"),
        ({"standbyPolicy": {"mode": "AUTO"}}, "resource.standbyPolicy.mode"),
    ):
        status, reason, message = emulator.refused("PATCH", GROUP, body)
        assert (status, reason) == (400, "invalid")
        assert f"'{field}'" in message
        assert emulator.refused("POST", GROUPS, {"name": "other"} | body)[0] == 400


@verified("P", "G")
@covers("instanceGroupManagers.resize")
@pytest.mark.parametrize(("mode", "kept"), [("MANUAL", False), ("SCALE_OUT_POOL", True)])
def test_growing_takes_from_the_pool(emulator: EmulatorClient, mode: str, kept: bool) -> None:
    """A group that grows takes instances from its pool in SCALE_OUT_POOL, and creates instances in MANUAL."""
    pooled(emulator, 1, standbyPolicy={"mode": mode})
    before = {row["id"] for row in standby(emulator)}
    emulator.do("POST", f"{GROUP}/resize?size=3")
    assert sizes(emulator.settled()) == (3, 1, 1)
    running = {row["id"] for row in emulator.rows() if row["targetStatus"] == "RUNNING"}
    assert (before <= running) is kept
    assert len(standby(emulator)) == 2


@unverified("I")
@covers(
    "instanceGroupManagers.deleteInstances", "instanceGroupManagers.abandonInstances", "instanceGroupManagers.delete"
)
def test_the_end_of_the_pool(emulator: EmulatorClient) -> None:
    """Deleting or abandoning an instance of the pool lowers the pool's size; with the group its pool is deleted."""
    emulator.web(1, targetSuspendedSize=2, targetStoppedSize=1)
    first, second, third = standby(emulator)
    emulator.do("POST", f"{GROUP}/deleteInstances", {"instances": [link(first)]})
    emulator.do("POST", f"{GROUP}/abandonInstances", {"instances": [link(third)]})
    assert sizes(emulator.settled()) == (1, 1, 0)
    assert [row["name"] for row in standby(emulator)] == [second["name"]]
    operation = emulator.ask("DELETE", GROUP)
    emulator.pass_time(60)
    path = operation["selfLink"].removeprefix("https://www.googleapis.com")
    assert emulator.get(path)["status"] == "DONE"
    assert emulator.send("GET", GROUP).status_code == 404


@unverified("I")
@covers("instances.stop", "instances.start")
def test_an_instance_of_the_pool_that_a_client_changes(emulator: EmulatorClient) -> None:
    """An instance of the pool that another client starts or stops is returned to its state by the group."""
    pooled(emulator, 1)
    suspended, stopped = standby(emulator)
    for row, verb in ((suspended, "stop"), (stopped, "start")):
        emulator.do("POST", f"{GROUPS.rpartition('/')[0]}/instances/{row['name']}/{verb}")
        emulator.until(lambda group: not flags(group)[0])
        emulator.settled()
    assert sorted(row["instanceStatus"] for row in standby(emulator)) == ["SUSPENDED", "TERMINATED"]


@zonal_only
@verified("P")
@covers("instanceGroupManagers.suspendInstances", "instanceGroupManagers.resumeInstances")
def test_the_pool_through_the_client(emulator: EmulatorClient) -> None:
    """google-cloud-compute suspends and resumes, and reads the sizes, the target status and the counters."""
    emulator.web(2)
    client = emulator.google(compute.InstanceGroupManagersClient)
    where = {"project": PROJECT, "zone": ZONE, "instance_group_manager": "web"}
    body = {"instances": [link(emulator.rows()[0])]}
    client.suspend_instances_unary(**where, instance_group_managers_suspend_instances_request_resource=body)
    group = client.get(**where)
    assert (group.target_size, group.target_suspended_size, group.current_actions.suspending) == (1, 1, 1)
    emulator.settled()
    rows = list(client.list_managed_instances(**where))
    assert [(row.target_status, row.instance_status) for row in rows] == [
        ("SUSPENDED", "SUSPENDED"), ("RUNNING", "RUNNING"),
    ]  # fmt: skip
    client.resume_instances_unary(**where, instance_group_managers_resume_instances_request_resource=body)
    assert client.get(**where).current_actions.resuming == 1
    assert sizes(emulator.settled()) == (2, 0, 0)


@verified("P")
@covers("instanceGroupManagers.suspendInstances")
def test_the_permission_of_the_verbs(emulator: EmulatorClient) -> None:
    """Suspending, stopping, resuming and starting need the permission to update the group."""
    emulator.web(1)
    emulator.control("PUT", "permissions", {"denied": ["compute.instanceGroupManagers.update"]})
    for verbs in VERBS:
        for verb in verbs[:2]:
            assert emulator.refused("POST", f"{GROUP}/{verb}", {"instances": []})[:2] == (403, "forbidden")


@own
@covers("instanceGroupManagers.resize")
def test_a_moment_of_the_pool(emulator: EmulatorClient) -> None:
    """A fault plan makes a request when a group begins to suspend."""
    emulator.web(1)
    resize = {"verb": "POST", "path": f"{GROUP[1:]}/resize?size=2"}
    plan = emulator.plan({"when": {"phase": "suspending"}, "nth": [1], "request": resize})
    emulator.do("PATCH", GROUP, {"targetSuspendedSize": 1, "updatePolicy": ROLL})
    assert sizes(emulator.settled()) == (2, 1, 0)
    assert emulator.fired(plan) == [1]
