"""Quotas of a region: what instances take of each, and errors of instances for which a quota has no room."""

import pytest

from tests.contract.marks import covers, environment, verified
from tests.contract.rig import GROUP, HOME, REGION, EmulatorClient, Json

L4 = {"guestAccelerators": [{"acceleratorType": "zones/z/acceleratorTypes/nvidia-l4", "acceleratorCount": 1}]}


def disk(kind: str, size_gb: int) -> Json:
    """Return a disk of a type and size in a template's properties."""
    return {"initializeParams": {"diskType": kind, "diskSizeGb": str(size_gb), "sourceImage": "family/base"}}


def usage(emulator: EmulatorClient) -> dict[str, float]:
    """Return the usage of each quota of the region."""
    return {quota["metric"]: quota["usage"] for quota in emulator.get(f"{HOME}/regions/{REGION}")["quotas"]}


@verified("C", "R")
@covers("regions.get")
@environment(
    quotas={"INSTANCES": 9, "CPUS": 9, "N2D_CPUS": 9, "DISKS_TOTAL_GB": 99, "SSD_TOTAL_GB": 99, "NVIDIA_L4_GPUS": 2}
)
@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"machineType": "e2-small"}, {"CPUS": 2.0}),
        ({"machineType": "n2d-standard-2"}, {"N2D_CPUS": 2.0}),
        ({"machineType": "n2d-custom-4-8192", "disks": [disk("pd-ssd", 20)]}, {"N2D_CPUS": 4.0, "SSD_TOTAL_GB": 20.0}),
        ({"machineType": "c3-standard-4"}, {"CPUS": 4.0}),
        (
            {"disks": [disk("pd-standard", 30), disk("pd-balanced", 20)]},
            {"CPUS": 2.0, "DISKS_TOTAL_GB": 30.0, "SSD_TOTAL_GB": 20.0},
        ),
        ({"machineType": "g2-standard-4", **L4}, {"CPUS": 4.0, "NVIDIA_L4_GPUS": 1.0}),
    ],
)
def test_an_instance_takes_of_each_quota(emulator: EmulatorClient, properties: Json, expected: Json) -> None:
    """
    An instance takes INSTANCES, the CPUs of its machine family, or of CPUS if the family has no quota, the gigabytes of
    each of its disk types, and its GPUs; the region shows the usage of each.
    """
    emulator.web(0)
    before = usage(emulator)
    assert set(before.values()) == {0.0}
    emulator.roll(emulator.template("new", **properties))
    emulator.do("POST", f"{GROUP}/resize?size=1")
    emulator.settled()
    assert usage(emulator) == before | {"INSTANCES": 1.0} | expected


SPOT = {
    "machineType": "n2d-standard-2",
    "guestAccelerators": L4["guestAccelerators"],
    "disks": [{"type": "SCRATCH"}],
    "scheduling": {"provisioningModel": "SPOT"},
}


@verified("R")
@covers("regions.get")
@environment(
    quotas={
        "INSTANCES": 9, "CPUS": 9, "PREEMPTIBLE_CPUS": 9, "NVIDIA_L4_GPUS": 2, "PREEMPTIBLE_NVIDIA_L4_GPUS": 0,
        "LOCAL_SSD_TOTAL_GB": 999, "PREEMPTIBLE_LOCAL_SSD_GB": 999,
    }
)  # fmt: skip
def test_a_spot_instance_takes_of_preemptible_quotas(emulator: EmulatorClient) -> None:
    """A spot instance takes of the preemptible quotas, or of the ordinary quota where the preemptible limit is 0."""
    emulator.web(0)
    before = usage(emulator)
    emulator.roll(emulator.template("spot", **SPOT))
    emulator.do("POST", f"{GROUP}/resize?size=1")
    emulator.settled()
    expected = {"INSTANCES": 1.0, "PREEMPTIBLE_CPUS": 2.0, "NVIDIA_L4_GPUS": 1.0, "PREEMPTIBLE_LOCAL_SSD_GB": 375.0}
    assert usage(emulator) == before | expected


@verified("R")
@covers("instanceGroupManagers.listManagedInstances")
@environment(quotas={"INSTANCES": 9, "SSD_TOTAL_GB": 100})
def test_a_disk_beyond_its_quota(emulator: EmulatorClient) -> None:
    """An instance whose disk does not fit fails with QUOTA_EXCEEDED; the message has metric, limit and region."""
    emulator.web(0)
    emulator.roll(emulator.template("big", disks=[disk("pd-balanced", 60)]))
    emulator.do("POST", f"{GROUP}/resize?size=2")
    failed = emulator.until_row(lambda row: bool(row["lastAttempt"]))
    (error,) = failed["lastAttempt"]["errors"]["errors"]
    assert error["code"] == "QUOTA_EXCEEDED"
    assert error["message"] == (
        f"Instance '{failed['name']}' creation failed: Quota 'SSD_TOTAL_GB' exceeded. Limit: 100.0 in region {REGION}."
    )
    assert usage(emulator)["SSD_TOTAL_GB"] == 60.0
