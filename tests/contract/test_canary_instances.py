"""Two versions of a group: which instances a change replaces, and which versions other instances get."""

from collections import Counter

import pytest

from tests.contract.canaries import NEW, OLD, canary, links, names, patch, versions
from tests.contract.marks import covers, regional, unverified, verified, zonal_only
from tests.contract.rig import GROUP, HOME, REGION, ROLL, EmulatorClient, actions, flags, name_of, templates_of

pytestmark = regional
OPPORTUNISTIC = {"updatePolicy": {"type": "OPPORTUNISTIC"}}


@verified("G")
@covers("instanceGroupManagers.patch")
def test_a_larger_canary(emulator: EmulatorClient) -> None:
    """
    A changed target size alone replaces what the canary gains, and no instance of the canary; the version target is
    reached when both versions have their sizes.
    """
    canary(emulator, 4, {"fixed": 1})
    (first,), old = names(emulator, "new"), names(emulator, "old")
    patch(emulator, {"fixed": 3})
    assert flags(emulator.group()) == (False, False)
    emulator.settled()
    assert first in names(emulator, "new")
    assert (len(names(emulator, "new")), len(names(emulator, "old") & old)) == (3, 1)


@unverified("I")
@covers("instanceGroupManagers.patch")
def test_a_smaller_canary(emulator: EmulatorClient) -> None:
    """A canary that shrinks loses its youngest instances, and the other version keeps all of its own."""
    canary(emulator, 4, {"fixed": 1})
    (first,) = names(emulator, "new")
    patch(emulator, {"fixed": 3})
    emulator.settled()
    old = names(emulator, "old")
    patch(emulator, {"fixed": 1})
    emulator.settled()
    assert names(emulator, "new") == {first}
    assert old < names(emulator, "old")


@verified("W")
@covers("instanceGroupManagers.patch")
def test_another_name_of_a_canary(emulator: EmulatorClient) -> None:
    """A canary whose name alone is changed is replaced; the other version keeps its instances."""
    canary(emulator, 3, {"fixed": 1})
    (first,), old = names(emulator, "new"), names(emulator, "old")
    emulator.do("PATCH", GROUP, {"versions": versions({"fixed": 1}, "again")})
    emulator.settled()
    assert first not in names(emulator, "new")
    assert names(emulator, "old") == old


@verified("G")
@covers("instanceGroupManagers.patch")
def test_a_finished_canary(emulator: EmulatorClient) -> None:
    """A canary that becomes the only version keeps its instance, and replaces those of the other version."""
    canary(emulator, 3, {"fixed": 1})
    (first,) = names(emulator, "new")
    emulator.do("PATCH", GROUP, {"versions": [{"instanceTemplate": NEW, "name": "canary"}]})
    group = emulator.settled()
    assert first in names(emulator, "new")
    assert templates_of(emulator.rows()) == ["new"] * 3
    assert name_of(group["instanceTemplate"]) == "new"


@unverified("M")
@covers("instanceGroupManagers.patch")
def test_an_aborted_canary_that_was_never_healthy(emulator: EmulatorClient) -> None:
    """A canary that was never healthy is deleted at once when its version is removed; no other instance is touched."""
    emulator.web(3)
    emulator.template("new")
    emulator.control("POST", "instance-rules", {"template": "new", "never_healthy": True})
    patch(emulator, {"fixed": 1})
    emulator.until(lambda group: actions(group) == {"none": 3, "verifying": 1})
    old = names(emulator, "old")
    emulator.do("PATCH", GROUP, {"versions": [{"instanceTemplate": OLD}]})
    emulator.until(lambda group: actions(group) == {"none": 3, "deleting": 1})
    emulator.settled()
    assert names(emulator, "old") == old


