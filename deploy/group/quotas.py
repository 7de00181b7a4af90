"""Whether the quotas of a region have room for more instances of a template, metric by metric. Pure."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from deploy.documents.resource import Document, name_of

# The metric of each disk type. Source: public reports of QUOTA_EXCEEDED that name the disk types of SSD_TOTAL_GB and
# HDB_TOTAL_GB, read on 2026-11-27.
_DISKS: Final = {
    "pd-standard": "DISKS_TOTAL_GB",
    "pd-balanced": "SSD_TOTAL_GB",
    "pd-ssd": "SSD_TOTAL_GB",
    "pd-extreme": "SSD_TOTAL_GB",
    "hyperdisk-balanced": "HDB_TOTAL_GB",
}
_LOCAL_SSD: Final = "LOCAL_SSD_TOTAL_GB"
_LOCAL_SSD_GB: Final = 375.0
# Families whose CPUs count in CPUS. Source: the enum of Quota.metric names no metric of n1, f1, g1 or of custom types;
# it has E2_CPUS, which no recorded region of gcpdiag shows; read on 2026-11-27.
_FAMILIES_OF_CPUS: Final = ("custom", "e2", "f1", "g1", "n1")
_SHARED_CORE: Final = re.compile(r"e2-(?:custom-)?(?:micro|small|medium)\b|(f1-micro|g1-small)$")
_VCPUS: Final = re.compile(r"[a-z]\w*-(?:[a-z]+-)?(\d+)(?:-|$)")  # n2d-standard-2, n2-custom-4-8192, custom-4-8192
_GPU_FAMILIES: Final = ("a2", "a3", "a4", "g2", "g4")  # their machine types have GPUs that a template does not name


@dataclass(frozen=True)
class Quota:
    """
    A quota of a region.

    Args:
        metric: what is counted, such as N2D_CPUS.
        limit: how much the project may use.
        usage: how much it uses.
    """

    metric: str
    limit: float
    usage: float


@dataclass(frozen=True)
class QuotaCheck:
    """
    What an instance needs of a quota, and what is free.

    Args:
        metric: metric of the quota; a description where no metric is known.
        needed: what one instance needs; 0 if that is unknown.
        limit: limit of the quota.
        free: what is free; below 0 if the project uses more than its limit.
        unchecked: why the quota was not checked; empty if it was.
    """

    metric: str
    needed: float = 0.0
    limit: float = 0.0
    free: float = 0.0
    unchecked: str = ""

    def shortage(self, instances: int, replaced: int = 0) -> str:
        """
        Return what the quota lacks for a number of instances; empty if they fit, or if the quota was not checked.

        Args:
            instances: number of new instances.
            replaced: number of instances that make room for them.
        """
        needed, free = self.needed * instances, self.free + self.needed * replaced
        if self.unchecked or not instances or needed <= free:
            return ""
        numbers = f"needs {needed:g}, and {max(0.0, free):g} of {self.limit:g} are free"
        return f"quota {self.metric}: a surge of {instances} {numbers}"


def parse_quotas(region: Document) -> tuple[Quota, ...]:
    """Return the quotas in a region's document."""
    return tuple(Quota(quota["metric"], quota["limit"], quota["usage"]) for quota in region.get("quotas", []))


def quota_checks(template: Document, quotas: Sequence[Quota]) -> tuple[QuotaCheck, ...]:
    """
    Check each quota that an instance needs: INSTANCES, CPUs, gigabytes of disk types and GPUs.

    Args:
        template: template of the instance.
        quotas: quotas of the region; of the recorded regions, none has a metric of every machine family.
    """
    properties = template.get("properties") or {}
    by_metric = {quota.metric: quota for quota in quotas}
    needs = [
        _Need("INSTANCES", 1.0),
        _cpu_need(properties, by_metric),
        *_disk_needs(properties),
        *_gpu_needs(properties),
    ]
    if _is_spot(properties):
        needs = [_spot_need(need, by_metric) for need in needs]
    return tuple(_checked(need, by_metric) for need in _summed(needs) if need.amount or need.unknown)


def instances_that_fit(checks: Sequence[QuotaCheck]) -> int | None:
    """Return how many more instances the scarcest quota allows, below 0 if too many exist; None if none was checked."""
    return min((math.floor(check.free / check.needed) for check in checks if not check.unchecked), default=None)


