"""
An empty disk that takes what the disk quota of a region has free, so that no rollout fits until the disk is deleted.

    python -m acceptance.quota fill PROJECT ZONE
    python -m acceptance.quota free PROJECT ZONE

`fill` deletes the disk of an earlier attempt first; `free` deletes the disk, and does nothing if there is none.
"""

import json
import sys
from typing import Final

from acceptance.gcloud import gcloud
from acceptance.place import AcceptanceError

METRIC: Final = "SSD_TOTAL_GB"
DISK_TYPE: Final = "pd-balanced"  # counts in that metric, as the boot disks of the group do
_DISK: Final = "acceptance-filler"
_SMALLEST_GB: Final = 10
_LARGEST_GB: Final = 65_536


def fill(project: str, zone: str) -> None:
    """
    Create a disk as large as the free part of the quota.

    Args:
        project: project of the disk.
        zone: zone of the disk; the quota is that of its region.

    Raises:
        AcceptanceError: a disk cannot be as large as that.
        CalledProcessError: gcloud has failed.
    """
    free(project, zone)
    free_gb = _free_gb(project, zone.rpartition("-")[0])
    if free_gb > _LARGEST_GB:
        raise AcceptanceError(
            f"quota {METRIC}: {free_gb} GB are free, and a disk has at most {_LARGEST_GB} GB."
            " Fix: leave the step out by --skip capacity."
        )
    if free_gb >= _SMALLEST_GB:
        place = ("--project", project, "--zone", zone)
        gcloud("disks", "create", _DISK, "--size", f"{free_gb}GB", "--type", DISK_TYPE, *place, "--quiet")


def free(project: str, zone: str) -> None:
    """
    Delete the disk if it exists.

    Args:
        project: project of the disk.
        zone: zone of the disk.

    Raises:
        CalledProcessError: gcloud has failed.
    """
    names = gcloud("disks", "list", "--zones", zone, "--project", project, "--format", "value(name)").split()
    if _DISK in names:
        gcloud("disks", "delete", _DISK, "--zone", zone, "--project", project, "--quiet")


def _free_gb(project: str, region: str) -> int:
    document = json.loads(gcloud("regions", "describe", region, "--project", project, "--format", "json"))
    (quota,) = (quota for quota in document["quotas"] if quota["metric"] == METRIC)
    return int(quota["limit"] - quota["usage"])


if __name__ == "__main__":
    _verb, *_where = sys.argv[1:]
    try:
        {"fill": fill, "free": free}[_verb](*_where)
    except AcceptanceError as _error:
        raise SystemExit(str(_error)) from None
