"""The quotas of a region: what an instance of a template takes of each metric. Pure."""

import re
from collections import Counter
from collections.abc import Collection
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


def instance_usage(template: Document, metrics: Collection[str]) -> Counter[str]:
    """
    Return what an instance takes of each metric of a region.

    Args:
        template: document of the instance's template
        metrics: metrics of the region; a machine family without a metric of its own takes CPUS
    """
    properties = template.get("properties") or {}
    machine = name_of(properties.get("machineType") or "")
    family = f"{machine.partition('-')[0].upper()}_CPUS"
    used = Counter({"INSTANCES": 1, family if family in metrics else "CPUS": _cpus(machine)})
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
    return Counter({metric: amount for metric, amount in used.items() if metric in metrics})


def _cpus(machine: str) -> int:
    """Return the CPUs of a machine type: of the catalogue, or the number in its name."""
    number = re.search(r"-(\d+)", machine)
    return MACHINE_TYPES[machine][0] if machine in MACHINE_TYPES else int(number[1]) if number else 1
