"""How a group rolls: its states, the number of serving instances, and how a rollout ends or is replaced."""

import pytest

from tests.contract.marks import covers, regional, unverified, verified
from tests.contract.rig import GROUP, GROUPS, LINKS, ROLL, EmulatorClient, Json, actions, flags, name_of, templates_of

pytestmark = regional
OLD = f"{LINKS}/global/instanceTemplates/old"
RECREATE = {"replacementMethod": "RECREATE", "maxSurge": {"fixed": 0}, "maxUnavailable": {"fixed": 1}}


def history(emulator: EmulatorClient) -> list[Json]:
    """Return every state that the group was ever in, from the request log."""
    return [entry for entry in emulator.request_log("group") if entry["group"].endswith("/web")]


def serving(state: Json) -> int:
    """Count the available instances."""
    return sum(instance["available"] for instance in state["instances"])


@verified("R")
@covers("instanceGroupManagers.patch", "instanceGroupManagers.listManagedInstances")
def test_a_rollout_never_serves_with_less(emulator: EmulatorClient) -> None:
    """With surge 1 and unavailable 0, at least the target size serves throughout, with at most one extra instance."""
    emulator.web(3)
    began = len(history(emulator))
    before = {row["name"] for row in emulator.rows()}
    emulator.roll(emulator.template("new"))
    emulator.settled()
    states = history(emulator)[began:]
    assert min(map(serving, states)) == 3
    assert max(state["living"] for state in states) == 4
    rows = emulator.rows()
    assert templates_of(rows) == ["new"] * 3
    assert not before & {row["name"] for row in rows}
    assert {(row["instanceStatus"], row["currentAction"]) for row in rows} == {("RUNNING", "NONE")}
    assert {row["instanceHealth"][0]["detailedHealthState"] for row in rows} == {"HEALTHY"}


@verified("G")
@covers("instanceGroupManagers.patch")
@pytest.mark.parametrize(("surge", "unavailable"), [(0, 1), (2, 0), (3, 3), (1, 2)])
def test_surge_and_unavailable_bound_a_rollout(emulator: EmulatorClient, surge: int, unavailable: int) -> None:
    """At most target size plus surge live, and at least target size less unavailable serve."""
    emulator.web(3)
    began = len(history(emulator))
    emulator.roll(emulator.template("new"), maxSurge={"fixed": surge}, maxUnavailable={"fixed": unavailable})
    emulator.settled()
    states = history(emulator)[began:]
    assert 3 - unavailable <= min(map(serving, states))
    assert max(state["living"] for state in states) <= 3 + surge
    assert templates_of(emulator.rows()) == ["new"] * 3


@verified("G")
@covers("instanceGroupManagers.patch")
def test_recreate_keeps_names(emulator: EmulatorClient) -> None:
    """RECREATE replaces instance after instance, with the old names and new ids."""
    emulator.web(2)
    before = {row["name"]: row["id"] for row in emulator.rows()}
    emulator.roll(emulator.template("new"), **RECREATE)
    emulator.until(lambda group: actions(group).get("recreating") == 1)
    emulator.settled()
    after = {row["name"]: row["id"] for row in emulator.rows()}
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())
    assert templates_of(emulator.rows()) == ["new"] * 2


@verified("G")
@covers("instanceGroupManagers.patch")
@pytest.mark.parametrize(
    ("action", "counter", "restarts"), [("REFRESH", "refreshing", 0), ("RESTART", "restarting", 1)]
)
def test_metadata_may_be_applied_in_place(emulator: EmulatorClient, action: str, counter: str, restarts: int) -> None:
    """With a lesser minimalAction a change of metadata keeps the instance: same name, same id."""
    emulator.web(1)
    (before,) = emulator.rows()
    emulator.roll(emulator.template("new"), **RECREATE, minimalAction=action)
    emulator.until(lambda group: actions(group).get(counter) == 1)
    emulator.settled()
    (after,) = emulator.rows()
    assert (after["name"], after["id"], name_of(after["version"]["instanceTemplate"])) == (
        before["name"],
        before["id"],
        "new",
    )
    stopped = [
        state for state in history(emulator) if state["instances"] and state["instances"][0]["status"] == "STOPPING"
    ]
    assert bool(stopped) == bool(restarts)


