"""A target size that changes while a group rolls: by hand, by an autoscaler, and at a planned moment."""

from typing import Any

import google.cloud.compute_v1 as compute
import pytest

from tests.contract.marks import covers, differs, own, regional, unverified, verified, zonal_only
from tests.contract.rig import GROUP, HOME, PROJECT, ZONE, EmulatorClient, actions, templates_of

pytestmark = regional
SCALERS = f"{HOME}/zones/{ZONE}/autoscalers"


def scaler(**policy: Any) -> dict[str, Any]:
    """Return an autoscaler of the group."""
    target = f"zones/{ZONE}/instanceGroupManagers/web"
    return {"name": "more", "target": target, "autoscalingPolicy": {"minNumReplicas": 1, "maxNumReplicas": 4} | policy}


@verified("G")
@covers("instanceGroupManagers.resize")
@pytest.mark.parametrize("size", [4, 1])
def test_a_resize_in_mid_rollout(emulator: EmulatorClient, size: int) -> None:
    """A resize in mid-rollout is accepted; the rollout ends with that many instances of the new template."""
    emulator.web(2)
    emulator.roll(emulator.template("new"))
    emulator.until(lambda group: bool({"creating", "verifying"} & actions(group).keys()))
    emulator.do("POST", f"{GROUP}/resize?size={size}")
    assert emulator.settled()["targetSize"] == size
    assert templates_of(emulator.rows()) == ["new"] * size


@zonal_only
@verified("P")
@covers("instanceGroupManagers.resize")
@pytest.mark.parametrize("size", ["-1", "1001", "x"])
def test_a_size_that_can_not_be(emulator: EmulatorClient, size: str) -> None:
    """A size outside its range answers 400."""
    emulator.web(0)
    assert emulator.refused("POST", f"{GROUP}/resize?size={size}")[:2] == (400, "invalid")


@unverified("I")
@covers("instanceGroupManagers.resize")
def test_a_smaller_size_takes_what_serves_least(emulator: EmulatorClient) -> None:
    """A group that shrinks deletes instances that are not available first."""
    emulator.control("POST", "instance-rules", {"template": "bad", "never_healthy": True})
    emulator.web(2)
    names = {row["name"] for row in emulator.rows()}
    emulator.roll(emulator.template("bad"), type="OPPORTUNISTIC")
    emulator.do("POST", f"{GROUP}/resize?size=3")
    emulator.until_row(lambda row: row["currentAction"] == "VERIFYING")
    emulator.do("POST", f"{GROUP}/resize?size=2")
    emulator.until(lambda group: actions(group) == {"none": 2})
    assert {row["name"] for row in emulator.rows()} == names


@differs(
    "an autoscaler has no signals: it keeps its group within its bounds, and /emulator/autoscaler recommends a size"
)
@covers("autoscalers.insert", "autoscalers.get", "autoscalers.patch", "autoscalers.delete")
def test_an_autoscaler_in_mid_rollout(emulator: EmulatorClient) -> None:
    """An autoscaler that resizes in mid-rollout keeps within its bounds; the rollout ends at the last size."""
    emulator.web(2)
    emulator.do("POST", SCALERS, scaler())
    assert emulator.group()["status"]["autoscaler"].endswith("/autoscalers/more")
    emulator.roll(emulator.template("new"))
    emulator.until(lambda group: "verifying" in actions(group))
    emulator.control("POST", "autoscaler", {"autoscaler": f"{SCALERS.removeprefix('/compute/v1/')}/more", "size": 9})
    assert emulator.group()["targetSize"] == 4
    emulator.do("PATCH", f"{SCALERS}?autoscaler=more", {"autoscalingPolicy": {"maxNumReplicas": 3}})
    assert emulator.settled()["targetSize"] == 3
    assert templates_of(emulator.rows()) == ["new"] * 3
    assert emulator.get(f"{SCALERS}/more")["autoscalingPolicy"]["minNumReplicas"] == 1
    emulator.do("DELETE", f"{SCALERS}/more")
    assert emulator.group()["targetSize"] == 3


@verified("R")
@covers("instanceGroupManagers.resize", "autoscalers.insert", "autoscalers.patch")
def test_an_autoscaled_group_is_not_resized_by_hand(emulator: EmulatorClient) -> None:
    """A resize of an autoscaled group answers 400, unless the autoscaler's mode is OFF."""
    emulator.web(1)
    emulator.do("POST", SCALERS, scaler())
    assert emulator.refused("POST", f"{GROUP}/resize?size=2")[:2] == (400, "invalid")
    emulator.do("PATCH", f"{SCALERS}?autoscaler=more", {"autoscalingPolicy": {"mode": "OFF"}})
    emulator.do("POST", f"{GROUP}/resize?size=2")
    assert emulator.settled()["targetSize"] == 2


@zonal_only
@verified("P", "W")
@covers("autoscalers.list", "autoscalers.aggregatedList", "autoscalers.get")
def test_autoscalers_through_the_client(emulator: EmulatorClient) -> None:
    """google-cloud-compute reads and lists autoscalers, an empty list too."""
    client = emulator.google(compute.AutoscalersClient)
    where = {"project": PROJECT, "zone": ZONE}
    assert list(client.list(**where)) == []
    emulator.web(1)
    emulator.do("POST", SCALERS, scaler())
    assert client.get(**where, autoscaler="more").target.endswith("/instanceGroupManagers/web")
    assert [autoscaler.name for autoscaler in client.list(**where)] == ["more"]
    scopes = dict(client.aggregated_list(project=PROJECT))
    assert [autoscaler.name for autoscaler in scopes[f"zones/{ZONE}"].autoscalers] == ["more"]


@own
@covers("instanceGroupManagers.resize")
@pytest.mark.parametrize("activity", ["creating", "verifying", "gap", "deleting"])
def test_a_request_at_a_moment(emulator: EmulatorClient, activity: str) -> None:
    """A fault plan sends the request of another client when a group begins an activity."""
    emulator.web(1)
    resize = {"verb": "POST", "path": f"{GROUP[1:]}/resize?size=2"}
    plan = emulator.plan({"when": {"phase": activity, "group": "web"}, "nth": [1], "request": resize})
    emulator.roll(emulator.template("new"))
    assert emulator.settled()["targetSize"] == 2
    assert emulator.fired(plan) == [1]
    assert templates_of(emulator.rows()) == ["new"] * 2


@own
@covers("instanceGroupManagers.patch")
def test_another_client_s_patch_at_a_moment(emulator: EmulatorClient) -> None:
    """A second deploy at a planned moment wins, and the next patch of the first deploy has a stale fingerprint."""
    emulator.web(1)
    other = {
        "verb": "PATCH",
        "path": GROUP[1:],
        "body": {"versions": [{"instanceTemplate": emulator.template("other")}]},
    }
    plan = emulator.plan({"when": {"phase": "verifying"}, "nth": [1], "request": other})
    emulator.roll(emulator.template("mine"))
    fingerprint = emulator.group()["fingerprint"]
    emulator.settled()
    assert templates_of(emulator.rows()) == ["other"]
    assert emulator.fired(plan) == [1]
    assert emulator.refused("PATCH", GROUP, {"description": "x", "fingerprint": fingerprint})[0] == 412
