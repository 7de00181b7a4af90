"""Regional groups: their zones, their defaults, and settings that only zonal groups may have."""

from collections import Counter

import pytest

from tests.contract.marks import covers, differs, environment, unverified, verified
from tests.contract.rig import HOME, LINKS, REGION, ROLL, TEMPLATES, EmulatorClient, Json, templates_of
from tests.support import recorded_regions
from tests.support.recorded import members

GROUPS = f"{HOME}/regions/{REGION}/instanceGroupManagers"
GROUP = f"{GROUPS}/wide"
SCALERS = f"{HOME}/regions/{REGION}/autoscalers"
ZONES = [f"{REGION}-{letter}" for letter in "abc"]
THREE: Json = {"maxSurge": {"fixed": 3}, "maxUnavailable": {"fixed": 0}}
SEED = {
    "instanceTemplates": [{"name": "old", "properties": {"machineType": "e2-small"}}],
    "instanceGroupManagers": [
        {
            "name": "wide",
            "region": REGION,
            "targetSize": 4,
            "instanceTemplate": "global/instanceTemplates/old",
            "distributionPolicy": {"zones": [{"zone": f"zones/{zone}"} for zone in ZONES[:2]]},
            "updatePolicy": ROLL | {"maxSurge": {"fixed": 2}},
        }
    ],
}


def wide(emulator: EmulatorClient, size: int = 3, **more: object) -> Json:
    """Create a group in all zones of the region, and wait until it has settled."""
    policy = ROLL | THREE | dict(more.pop("updatePolicy", {}))  # type: ignore[call-overload]
    link = emulator.template("old")
    emulator.do(
        "POST", GROUPS, {"name": "wide", "targetSize": size, "instanceTemplate": link, "updatePolicy": policy, **more}
    )
    return emulator.settled(GROUP)


def by_zone(emulator: EmulatorClient) -> dict[str, int]:
    """Return the number of instances of each zone, by its letter."""
    return dict(sorted(Counter(row["instance"].split("/")[-3][-1] for row in emulator.rows(GROUP)).items()))


def delete_in(emulator: EmulatorClient, zone: str, count: int) -> None:
    """Delete instances of a zone, given its letter."""
    links = [row["instance"] for row in emulator.rows(GROUP) if row["instance"].split("/")[-3][-1] == zone]
    emulator.do("POST", f"{GROUP}/deleteInstances", {"instances": links[:count]})


@verified("P", "T")
@covers(
    "regionInstanceGroupManagers.get", "regionInstanceGroupManagers.list", "regionInstanceGroupManagers.patch",
    "regionInstanceGroupManagers.listManagedInstances", "instanceGroupManagers.aggregatedList",
)  # fmt: skip
@environment(resources=SEED)
def test_a_regional_group_rolls(emulator: EmulatorClient) -> None:
    """A regional group of a seed spreads its instances over its zones, rolls, and is listed by its region."""
    group = emulator.settled(GROUP)
    assert (group["region"], "zone" in group) == (f"{LINKS}/regions/{REGION}", False)
    assert by_zone(emulator) == {"a": 2, "b": 2}
    new = emulator.do("POST", TEMPLATES, {"name": "new", "properties": {}})["targetLink"]
    operation = emulator.do("PATCH", GROUP, {"versions": [{"instanceTemplate": new}]})
    assert operation["region"] == f"{LINKS}/regions/{REGION}"
    group = emulator.settled(GROUP)
    assert (templates_of(emulator.rows(GROUP)), by_zone(emulator)) == (["new"] * 4, {"a": 2, "b": 2})
    assert emulator.get(GROUPS)["items"] == [group]
    scopes = emulator.get(f"{HOME}/aggregated/instanceGroupManagers")["items"]
    assert scopes[f"regions/{REGION}"]["instanceGroupManagers"] == [group]


