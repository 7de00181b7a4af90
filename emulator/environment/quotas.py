"""The quotas of a region: what an instance of a template takes of each metric. Pure."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from emulator.environment.links import name_of
from emulator.environment.view import Document

# CPUs and memory in MB of the machine types that the fleet uses. Source: Compute Engine's machine families.
MACHINE_TYPES: Final = {
    "e2-micro": (2, 1_024),
    "e2-small": (2, 2_048),
    "e2-medium": (2, 4_096),
    "n1-standard-1": (1, 3_840),
    "n2d-standard-2": (2, 8_192),
    "g2-standard-4": (4, 16_384),
}
# Source of the metrics: an answer of regions.list in test data of GoogleCloudPlatform/gcpdiag (gce1, compute-regions),
# and errors of projects in public reports that name the disk types of SSD_TOTAL_GB; read on 2026-11-27.
_DISKS: Final = {
    "pd-standard": "DISKS_TOTAL_GB",
    "pd-balanced": "SSD_TOTAL_GB",
    "pd-ssd": "SSD_TOTAL_GB",
    "pd-extreme": "SSD_TOTAL_GB",
    "hyperdisk-balanced": "HDB_TOTAL_GB",
}
_LOCAL_SSD_GB: Final = 375
_IMAGE_GB: Final = 10  # of every image of the emulator; a disk without a size has its image's


def instance_usage(template: Document, limits: Mapping[str, float]) -> Counter[str]:
    """
    Return what an instance takes of each metric of a region.

    Args:
        template: document of the instance's template
        limits: limits of the region's metrics; a machine family without a metric of its own takes CPUS, and a spot
            instance takes of a preemptible metric whose limit is above 0
    """
    properties = template.get("properties") or {}
    machine = name_of(properties.get("machineType") or "")
    family = f"{machine.partition('-')[0].upper()}_CPUS"
    used = Counter({"INSTANCES": 1, family if family in limits else "CPUS": _cpus(machine)})
    for disk in properties.get("disks") or []:
        if disk.get("type") == "SCRATCH":
            used["LOCAL_SSD_TOTAL_GB"] += _LOCAL_SSD_GB
        elif not disk.get("source"):
            parameters = disk.get("initializeParams") or {}
            metric = _DISKS.get(name_of(parameters.get("diskType") or "pd-standard"), "")
            used[metric] += int(parameters.get("diskSizeGb") or disk.get("diskSizeGb") or _IMAGE_GB)
    for accelerator in properties.get("guestAccelerators") or []:
        kind = name_of(accelerator["acceleratorType"]).replace("nvidia-tesla-", "nvidia-")
        used[f"{kind.upper().replace('-', '_')}_GPUS"] += int(accelerator.get("acceleratorCount", 1))
    scheduling = properties.get("scheduling") or {}
    if scheduling.get("provisioningModel") == "SPOT" or scheduling.get("preemptible"):
        used = Counter({_spot_metric(metric, limits): amount for metric, amount in used.items()})
    return Counter({metric: amount for metric, amount in used.items() if metric in limits})


def _spot_metric(metric: str, limits: Mapping[str, float]) -> str:
    """Return the metric of a spot instance. Source: Compute Engine's page on quotas, as quoted in cert-gcp-lab."""
    preemptible = f"PREEMPTIBLE_{'CPUS' if metric.endswith('CPUS') else metric.replace('LOCAL_SSD_TOTAL', 'LOCAL_SSD')}"
    return preemptible if limits.get(preemptible, 0) > 0 else metric


def _cpus(machine: str) -> int:
    """Return the CPUs of a machine type: of the catalogue, or the number in its name."""
    number = re.search(r"-(\d+)", machine)
    return MACHINE_TYPES[machine][0] if machine in MACHINE_TYPES else int(number[1]) if number else 1
