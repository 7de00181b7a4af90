"""Two versions of a group: which target sizes are refused, how many instances they mean, and how clients set them."""

import google.cloud.compute_v1 as compute
import pytest

from tests.contract.canaries import NEW, OLD, canary, names, versions
from tests.contract.marks import covers, environment, regional, unverified, verified, zonal_only
from tests.contract.rig import GROUP, HOME, PROJECT, ZONE, EmulatorClient, Json, flags, templates_of

pytestmark = regional


@verified("G", "T")
@covers("instanceGroupManagers.patch")
@pytest.mark.parametrize(
    "target_size", [{"percent": -1}, {"percent": 101}, {"fixed": -1}, {"fixed": 1, "percent": 10}], ids=str
)
def test_a_target_size_that_can_not_be_is_refused(emulator: EmulatorClient, target_size: Json) -> None:
    """A percentage outside 0 to 100, a negative number, and a number beside a percentage answer 400."""
    emulator.web(0)
    emulator.template("new")
    status, reason, message = emulator.refused("PATCH", GROUP, {"versions": versions(target_size)})
    assert (status, reason) == (400, "invalid")
    assert "'resource.versions[1].targetSize" in message


@verified("D")
@covers("instanceGroupManagers.patch")
def test_a_third_version_is_refused(emulator: EmulatorClient) -> None:
    """A group has at most two versions."""
    emulator.web(0)
    sized = [{"instanceTemplate": emulator.template(name), "targetSize": {"fixed": 1}} for name in ("new", "third")]
    status, reason, message = emulator.refused("PATCH", GROUP, {"versions": [{"instanceTemplate": OLD}, *sized]})
    assert (status, reason) == (400, "invalid")
    assert "'resource.versions'" in message


@verified("G")
@covers("instanceGroupManagers.patch")
def test_two_versions_of_a_name_are_refused(emulator: EmulatorClient) -> None:
    """The name of a version is unique in its group; a template may be in both versions, under two names."""
    emulator.web(0)
    emulator.template("new")
    named = [version | {"name": "same"} for version in versions({"fixed": 1})]
    assert emulator.refused("PATCH", GROUP, {"versions": named})[:2] == (400, "invalid")
    emulator.do(
        "PATCH", GROUP, {"versions": [version | {"instanceTemplate": OLD} for version in versions({"fixed": 1})]}
    )


@verified("R")
@covers("instanceGroupManagers.patch")
def test_an_empty_target_size_is_none(emulator: EmulatorClient) -> None:
    """A version with the target size `{}` is the one without a size; a canary of 0 instances has none."""
    emulator.web(3)
    emulator.template("new")
    whole, none = versions({"fixed": 0})
    emulator.do("PATCH", GROUP, {"versions": [whole | {"targetSize": {}}, none]})
    group = emulator.settled()
    assert templates_of(emulator.rows()) == ["old"] * 3
    assert group["versions"][0]["targetSize"] == {"calculated": 3}


@verified("G")
@covers("instanceGroupManagers.patch")
def test_a_fixed_size_above_the_size_of_the_group(emulator: EmulatorClient) -> None:
    """A canary of 5 in a group of 2 has both instances, and is shown as it was sent; the other version has none."""
    group = canary(emulator, 2, {"fixed": 5})
    assert templates_of(emulator.rows()) == ["new"] * 2
    sizes = [version["targetSize"] for version in group["versions"]]
    assert sizes == [{"calculated": 0}, {"fixed": 5, "calculated": 5}]
    emulator.do("POST", f"{GROUP}/resize?size=6")
    emulator.settled()
    assert templates_of(emulator.rows()) == ["new"] * 5 + ["old"]