@verified("C")
@covers("regionInstanceGroupManagers.insert", "regionInstanceGroupManagers.patch", "regionInstanceGroupManagers.delete")
@environment(zones=[f"{REGION}-{letter}" for letter in "abcd"])
def test_a_new_regional_group(emulator: EmulatorClient) -> None:
    """
    A new regional group has three of the four zones of its region, the shape EVEN, PROACTIVE redistribution, and every
    member of a recorded group; the types of its operations are those of a zonal group.
    """
    emulator.do("POST", f"{HOME}/global/healthChecks", {"name": "up", "type": "HTTP", "httpHealthCheck": {"port": 80}})
    policy = {"minimalAction": "RESTART", "maxSurge": {"fixed": 3}, "maxUnavailable": {"fixed": 3}}
    body = {
        "name": "wide",
        "baseInstanceName": "app",
        "targetSize": 3,
        "instanceTemplate": emulator.template("t"),
        "autoHealingPolicies": [{"healthCheck": "global/healthChecks/up", "initialDelaySec": 300}],
        "updatePolicy": policy,
    }
    emulator.do("POST", GROUPS, body)
    group = emulator.group(GROUP)
    answered, recorded = set(members(group)), recorded_regions.NEW_REGIONAL_GROUP
    assert [member for member in members(recorded.document) if member not in answered] == []
    shown, expected = group["distributionPolicy"], recorded.document["distributionPolicy"]
    assert (shown["targetShape"], len(shown["zones"])) == (expected["targetShape"], len(expected["zones"]))
    assert group["updatePolicy"]["instanceRedistributionType"] == "PROACTIVE"
    types = {
        "regionInstanceGroupManagers.patch": emulator.do("PATCH", GROUP, {"description": "x"})["operationType"],
        "regionInstanceGroupManagers.delete": emulator.ask("DELETE", GROUP)["operationType"],
    }
    assert types == recorded_regions.OPERATION_TYPES.document


@verified("P")
@covers("regionInstanceGroupManagers.insert")
def test_surge_and_unavailable_of_a_new_group(emulator: EmulatorClient) -> None:
    """A regional group that names no surge and no unavailable has the number of its zones for both."""
    zones = [{"zone": f"zones/{zone}"} for zone in ZONES[:2]]
    body = {"name": "wide", "targetSize": 0, "instanceTemplate": emulator.template("t")}
    emulator.do("POST", GROUPS, body | {"distributionPolicy": {"zones": zones}})
    policy = emulator.group(GROUP)["updatePolicy"]
    assert policy["maxSurge"] == policy["maxUnavailable"] == {"fixed": 2, "calculated": 2}


@verified("R")
@covers("regionInstanceGroupManagers.patch")
@environment(resources=SEED)
@pytest.mark.parametrize("field", ["maxSurge", "maxUnavailable"])
def test_a_fixed_value_below_the_number_of_zones(emulator: EmulatorClient, field: str) -> None:
    """A fixed surge or unavailable of a regional group is 0 or at least the number of its zones; 1 answers 400."""
    status, reason, message = emulator.refused("PATCH", GROUP, {"updatePolicy": {field: {"fixed": 1}}})
    assert (status, reason) == (400, "invalid")
    assert message == (
        f"Invalid value for field 'resource.updatePolicy.{field}.fixed': '1'. Fixed updatePolicy.{field} for regional"
        " managed instance group has to be either 0 or at least equal to the number of zones."
    )


@verified("T", "E")
@covers("regionInstanceGroupManagers.patch")
def test_percentages_need_ten_instances(emulator: EmulatorClient) -> None:
    """A percentage below the number of zones is allowed from ten instances on, and is rounded up."""
    wide(emulator, 9)
    surge = {"updatePolicy": {"maxSurge": {"percent": 11}}}
    assert emulator.refused("PATCH", GROUP, surge)[:2] == (400, "invalid")
    emulator.do("POST", f"{GROUP}/resize?size=10")
    emulator.do("PATCH", GROUP, surge)
    assert emulator.group(GROUP)["updatePolicy"]["maxSurge"] == {"percent": 11, "calculated": 2}


@verified("T")
@covers("regionInstanceGroupManagers.insert", "regionInstanceGroupManagers.patch")
def test_zones_are_chosen_once(emulator: EmulatorClient) -> None:
    """A zone of another region, a zone named twice, and a patch to other zones are refused; the same zones pass."""
    body = {"name": "wide", "targetSize": 0, "instanceTemplate": emulator.template("t")}
    for zones in (["us-east1-b"], [ZONES[0], ZONES[0]]):
        policy = {"zones": [{"zone": f"zones/{zone}"} for zone in zones]}
        status, reason, message = emulator.refused("POST", GROUPS, body | {"distributionPolicy": policy})
        assert (status, reason) == (400, "invalid")
        assert f"'resource.distributionPolicy.zones[{len(zones) - 1}].zone'" in message
    emulator.do("POST", GROUPS, body)
    kept = emulator.group(GROUP)["distributionPolicy"]
    fewer = {"distributionPolicy": {"zones": kept["zones"][:2]}}
    assert "cannot be changed" in emulator.refused("PATCH", GROUP, fewer)[2]
    emulator.do("PATCH", GROUP, {"distributionPolicy": {"zones": kept["zones"][::-1]}})
    assert emulator.group(GROUP)["distributionPolicy"] == kept


