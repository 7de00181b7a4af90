"""Regional groups of a seed: read, listed, patched, and refused for settings that only zonal groups may have."""

import google.cloud.compute_v1 as compute

from tests.contract.marks import covers, differs, environment, verified
from tests.contract.rig import HOME, LINKS, PROJECT, REGION, ROLL, TEMPLATES, EmulatorClient, templates_of

GROUPS = f"{HOME}/regions/{REGION}/instanceGroupManagers"
GROUP = f"{GROUPS}/wide"
ZONES = [f"{REGION}-{letter}" for letter in "ab"]
SEED = {
    "instanceTemplates": [{"name": "old", "properties": {"machineType": "e2-small"}}],
    "instanceGroupManagers": [
        {
            "name": "wide",
            "region": REGION,
            "targetSize": 4,
            "instanceTemplate": "global/instanceTemplates/old",
            "distributionPolicy": {"zones": [{"zone": f"zones/{zone}"} for zone in ZONES]},
            "updatePolicy": ROLL | {"maxSurge": {"fixed": 2}},
        }
    ],
}


@differs("a regional group can be created, read, listed and patched; its other verbs answer 501")
@covers(
    "regionInstanceGroupManagers.get", "regionInstanceGroupManagers.list", "regionInstanceGroupManagers.patch",
    "regionInstanceGroupManagers.listManagedInstances",
)  # fmt: skip
@environment(resources=SEED)
def test_a_regional_group_rolls(emulator: EmulatorClient) -> None:
    """A regional group of a seed spreads its instances over its zones, rolls, and is listed by its region."""
    group = emulator.settled(GROUP)
    assert (group["region"], "zone" in group) == (f"{LINKS}/regions/{REGION}", False)
    zones = [row["instance"].split("/")[-3] for row in emulator.rows(GROUP)]
    assert sorted(zones) == [ZONES[0]] * 2 + [ZONES[1]] * 2
    new = emulator.do("POST", TEMPLATES, {"name": "new", "properties": {}})["targetLink"]
    operation = emulator.do("PATCH", GROUP, {"versions": [{"instanceTemplate": new}]})
    assert operation["region"] == f"{LINKS}/regions/{REGION}"
    group = emulator.settled(GROUP)
    assert templates_of(emulator.rows(GROUP)) == ["new"] * 4
    assert emulator.get(GROUPS)["items"] == [group]
    scopes = emulator.get(f"{HOME}/aggregated/instanceGroupManagers")["items"]
    assert scopes[f"regions/{REGION}"]["instanceGroupManagers"] == [group]
    assert emulator.refused("POST", f"{GROUP}/resize?size=1")[:2] == (501, "notImplemented")


@verified("R")
@covers("regionInstanceGroupManagers.patch")
@environment(resources=SEED)
def test_a_surge_below_the_number_of_zones(emulator: EmulatorClient) -> None:
    """A fixed surge of a regional group is 0 or at least the number of its zones; 1 answers 400."""
    status, reason, message = emulator.refused("PATCH", GROUP, {"updatePolicy": {"maxSurge": {"fixed": 1}}})
    assert (status, reason) == (400, "invalid")
    assert "has to be either 0 or at least equal to the number of zones" in message


@verified("P")
@covers("regionInstanceGroupManagers.insert", "regionInstanceGroupManagers.get", "regionInstanceGroupManagers.list")
def test_regional_groups_through_the_client(emulator: EmulatorClient) -> None:
    """google-cloud-compute creates a regional group in all zones of its region, reads it and lists it."""
    client = emulator.google(compute.RegionInstanceGroupManagersClient)
    three, none = compute.FixedOrPercent(fixed=3), compute.FixedOrPercent(fixed=0)
    policy = compute.InstanceGroupManagerUpdatePolicy(max_surge=three, max_unavailable=none)
    body = compute.InstanceGroupManager(
        name="wide", target_size=0, instance_template=emulator.template("t"), update_policy=policy
    )
    client.insert_unary(project=PROJECT, region=REGION, instance_group_manager_resource=body)
    group = client.get(project=PROJECT, region=REGION, instance_group_manager="wide")
    assert len(group.distribution_policy.zones) == 3
    assert [group.name for group in client.list(project=PROJECT, region=REGION)] == ["wide"]