@dataclass(frozen=True)
class _Need:
    """An amount of a metric; with an amount of 0, `unknown` is the reason why it is not known."""

    metric: str
    amount: float = 0.0
    unknown: str = ""


def _checked(need: _Need, quotas: dict[str, Quota]) -> QuotaCheck:
    quota = quotas.get(need.metric)
    if need.unknown:
        return QuotaCheck(need.metric, unchecked=need.unknown)
    if quota is None:
        return QuotaCheck(need.metric, need.amount, unchecked="the region has no such quota")
    return QuotaCheck(need.metric, need.amount, quota.limit, quota.limit - quota.usage)


def _summed(needs: list[_Need]) -> list[_Need]:
    """Return the needs with one need for each metric; an unknown amount makes the metric's sum unknown."""
    sums: dict[str, _Need] = {}
    for need in needs:
        before = sums.get(need.metric, _Need(need.metric))
        sums[need.metric] = _Need(need.metric, before.amount + need.amount, before.unknown or need.unknown)
    return list(sums.values())


def _is_spot(properties: dict[str, Any]) -> bool:
    scheduling = properties.get("scheduling") or {}
    return scheduling.get("provisioningModel") == "SPOT" or bool(scheduling.get("preemptible"))


def _spot_need(need: _Need, quotas: dict[str, Quota]) -> _Need:
    """
    Return what a spot instance needs: of a preemptible quota where the project has any, else of the ordinary one.

    Source: Compute Engine's page on quotas, as quoted in blackie1019/cert-gcp-lab, read on 2026-11-27.
    """
    metric = need.metric
    if metric.endswith("CPUS"):
        metric = "CPUS"
    elif metric == _LOCAL_SSD:
        metric = "LOCAL_SSD_GB"
    spot = quotas.get(f"PREEMPTIBLE_{metric}")
    return replace(need, metric=spot.metric) if spot and spot.limit > 0 else need


def _cpu_need(properties: dict[str, Any], quotas: dict[str, Quota]) -> _Need:
    """
    Return the CPUs of a machine type: of its family's quota, or of CPUS for the families that count there.

    A family with a quota of its own that the region does not show is not checked: CPUS says nothing about it.
    """
    machine = name_of(str(properties.get("machineType", "")))
    family = machine.partition("-")[0]
    metric = f"{family.upper()}_CPUS"
    if metric not in quotas and family in _FAMILIES_OF_CPUS:
        metric = "CPUS"
    shared, number = _SHARED_CORE.match(machine), _VCPUS.match(machine)
    if shared:
        return _Need(metric, 1.0 if shared[1] else 2.0)
    return _Need(metric, float(number[1])) if number else _Need(metric, unknown=f"the CPUs of {machine} are unknown")


def _disk_needs(properties: dict[str, Any]) -> list[_Need]:
    needs = []
    for disk in properties.get("disks") or []:
        parameters = disk.get("initializeParams") or {}
        kind = name_of(parameters.get("diskType") or "pd-standard")
        size = parameters.get("diskSizeGb") or disk.get("diskSizeGb")
        metric = _DISKS.get(kind)
        if disk.get("type") == "SCRATCH":
            needs.append(_Need(_LOCAL_SSD, _LOCAL_SSD_GB))
        elif disk.get("source"):
            continue  # the disk exists already
        elif metric is None:
            needs.append(_Need(kind, unknown="the quota of this disk type is unknown"))
        elif size is None:
            needs.append(_Need(metric, unknown="a disk has the size of its image"))
        else:
            needs.append(_Need(metric, float(size)))
    return needs


def _gpu_needs(properties: dict[str, Any]) -> list[_Need]:
    """Return the GPUs: `nvidia-tesla-t4` needs NVIDIA_T4_GPUS. Source: recorded answers of regions.list in gcpdiag."""
    needs = []
    for accelerator in properties.get("guestAccelerators") or []:
        kind = name_of(accelerator.get("acceleratorType", "")).replace("nvidia-tesla-", "nvidia-")
        metric = f"{kind.upper().replace('-', '_')}_GPUS"
        needs.append(_Need(metric, float(accelerator.get("acceleratorCount", 1))))
    machine = name_of(str(properties.get("machineType", "")))
    if not needs and machine.partition("-")[0] in _GPU_FAMILIES:
        needs.append(_Need(f"GPUs of {machine}", unknown="the template does not name them"))
    return needs
