"""Fields that change the behaviour of Compute Engine: the emulator supports each, or refuses it with its path."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from emulator.api.methods import unsupported_fields
from tests.contract.marks import covers, differs, own
from tests.contract.rig import CHECKS, GROUP, GROUPS, HOME, TEMPLATES, ZONE, EmulatorClient

SCHEMA: Final = json.loads(Path("emulator/api/schema/compute.json").read_text())["messages"]
SCALERS: Final = f"{HOME}/zones/{ZONE}/autoscalers"
WHY: Final = "fields that change what Compute Engine does, and that are not acted on, are refused with 501"
# Fields of a group that the emulator supports, or that only readers use.
ACTED_ON: Final = {
    "allInstancesConfig.properties.labels", "allInstancesConfig.properties.metadata",
    "autoHealingPolicies[].healthCheck", "autoHealingPolicies[].initialDelaySec", "baseInstanceName",
    "distributionPolicy.zones[].zone", "fingerprint", "instanceLifecyclePolicy.defaultActionOnFailure",
    "instanceLifecyclePolicy.forceUpdateOnRepair", "instanceLifecyclePolicy.onFailedHealthCheck", "instanceTemplate",
    "listManagedInstancesResults", "name", "namedPorts[].name", "namedPorts[].port", "standbyPolicy.initialDelaySec",
    "standbyPolicy.mode", "statefulPolicy.preservedState.disks", "targetSize", "targetStoppedSize",
    "targetSuspendedSize", "updatePolicy.instanceRedistributionType", "updatePolicy.maxSurge.fixed",
    "updatePolicy.maxSurge.percent", "updatePolicy.maxUnavailable.fixed", "updatePolicy.maxUnavailable.percent",
    "updatePolicy.minimalAction", "updatePolicy.mostDisruptiveAllowedAction", "updatePolicy.replacementMethod",
    "updatePolicy.type", "versions[].instanceTemplate", "versions[].name", "versions[].targetSize.fixed",
    "versions[].targetSize.percent",
}  # fmt: skip
SHOWN_ONLY: Final = {"description", "allInstancesConfig.properties.exposeHostTopology"}


def nested(path: str, value: Any) -> dict[str, Any]:
    """Return a body in which a path has a value."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)


def leaves(message: str, where: str = "") -> set[str]:
    """Return the paths of a message's fields that a client may set."""
    paths: set[str] = set()
    for name, kind in SCHEMA[message].items():
        path, is_output = f"{where}{name}", kind.startswith("!") and name != "namedPorts"
        inner = kind.lstrip("!").removeprefix("[]")
        if is_output:
            continue
        is_list = kind.lstrip("!").startswith("[]")
        paths |= leaves(inner, f"{path}{'[]' if is_list else ''}.") if inner in SCHEMA else {path}
    return paths


@own
def test_every_field_of_a_group_is_acted_on_or_refused() -> None:
    """A field of a new version of the schema is in none of the three lists until its support is decided."""
    assert leaves("InstanceGroupManager") == ACTED_ON | SHOWN_ONLY | set(unsupported_fields.GROUP)
    for fields, message in (
        (unsupported_fields.AUTOSCALER, "Autoscaler"), (unsupported_fields.TEMPLATE, "InstanceTemplate"),
        (unsupported_fields.HEALTH_CHECK, "HealthCheck"),
    ):  # fmt: skip
        for path in fields:
            kind = message
            for name in path.split("."):
                kind = SCHEMA[kind][name].removeprefix("[]").removeprefix("{}")


@differs(WHY)
@covers("instanceGroupManagers.insert", "instanceGroupManagers.patch")
@pytest.mark.parametrize(
    ("path", "value", "taken"),
    [
        ("distributionPolicy.targetShape", "ANY", "EVEN"),
        ("instanceFlexibilityPolicy.instanceSelections", {"a": {"machineTypes": ["e2-small"]}}, {}),
        ("instanceLifecyclePolicy.onRepair.allowChangingZone", "YES", "NO"),
        ("resourcePolicies.workloadPolicy", "policy", ""),
        ("statefulPolicy.preservedState.externalIPs", {"nic0": {"autoDelete": "NEVER"}}, {}),
        ("statefulPolicy.preservedState.internalIPs", {"nic0": {"autoDelete": "NEVER"}}, {}),
        ("targetPools", ["regions/r/targetPools/p"], []),
        ("targetSizePolicy.mode", "BULK", "INDIVIDUAL"),
        ("updatePolicy.minReadySec", 30, None),
        ("newField", {"deep": 1}, None),
    ],
)
def test_a_field_of_a_group(emulator: EmulatorClient, path: str, value: Any, taken: Any) -> None:
    """Insert and patch refuse a group with an unsupported field, and write nothing."""
    before = emulator.web(0)
    assert path in {*unsupported_fields.GROUP, "updatePolicy.minReadySec", "newField"}
    body = {"name": "other", "instanceTemplate": emulator.template("t")} | nested(path, value)
    for verb, target in (("PATCH", GROUP), ("POST", GROUPS)):
        status, reason, message = emulator.refused(verb, target, body)
        assert (status, reason) == (501, "notImplemented")
        assert f"'resource.{path}'" in message
    assert emulator.group() == before
    assert emulator.send("GET", f"{GROUPS}/other").status_code == 404
    if taken is not None:
        emulator.do("PATCH", GROUP, nested(path, taken))