@verified("G")
@covers("instanceGroupManagers.patch")
def test_what_is_too_disruptive_is_not_done(emulator: EmulatorClient) -> None:
    """A change that needs more than mostDisruptiveAllowedAction is not made at all: stable, and never reached."""
    emulator.web(1)
    new = emulator.template("new", disks=[{"boot": True}])
    emulator.roll(new, minimalAction="REFRESH", mostDisruptiveAllowedAction="RESTART")
    emulator.pass_time(30)
    assert flags(emulator.group()) == (True, False)
    assert templates_of(emulator.rows()) == ["old"]


@verified("W")
@covers("instanceGroupManagers.patch")
def test_a_new_version_name_replaces_all(emulator: EmulatorClient) -> None:
    """The same template with a new version name replaces every instance, as `rolling-action replace` does."""
    emulator.web(2)
    before = {row["name"] for row in emulator.rows()}
    versions = [{"instanceTemplate": OLD, "name": "0/2026-11-23 12:00:00+00:00"}]
    emulator.do("PATCH", GROUP, {"versions": versions, "updatePolicy": {"type": "PROACTIVE"}})
    emulator.settled()
    rows = emulator.rows()
    assert not before & {row["name"] for row in rows}
    assert {row["version"]["name"] for row in rows} == {"0/2026-11-23 12:00:00+00:00"}


@verified("G")
@covers("instanceGroupManagers.patch")
def test_a_canary_has_its_own_size(emulator: EmulatorClient) -> None:
    """The version with a size gets that many instances, the other version the rest; both show their sizes."""
    emulator.web(3)
    new = emulator.template("new")
    versions: list[Json] = [{"instanceTemplate": OLD}, {"instanceTemplate": new, "targetSize": {"fixed": 1}}]
    emulator.do("PATCH", GROUP, {"versions": versions})
    group = emulator.settled()
    assert templates_of(emulator.rows()) == ["new", "old", "old"]
    sizes = [version["targetSize"] for version in group["versions"]]
    assert sizes == [{"calculated": 2}, {"fixed": 1, "calculated": 1}]
    emulator.roll(new)
    emulator.settled()
    assert templates_of(emulator.rows()) == ["new"] * 3


@unverified("M")
@covers("instanceGroupManagers.patch")
def test_a_group_with_two_versions_has_no_template_of_its_own(emulator: EmulatorClient) -> None:
    """With two versions the group names no instanceTemplate of its own."""
    emulator.web(1)
    canary = {"instanceTemplate": emulator.template("new"), "targetSize": {"percent": 50}}
    emulator.do("PATCH", GROUP, {"versions": [{"instanceTemplate": OLD}, canary]})
    assert "instanceTemplate" not in emulator.group()


@verified("G", "R")
@covers("instanceGroupManagers.patch")
def test_an_opportunistic_group_waits(emulator: EmulatorClient) -> None:
    """An opportunistic group is stable at once and never reached; a later instance has the new template."""
    emulator.web(1)
    emulator.roll(emulator.template("new"), type="OPPORTUNISTIC")
    emulator.pass_time(60)
    assert flags(emulator.group()) == (True, False)
    emulator.do("POST", f"{GROUP}/resize?size=2")
    emulator.until(lambda group: actions(group) == {"none": 2})
    assert templates_of(emulator.rows()) == ["new", "old"]


@unverified("M")
@covers("instanceGroupManagers.patch")
def test_a_second_patch_replaces_the_intent(emulator: EmulatorClient) -> None:
    """A patch in mid-rollout is accepted at once; instances of the replaced version are deleted, the newest remain."""
    emulator.web(2)
    emulator.roll(emulator.template("second"))
    emulator.until(lambda _: "second" in templates_of(emulator.rows()))
    emulator.roll(emulator.template("third"))
    emulator.settled()
    assert templates_of(emulator.rows()) == ["third"] * 2


