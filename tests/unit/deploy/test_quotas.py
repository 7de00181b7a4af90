"""What an instance needs of each quota of a region, and whether the quotas have room."""

from typing import Any

import pytest

from deploy.group.quotas import Quota, QuotaCheck, instances_that_fit, parse_quotas, quota_checks

RECORDED = tuple(
    Quota(metric, 1_000.0, 0.0)
    for metric in (
        "INSTANCES", "CPUS", "N2_CPUS", "N2D_CPUS", "C2D_CPUS", "M1_CPUS", "DISKS_TOTAL_GB", "SSD_TOTAL_GB",
        "LOCAL_SSD_TOTAL_GB", "NVIDIA_T4_GPUS", "NVIDIA_T4_VWS_GPUS", "PREEMPTIBLE_NVIDIA_T4_GPUS", "PREEMPTIBLE_CPUS",
    )
)  # fmt: skip


def checks(quotas: tuple[Quota, ...] = RECORDED, **properties: Any) -> dict[str, QuotaCheck]:
    """Return the checks of a template's properties, by metric."""
    template = {"properties": {"machineType": "n2d-standard-2", **properties}}
    return {check.metric: check for check in quota_checks(template, quotas)}


def needs(quotas: tuple[Quota, ...] = RECORDED, **properties: Any) -> dict[str, float | str]:
    """Return what an instance needs of each metric beside INSTANCES, or why that is not known."""
    found = checks(quotas, **properties)
    assert found.pop("INSTANCES").needed == 1.0
    return {metric: check.unchecked or check.needed for metric, check in found.items()}


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("n2d-standard-2", {"N2D_CPUS": 2.0}),
        ("zones/asia-northeast3-a/machineTypes/n2-highmem-16", {"N2_CPUS": 16.0}),
        ("n2-custom-4-8192", {"N2_CPUS": 4.0}),
        ("c2d-standard-112", {"C2D_CPUS": 112.0}),
        ("m1-ultramem-40", {"M1_CPUS": 40.0}),
        ("custom-6-4096", {"CPUS": 6.0}),
        ("n1-standard-1", {"CPUS": 1.0}),
        ("c3-standard-4-lssd", {"C3_CPUS": "the region has no such quota"}),
        ("n4-standard-2", {"N4_CPUS": "the region has no such quota"}),
        ("e2-medium", {"CPUS": 2.0}),
        ("e2-custom-small-2048", {"CPUS": 2.0}),
        ("e2-custom-4-8192", {"CPUS": 4.0}),
        ("f1-micro", {"CPUS": 1.0}),
        ("tpu", {"TPU_CPUS": "the CPUs of tpu are unknown"}),
        (
            "a2-highgpu-1g",
            {
                "A2_CPUS": "the CPUs of a2-highgpu-1g are unknown",
                "GPUs of a2-highgpu-1g": "the template does not name them",
            },
        ),
    ],
)
def test_cpus_of_a_machine_type(machine: str, expected: dict[str, float | str]) -> None:
    """A machine type needs the CPUs in its name, of its family's quota; n1, e2, f1 and g1 need them of CPUS."""
    assert needs(machineType=machine) == expected


def disk(kind: str | None, size_gb: str | None, **more: Any) -> dict[str, Any]:
    """Return a disk of a template."""
    parameters = {"diskType": kind, "diskSizeGb": size_gb}
    return {"initializeParams": {key: value for key, value in parameters.items() if value}, **more}


@pytest.mark.parametrize(
    ("disks", "expected"),
    [
        ([disk("pd-balanced", "50")], {"SSD_TOTAL_GB": 50.0}),
        ([disk("pd-ssd", "50"), disk("pd-balanced", "7")], {"SSD_TOTAL_GB": 57.0}),
        ([disk(None, "30"), disk("pd-standard", None, diskSizeGb="3")], {"DISKS_TOTAL_GB": 33.0}),
        ([disk("pd-standard", None), disk("pd-standard", "9")], {"DISKS_TOTAL_GB": "a disk has the size of its image"}),
        ([{"type": "SCRATCH", "initializeParams": {"diskType": "local-ssd"}}] * 2, {"LOCAL_SSD_TOTAL_GB": 750.0}),
        ([{"source": "zones/z/disks/data", "boot": False}], {}),
        ([disk("hyperdisk-balanced", "50")], {"HDB_TOTAL_GB": "the region has no such quota"}),
        ([disk("hyperdisk-ml", "50")], {"hyperdisk-ml": "the quota of this disk type is unknown"}),
        ([disk("pd-ssd", "0")], {}),
    ],
)
def test_gigabytes_of_disk_types(disks: list[dict[str, Any]], expected: dict[str, float | str]) -> None:
    """The gigabytes of all new disks of a quota are added; an unknown size or type is not checked."""
    assert needs(disks=disks) == {"N2D_CPUS": 2.0, **expected}


def gpus(kind: str, count: int = 1) -> list[dict[str, Any]]:
    """Return the accelerators of a template."""
    return [{"acceleratorType": f"projects/p/zones/z/acceleratorTypes/{kind}", "acceleratorCount": count}]