@verified("G")
@covers("instanceGroupManagers.recreateInstances", "instanceGroupManagers.applyUpdatesToInstances")
def test_recreated_instances_of_two_versions(emulator: EmulatorClient) -> None:
    """Recreated and updated instances of a group whose versions have their sizes keep their versions and names."""
    canary(emulator, 3, {"fixed": 1})
    before = names(emulator, "new"), names(emulator, "old")
    emulator.do("POST", f"{GROUP}/recreateInstances", {"instances": links(emulator)})
    emulator.settled()
    emulator.do("POST", f"{GROUP}/applyUpdatesToInstances", {"allInstances": True, "minimalAction": "REPLACE"})
    emulator.settled()
    assert (names(emulator, "new"), names(emulator, "old")) == before


@verified("G")
@covers("instanceGroupManagers.recreateInstances", "instanceGroupManagers.applyUpdatesToInstances")
@pytest.mark.parametrize("verb", ["recreateInstances", "applyUpdatesToInstances"])
def test_updated_instances_fill_a_canary(emulator: EmulatorClient, verb: str) -> None:
    """In an opportunistic group, recreated and updated instances get the canary's version until it has its size."""
    emulator.web(3)
    emulator.template("new")
    patch(emulator, {"fixed": 1}, **OPPORTUNISTIC)
    emulator.until(lambda group: flags(group) == (True, False))
    first, *others = links(emulator)
    emulator.do("POST", f"{GROUP}/{verb}", {"instances": [first]})
    emulator.settled()
    assert names(emulator, "new") == {name_of(first)}
    other = "recreateInstances" if verb.startswith("apply") else "applyUpdatesToInstances"
    emulator.do("POST", f"{GROUP}/{other}", {"instances": others})
    emulator.settled()
    assert names(emulator, "new") == {name_of(first)}


@verified("G")
@covers("instanceGroupManagers.resize")
def test_new_instances_of_an_opportunistic_group_fill_a_canary(emulator: EmulatorClient) -> None:
    """New instances of an opportunistic group get the canary's version until it has its size."""
    emulator.web(2)
    emulator.template("new")
    patch(emulator, {"fixed": 1}, **OPPORTUNISTIC)
    emulator.do("POST", f"{GROUP}/resize?size=4")
    emulator.settled()
    assert templates_of(emulator.rows()) == ["new", "old", "old", "old"]


@unverified("I")
@covers("instances.stop")
@pytest.mark.parametrize("template", ["old", "new"])
@pytest.mark.parametrize("force", ["NO", "YES"])
def test_a_repair_of_two_versions(emulator: EmulatorClient, template: str, force: str) -> None:
    """A repaired instance keeps its version, with either forceUpdateOnRepair."""
    canary(emulator, 2, {"fixed": 1}, instanceLifecyclePolicy={"forceUpdateOnRepair": force})
    (name,) = names(emulator, template)
    (link,) = [row["instance"] for row in emulator.rows() if row["name"] == name]
    path = link.removeprefix("https://www.googleapis.com")
    emulator.do("POST", f"{path}/stop")
    emulator.until(lambda group: actions(group).get("recreating") == 1)
    emulator.settled()
    assert names(emulator, template) == {name}


@unverified("I")
@covers("regionInstanceGroupManagers.insert", "regionInstanceGroupManagers.patch")
@zonal_only
def test_a_canary_is_spread_over_the_zones(emulator: EmulatorClient) -> None:
    """A canary of three instances of six has one in each of three zones, and so has the other version."""
    groups = f"{HOME}/regions/{REGION}/instanceGroupManagers"
    policy = ROLL | {"maxSurge": {"fixed": 3}}
    body = {"name": "wide", "targetSize": 6, "instanceTemplate": emulator.template("old"), "updatePolicy": policy}
    emulator.do("POST", groups, body)
    emulator.settled(f"{groups}/wide")
    emulator.template("new")
    emulator.do("PATCH", f"{groups}/wide", {"versions": versions({"percent": 50})})
    emulator.settled(f"{groups}/wide")
    rows = emulator.rows(f"{groups}/wide")
    zones = Counter((*templates_of([row]), row["instance"].split("/")[-3][-1]) for row in rows)
    assert zones == dict.fromkeys(((name, zone) for name in ("new", "old") for zone in "abc"), 1)