@verified("G")
@covers("instanceGroupManagers.patch", "instanceGroupManagers.listErrors")
def test_a_broken_template_leaves_the_old_ones(emulator: EmulatorClient) -> None:
    """A rollout to a template that never answers stops at one surge instance; old instances serve, no flag is set."""
    emulator.control("POST", "instance-rules", {"template": "bad", "never_healthy": True})
    emulator.web(2)
    began = len(history(emulator))
    emulator.roll(emulator.template("bad"))
    emulator.until_row(lambda row: row.get("instanceHealth", [{}])[0].get("detailedHealthState") == "UNHEALTHY")
    emulator.pass_time(200)
    assert flags(emulator.group()) == (False, False)
    assert templates_of(emulator.rows()) == ["bad", "old", "old"]
    assert min(map(serving, history(emulator)[began:])) == 2
    assert max(state["living"] for state in history(emulator)[began:]) == 3
    assert "items" not in emulator.get(f"{GROUP}/listErrors")


@verified("G")
@covers("instanceGroupManagers.patch")
def test_a_rollback_from_a_broken_template_is_fast(emulator: EmulatorClient) -> None:
    """A patch to the old template deletes the broken instance at once and changes no old instance."""
    emulator.control("POST", "instance-rules", {"template": "bad", "never_healthy": True})
    emulator.web(2)
    before = {row["name"]: row["id"] for row in emulator.rows()}
    emulator.roll(emulator.template("bad"))
    emulator.until_row(lambda row: row["currentAction"] == "VERIFYING")
    began_s = emulator.now_s()
    emulator.roll(OLD)
    emulator.settled()
    assert {row["name"]: row["id"] for row in emulator.rows()} == before
    states = [state for state in history(emulator) if state["at_s"] >= began_s]
    assert states[-1]["at_s"] - began_s < 30
    assert all(
        instance["action"] == "NONE"
        for state in states
        for instance in state["instances"]
        if instance["name"] in before
    )


@verified("G")
@covers("instanceGroupManagers.patch")
def test_without_a_check_running_is_enough(emulator: EmulatorClient) -> None:
    """A group without a health check takes RUNNING for available, and rolls a broken template to the end."""
    emulator.control("POST", "instance-rules", {"template": "bad", "never_healthy": True})
    emulator.web(2, check=False)
    emulator.roll(emulator.template("bad"))
    emulator.settled()
    rows = emulator.rows()
    assert templates_of(rows) == ["bad"] * 2
    assert not any("instanceHealth" in row for row in rows)


@verified("R")
@covers("instanceGroupManagers.insert")
def test_an_empty_group_is_done_at_once(emulator: EmulatorClient) -> None:
    """A group of target size 0 is stable and reached as soon as a patch has settled: nothing was proven."""
    emulator.web(0)
    emulator.roll(emulator.template("new"))
    assert actions(emulator.settled()) == {}


@verified("G")
@covers("instanceGroupManagers.patch", "instanceGroupManagers.insert")
def test_a_percentage_is_of_the_target_size(emulator: EmulatorClient) -> None:
    """A percentage of surge is read back calculated from the target size, and bounds the rollout."""
    policy = ROLL | {"maxSurge": {"percent": 20}}
    emulator.do(
        "POST",
        GROUPS,
        {"name": "web", "targetSize": 10, "instanceTemplate": emulator.template("old"), "updatePolicy": policy},
    )
    emulator.settled()
    began = len(history(emulator))
    emulator.roll(emulator.template("new"), maxSurge={"percent": 20})
    assert emulator.settled()["updatePolicy"]["maxSurge"] == {"percent": 20, "calculated": 2}
    assert max(state["living"] for state in history(emulator)[began:]) == 12