SPOT = {"provisioningModel": "SPOT", "preemptible": True}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"guestAccelerators": gpus("nvidia-tesla-t4", 2)}, {"N2D_CPUS": 2.0, "NVIDIA_T4_GPUS": 2.0}),
        ({"guestAccelerators": gpus("nvidia-tesla-t4", 0)}, {"N2D_CPUS": 2.0}),
        ({"guestAccelerators": gpus("nvidia-tesla-t4-vws")}, {"N2D_CPUS": 2.0, "NVIDIA_T4_VWS_GPUS": 1.0}),
        (
            {"guestAccelerators": gpus("nvidia-tesla-t4"), "scheduling": SPOT},
            {"PREEMPTIBLE_CPUS": 2.0, "PREEMPTIBLE_NVIDIA_T4_GPUS": 1.0},
        ),
        (
            {"machineType": "g2-standard-4"},
            {
                "G2_CPUS": "the region has no such quota",
                "GPUs of g2-standard-4": "the template does not name them",
            },
        ),
        (
            {"machineType": "g2-standard-4", "guestAccelerators": gpus("nvidia-l4")},
            {"G2_CPUS": "the region has no such quota", "NVIDIA_L4_GPUS": "the region has no such quota"},
        ),
    ],
)
def test_gpus_and_spot_instances(properties: dict[str, Any], expected: dict[str, float | str]) -> None:
    """GPUs have a quota for each kind; spot instances have quotas of their own."""
    assert needs(**properties) == expected


SPOT_PROPERTIES = {"scheduling": SPOT, "guestAccelerators": gpus("nvidia-tesla-t4"), "disks": [{"type": "SCRATCH"}]}
ORDINARY = tuple(Quota(metric, 999.0, 0.0) for metric in ("N2D_CPUS", "NVIDIA_T4_GPUS", "LOCAL_SSD_TOTAL_GB"))
PREEMPTIBLE = ("PREEMPTIBLE_CPUS", "PREEMPTIBLE_NVIDIA_T4_GPUS", "PREEMPTIBLE_LOCAL_SSD_GB")


@pytest.mark.parametrize(
    ("limits", "metrics"),
    [
        ((8.0, 1.0, 375.0), PREEMPTIBLE),
        ((0.0, 0.0, 0.0), ("N2D_CPUS", "NVIDIA_T4_GPUS", "LOCAL_SSD_TOTAL_GB")),
        ((), ("N2D_CPUS", "NVIDIA_T4_GPUS", "LOCAL_SSD_TOTAL_GB")),
    ],
)
def test_quotas_of_a_spot_instance(limits: tuple[float, ...], metrics: tuple[str, str, str]) -> None:
    """A spot instance needs preemptible quotas; where such a quota is absent or 0, it is counted as any other."""
    spot = tuple(Quota(metric, limit, 0.0) for metric, limit in zip(PREEMPTIBLE, limits, strict=False))
    assert needs((*ORDINARY, *spot, Quota("INSTANCES", 8.0, 0.0)), **SPOT_PROPERTIES) == dict(
        zip(metrics, (2.0, 1.0, 375.0), strict=True)
    )


def test_scarcest_quota_decides_how_many_instances_fit() -> None:
    """Quotas that were not checked are left out; more than the limit in use leaves less than no room."""
    quotas = (Quota("INSTANCES", 24.0, 3.0), Quota("N2D_CPUS", 24.0, 17.0), Quota("SSD_TOTAL_GB", 500.0, 150.0))
    whole = checks(quotas, disks=[disk("pd-balanced", "50"), disk("hyperdisk-ml", "9")])
    assert instances_that_fit(tuple(whole.values())) == 3
    assert instances_that_fit((whole["INSTANCES"],)) == 21
    assert instances_that_fit((whole["hyperdisk-ml"],)) is None
    assert instances_that_fit((QuotaCheck("CPUS", 2.0, 4.0, -3.0),)) == -2
    assert instances_that_fit(()) is None


@pytest.mark.parametrize(
    ("free", "instances", "replaced", "shortage"),
    [
        (2.0, 1, 0, ""),
        (1.0, 1, 0, "quota N2D_CPUS: a surge of 1 needs 2, and 1 of 24 are free"),
        (1.0, 1, 1, ""),
        (1.0, 3, 1, "quota N2D_CPUS: a surge of 3 needs 6, and 3 of 24 are free"),
        (-4.0, 1, 0, "quota N2D_CPUS: a surge of 1 needs 2, and 0 of 24 are free"),
        (0.0, 0, 0, ""),
        (-4.0, 0, 0, ""),
    ],
)
def test_shortage_of_a_quota(free: float, instances: int, replaced: int, shortage: str) -> None:
    """A shortage has what the surge needs, and what is free when the replaced instances are gone."""
    assert QuotaCheck("N2D_CPUS", 2.0, 24.0, free).shortage(instances, replaced) == shortage
    assert QuotaCheck("N2D_CPUS", 2.0, 24.0, free, "unknown").shortage(instances, replaced) == ""


def test_quotas_of_a_region_document() -> None:
    """A region's document may have no quotas."""
    assert parse_quotas({"name": "r"}) == ()
    row = {"metric": "CPUS", "limit": 24.0, "usage": 3.0, "owner": "x"}
    assert parse_quotas({"name": "r", "quotas": [row]}) == (Quota("CPUS", 24.0, 3.0),)
