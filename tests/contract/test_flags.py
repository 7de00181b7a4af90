"""The two flags of a group's status, row by row, and the counters of actions that are seen with them."""

from itertools import groupby

from tests.contract.marks import covers, regional, unverified, verified
from tests.contract.rig import GROUP, EmulatorClient, Json, actions, flags, name_of

pytestmark = regional

Row = tuple[frozenset[str], bool, bool]
RECREATE = {"replacementMethod": "RECREATE", "maxSurge": {"fixed": 0}, "maxUnavailable": {"fixed": 1}}


def row(document: Json) -> Row:
    """Return the actions, isStable and isReached of a group."""
    return frozenset(actions(document)), *flags(document)


def rows_over_time(emulator: EmulatorClient) -> list[Row]:
    """Poll a group until it is stable and reached; return its states in order."""
    rows = []
    for document in emulator.moments():
        rows.append(row(document))
        if rows[-1][1:] == (True, True):
            break
    return [state for state, _ in groupby(rows)]


def of(*names: str, stable: bool = False, reached: bool = False) -> Row:
    """Write a row of the table."""
    return frozenset(names), stable, reached


@verified("R", "G")
@covers("instanceGroupManagers.get", "instanceGroupManagers.patch")
def test_a_rollout_passes_through_its_activities(emulator: EmulatorClient) -> None:
    """A rollout of one instance shows: no action, creating, verifying, a gap, deleting, a gap, done."""
    emulator.web(1)
    emulator.roll(emulator.template("new"))
    expected = [
        of("none"),  # accepted, nothing started: a zero-action answer right after the operation, and not stable
        of("none", "creating"),
        of("none", "verifying"),
        of("none"),
        of("none", "deleting", reached=True),
        of("none", reached=True),
        of("none", stable=True, reached=True),
    ]
    assert rows_over_time(emulator) == expected


@verified("R")
@covers("instanceGroupManagers.get")
def test_a_group_at_rest_on_the_old_version_looks_done(emulator: EmulatorClient) -> None:
    """An idle group on the old version has both flags: the flags do not depend on which version serves."""
    group = emulator.web(1)
    assert row(group) == of("none", stable=True, reached=True)
    assert name_of(group["versions"][0]["instanceTemplate"]) == "old"


@unverified("I")
@covers("instanceGroupManagers.patch")
def test_an_accepted_patch_is_neither(emulator: EmulatorClient) -> None:
    """The first read after a patch was accepted shows neither flag, and every instance has the action NONE."""
    emulator.web(1)
    new = emulator.template("new")
    operation = emulator.ask("PATCH", GROUP, {"versions": [{"instanceTemplate": new}]})
    assert operation["status"] in ("RUNNING", "DONE")
    stable, reached = flags(emulator.group())
    assert (stable, reached) == (False, False)


@verified("R")
@covers("instanceGroupManagers.patch")
def test_reached_is_not_healthy(emulator: EmulatorClient) -> None:
    """While the last instance of the new version is verifying, isReached is set and isStable is not."""
    emulator.web(1)
    emulator.roll(emulator.template("new"), **RECREATE)
    expected = [
        of("none"),
        of("recreating", reached=True),
        of("verifying", reached=True),
        of("none", reached=True),
        of("none", stable=True, reached=True),
    ]
    assert rows_over_time(emulator) == expected


@unverified("I")
@covers("instanceGroupManagers.patch")
def test_an_instance_that_is_being_deleted_has_no_version(emulator: EmulatorClient) -> None:
    """The row of an instance that is being deleted names no version; from then on isReached is set."""
    emulator.web(1)
    emulator.roll(emulator.template("new"))
    deleting = emulator.until_row(lambda instance: instance["currentAction"] == "DELETING")
    assert "version" not in deleting
    emulator.settled()
    states = emulator.request_log("group")
    assert not any(state["is_reached"] for state in states if {"old", "new"} <= living(state))
    assert any(state["is_reached"] and not state["is_stable"] for state in states if state["phase"] == "deleting")


@verified("R")
@covers("instanceGroupManagers.patch")
def test_opportunistic_is_stable_and_not_reached(emulator: EmulatorClient) -> None:
    """After a change of template an opportunistic group stays stable and not reached."""
    emulator.web(1)
    emulator.roll(emulator.template("new"), type="OPPORTUNISTIC")
    emulator.until(lambda group: flags(group) == (True, False))
    emulator.pass_time(100)
    assert row(emulator.group()) == of("none", stable=True)


@verified("G")
@covers("instances.stop")
def test_a_repair_is_not_stable(emulator: EmulatorClient) -> None:
    """An instance that another client stopped is recreated; meanwhile the group is reached and not stable."""
    emulator.web(1)
    (instance,) = emulator.rows()
    emulator.do("POST", f"{GROUP.partition('/instanceGroupManagers')[0]}/instances/{instance['name']}/stop")
    emulator.until(lambda group: row(group) == of("recreating", reached=True))
    emulator.settled()
    (repaired,) = emulator.rows()
    assert repaired["name"] == instance["name"]
    assert repaired["id"] != instance["id"]


@verified("G")
@covers("instanceGroupManagers.insert")
def test_a_row_has_its_instance_once_it_exists(emulator: EmulatorClient) -> None:
    """The row of an instance has its name from the beginning; id, status and health follow when the instance exists."""
    emulator.control("POST", "instance-rules", {"create_s": 30, "boot_s": 30})
    emulator.do(
        "POST",
        "/compute/v1/projects/demo/global/healthChecks",
        {"name": "up", "type": "TCP", "tcpHealthCheck": {"port": 1}},
    )
    healing = [{"healthCheck": "global/healthChecks/up"}]
    body = {
        "name": "web",
        "targetSize": 1,
        "instanceTemplate": emulator.template("old"),
        "autoHealingPolicies": healing,
    }
    emulator.do("POST", GROUP.rpartition("/")[0], body)
    requested = emulator.until_row(lambda instance: instance["currentAction"] == "CREATING")
    assert not {"id", "instanceStatus", "instanceHealth"} & requested.keys()
    assert requested["instance"].endswith(f"/instances/{requested['name']}")
    assert requested["lastAttempt"] == {}
    created = emulator.until_row(lambda instance: "id" in instance)
    assert created["instanceStatus"] in ("PROVISIONING", "STAGING")
    assert created["currentAction"] == "CREATING"
    running = emulator.until_row(lambda instance: "instanceHealth" in instance)
    assert running["instanceStatus"] == "RUNNING"


def living(state: Json) -> set[str]:
    """Return the templates of the instances that are not being deleted."""
    return {instance["template"] for instance in state["instances"] if instance["action"] != "DELETING"}