@verified("E", "T")
@covers("instanceGroupManagers.patch")
@pytest.mark.parametrize(("size", "percent", "count"), [(2, 60, 2), (3, 10, 1), (3, 34, 2), (4, 50, 2), (3, 0, 0)])
def test_a_percentage_is_rounded_up(emulator: EmulatorClient, size: int, percent: int, count: int) -> None:
    """60 % of 2 instances are 2, and 10 % of 3 are 1. `--target-size-rounding up`, the default."""
    group = canary(emulator, size, {"percent": percent})
    assert templates_of(emulator.rows()) == sorted(["new"] * count + ["old"] * (size - count))
    sizes = [version["targetSize"] for version in group["versions"]]
    assert sizes == [{"calculated": size - count}, {"percent": percent, "calculated": count}]


@unverified("I")
@environment(target_size_rounding="down")
@covers("instanceGroupManagers.patch")
def test_a_percentage_may_be_rounded_down(emulator: EmulatorClient) -> None:
    """50 % of 3 instances may be 1. `--target-size-rounding down`."""
    group = canary(emulator, 3, {"percent": 50})
    assert templates_of(emulator.rows()) == ["new", "old", "old"]
    assert group["versions"][1]["targetSize"] == {"percent": 50, "calculated": 1}


@verified("G")
@covers("instanceGroupManagers.resize")
def test_a_resize_with_a_percentage(emulator: EmulatorClient) -> None:
    """A resized group computes the canary's number again, and replaces no instance for it."""
    canary(emulator, 2, {"percent": 50})
    first = names(emulator, "new") | names(emulator, "old")
    emulator.do("POST", f"{GROUP}/resize?size=6")
    emulator.settled()
    assert templates_of(emulator.rows()) == ["new"] * 3 + ["old"] * 3
    assert first < names(emulator, "new") | names(emulator, "old")
    emulator.do("POST", f"{GROUP}/resize?size=4")
    emulator.settled()
    assert templates_of(emulator.rows()) == ["new"] * 2 + ["old"] * 2


@verified("G")
@covers("autoscalers.insert")
def test_an_autoscaled_canary(emulator: EmulatorClient) -> None:
    """An autoscaler that adds instances adds them to both versions."""
    canary(emulator, 2, {"percent": 50})
    scaler = {"name": "more", "target": f"zones/{ZONE}/instanceGroupManagers/web"}
    policy = {"minNumReplicas": 4, "maxNumReplicas": 6}
    emulator.do("POST", f"{HOME}/zones/{ZONE}/autoscalers", scaler | {"autoscalingPolicy": policy})
    emulator.until(lambda group: group["targetSize"] == 4 and all(flags(group)))
    assert templates_of(emulator.rows()) == ["new"] * 2 + ["old"] * 2


@verified("P")
@covers("instanceGroupManagers.patch", "instanceGroupManagers.get")
@zonal_only
def test_a_typed_canary(emulator: EmulatorClient) -> None:
    """google-cloud-compute begins, reads, grows and finishes a canary, each write with the fingerprint that it read."""
    emulator.web(4)
    emulator.template("new")
    client = emulator.google(compute.InstanceGroupManagersClient)
    where = {"project": PROJECT, "zone": ZONE, "instance_group_manager": "web"}
    version, share = compute.InstanceGroupManagerVersion, compute.FixedOrPercent
    old = version(instance_template=OLD)
    for target in (share(fixed=1), share(percent=50)):
        new = version(instance_template=NEW, name="canary", target_size=target)
        group = client.get(**where)
        body = compute.InstanceGroupManager(versions=[old, new], fingerprint=group.fingerprint)
        client.patch_unary(**where, instance_group_manager_resource=body)
        emulator.settled()
        first, second = client.get(**where).versions
        count = 1 if target.fixed else 2
        assert (first.target_size.calculated, "fixed" in first.target_size) == (4 - count, False)
        assert (second.target_size.calculated, second.target_size.percent) == (count, target.percent)
        assert templates_of(emulator.rows()) == ["new"] * count + ["old"] * (4 - count)
    body = compute.InstanceGroupManager(versions=[version(instance_template=NEW, name="canary")])
    client.patch_unary(**where, instance_group_manager_resource=body)
    assert [entry.name for entry in client.get(**where).versions] == ["canary"]
    emulator.settled()
    assert templates_of(emulator.rows()) == ["new"] * 4