@differs(WHY)
@covers("instanceTemplates.insert")
@pytest.mark.parametrize(
    ("path", "value", "taken"),
    [
        ("sourceInstance", "zones/z/instances/i", None),
        ("sourceInstanceParams", {"diskConfigs": [{"deviceName": "d"}]}, {}),
        ("properties.scheduling.gracefulShutdown.enabled", True, False),
        ("properties.scheduling.maxRunDuration", {"seconds": "60"}, None),
        ("properties.scheduling.provisioningModel", "FLEX_START", "SPOT"),
        ("properties.scheduling.terminationTime", "2027-01-01T00:00:00Z", None),
    ],
)
def test_a_field_of_a_template(emulator: EmulatorClient, path: str, value: Any, taken: Any) -> None:
    """A template whose instances would end by themselves, or be created in another way, is refused."""
    assert path in unsupported_fields.TEMPLATE
    body = {"name": "t", "properties": {}}
    status, reason, message = emulator.refused("POST", TEMPLATES, body | nested(path, value))
    assert (status, reason) == (501, "notImplemented")
    assert f"'resource.{path}'" in message
    emulator.do("POST", TEMPLATES, body | ({} if taken is None else nested(path, taken)))


@differs(WHY)
@covers("autoscalers.insert", "autoscalers.patch", "healthChecks.insert", "healthChecks.patch")
def test_a_field_of_an_autoscaler_and_of_a_health_check(emulator: EmulatorClient) -> None:
    """Schedules and limits of an autoscaler, and regions of a health check's probes, are refused."""
    emulator.web(1)
    scaler = {"name": "more", "target": f"zones/{ZONE}/instanceGroupManagers/web"}
    schedules = {"autoscalingPolicy": {"scalingSchedules": {"a": {"minRequiredReplicas": 2}}}}
    control = {"autoscalingPolicy": {"scaleInControl": {"timeWindowSec": 60}}}
    for body in (schedules, control):
        assert emulator.refused("POST", SCALERS, scaler | body)[0] == 501
    emulator.do("POST", SCALERS, scaler | {"autoscalingPolicy": {"minNumReplicas": 1, "maxNumReplicas": 3}})
    for body in (schedules, control):
        assert emulator.refused("PATCH", f"{SCALERS}?autoscaler=more", body)[0] == 501
    regions = {"sourceRegions": ["us-east1", "us-west1", "us-central1"]}
    assert emulator.refused("POST", CHECKS, {"name": "regional", "type": "TCP"} | regions)[0] == 501
    assert emulator.refused("PATCH", f"{CHECKS}/up", regions)[0] == 501


@differs(
    "an autoscaler has no signals: it keeps its group within its bounds, and /emulator/autoscaler recommends a size"
)
@covers("autoscalers.insert")
def test_an_autoscaler_that_only_scales_out(emulator: EmulatorClient) -> None:
    """An autoscaler in the mode ONLY_SCALE_OUT makes its group larger and never smaller."""
    emulator.web(3)
    policy = {"minNumReplicas": 1, "maxNumReplicas": 4, "mode": "ONLY_SCALE_OUT"}
    target = f"zones/{ZONE}/instanceGroupManagers/web"
    emulator.do("POST", SCALERS, {"name": "more", "target": target, "autoscalingPolicy": policy})
    for size, after in ((2, 3), (4, 4), (1, 4)):
        emulator.control("POST", "autoscaler", {"autoscaler": f"{SCALERS[12:]}/more", "size": size})
        assert emulator.group()["targetSize"] == after


@differs("partial answers are refused with 501")
@covers("instanceGroupManagers.get")
def test_partial_answers(emulator: EmulatorClient) -> None:
    """The parameter `fields`, which would leave members out of an answer, is refused."""
    emulator.web(0)
    assert emulator.refused("GET", f"{GROUP}?fields=name")[:2] == (501, "notImplemented")