@verified("D")
@covers("regionInstanceGroupManagers.resize", "regionInstanceGroupManagers.deleteInstances")
def test_without_redistribution(emulator: EmulatorClient) -> None:
    """With redistribution NONE deleted instances leave uneven zones; a resize adds to the emptiest zones."""
    wide(emulator, 6, updatePolicy={"instanceRedistributionType": "NONE"})
    delete_in(emulator, "a", 2)
    emulator.settled(GROUP)
    assert by_zone(emulator) == {"b": 2, "c": 2}
    emulator.do("POST", f"{GROUP}/resize?size=6")
    emulator.settled(GROUP)
    assert by_zone(emulator) == {"a": 2, "b": 2, "c": 2}
    assert emulator.refused("POST", f"{GROUP}/resize?size=2001")[:2] == (400, "invalid")


@differs("Compute Engine's pages ask to rebalance a group by hand before PROACTIVE; here the group moves its instances")
@covers("regionInstanceGroupManagers.deleteInstances")
def test_proactive_redistribution(emulator: EmulatorClient) -> None:
    """A group whose zones became uneven moves an instance, and never serves with less than its target size."""
    wide(emulator, 6)
    began = len(emulator.request_log("group"))
    delete_in(emulator, "a", 2)
    emulator.settled(GROUP)
    assert sorted(by_zone(emulator).values()) == [1, 1, 2]
    states = emulator.request_log("group")[began:]
    assert min(sum(row["available"] for row in state["instances"]) for state in states) == 4
    assert {row["zone"] for row in states[-1]["instances"]} == set(ZONES)


@verified("D")
@covers("regionAutoscalers.insert", "regionInstanceGroupManagers.patch")
def test_an_autoscaled_group_redistributes(emulator: EmulatorClient) -> None:
    """A group that is scaled out and in must redistribute; one that is only scaled out need not."""
    none = {"updatePolicy": {"instanceRedistributionType": "NONE"}}
    wide(emulator, 3, **none)
    scaler = {"name": "more", "target": f"regions/{REGION}/instanceGroupManagers/wide"}
    policy = {"minNumReplicas": 1, "maxNumReplicas": 4}
    assert "redistributed" in emulator.refused("POST", SCALERS, scaler | {"autoscalingPolicy": policy})[2]
    emulator.do("POST", SCALERS, scaler | {"autoscalingPolicy": policy | {"mode": "ONLY_SCALE_OUT"}})
    emulator.do("PATCH", GROUP, {"updatePolicy": {"instanceRedistributionType": "PROACTIVE"}})
    emulator.do("PATCH", f"{SCALERS}?autoscaler=more", {"autoscalingPolicy": {"mode": "ON"}})
    assert "autoscaled" in emulator.refused("PATCH", GROUP, none)[2]


@unverified("M")
@covers("regionInstanceGroupManagers.insert", "regionInstanceTemplates.insert", "instanceGroupManagers.insert")
def test_a_template_of_another_region(emulator: EmulatorClient) -> None:
    """A regional template serves the groups of its region, zonal ones too, and no others."""
    for region in (REGION, "us-east1"):
        emulator.do("POST", f"{HOME}/regions/{region}/instanceTemplates", {"name": "t", "properties": {}})
    body = {"name": "web", "targetSize": 0, "instanceTemplate": "regions/us-east1/instanceTemplates/t"}
    for groups in (GROUPS, f"{HOME}/zones/{ZONES[0]}/instanceGroupManagers"):
        status, reason, message = emulator.refused("POST", groups, body)
        assert (status, reason) == (400, "invalid")
        assert f"in the region '{REGION}' of the group" in message
        emulator.do("POST", groups, body | {"instanceTemplate": f"regions/{REGION}/instanceTemplates/t"})
    templates = f"{HOME}/regions/{REGION}/instanceTemplates"
    assert emulator.refused("DELETE", f"{templates}/t")[:2] == (400, "resourceInUseByAnotherResource")


@verified("R")
@covers("regionInstanceGroupManagers.listErrors")
def test_a_zone_of_the_group_without_room(emulator: EmulatorClient) -> None:
    """In a group without room in one zone, the other zones roll; the error names an instance of that zone."""
    wide(emulator, 3)
    emulator.control("PUT", "capacity", {ZONES[1]: 1})
    emulator.do("PATCH", GROUP, {"versions": [{"instanceTemplate": emulator.template("new")}]})
    failed = emulator.until_row(lambda row: bool(row["lastAttempt"]), GROUP)
    assert failed["instance"].split("/")[-3] == ZONES[1]
    emulator.pass_time(60)
    assert templates_of(emulator.rows(GROUP)).count("new") == 3
    (row, *_) = emulator.get(f"{GROUP}/listErrors")["items"]
    assert row["error"]["code"] == "ZONE_RESOURCE_POOL_EXHAUSTED"
    assert row["instanceActionDetails"]["instance"] == failed["instance"]
    emulator.control("PUT", "capacity", {})
    emulator.settled(GROUP)
    assert by_zone(emulator) == {"a": 1, "b": 1, "c": 1}
