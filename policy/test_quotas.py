"""The quotas that iac/README.md lists are those that the plans need."""

import re
from typing import Any

import pytest

from policy.running import ROOT
from policy.terraform import ENVIRONMENTS, Plan, Terraform, resources

_SSD = ("pd-balanced", "pd-ssd")
_STANDARD = {"ai_server_disk_type": "pd-standard", "chromadb_boot_disk_type": "pd-standard"}
_SURGE = 1  # instances that a rollout adds: environments/*.yaml
_VCPUS = {"e2-medium": 2, "g2-standard-4": 4, "n2d-standard-2": 2}


def _table() -> dict[str, dict[str, int]]:
    """Return the numbers of README.md by metric and environment."""
    text = (ROOT / "iac/README.md").read_text()
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \| (?:region|project) \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    return {metric: dict(zip(ENVIRONMENTS, map(int, numbers), strict=True)) for metric, *numbers in rows}


def _disks(plan: Plan) -> list[tuple[str, int, int]]:
    """Return type, GiB and number of the disks during a rollout."""
    (template,) = resources(plan, "google_compute_instance_template").values()
    (group,) = resources(plan, "google_compute_instance_group_manager").values()
    instances = group["target_size"] + _SURGE
    disks = [(disk["disk_type"], disk["disk_size_gb"], instances) for disk in template["disk"]]
    for vm in resources(plan, "google_compute_instance").values():
        (boot,) = vm["boot_disk"][0]["initialize_params"]
        disks.append((boot["type"], boot["size"], 1))
    return disks + [(disk["type"], disk["size"], 1) for disk in resources(plan, "google_compute_disk").values()]


def _gib(plan: Plan, *types: str) -> int:
    return sum(gib * number for kind, gib, number in _disks(plan) if kind in types)


def _needs(plan: Plan) -> dict[str, int]:
    """Return the need for each metric during a rollout."""
    (template,) = resources(plan, "google_compute_instance_template").values()
    (group,) = resources(plan, "google_compute_instance_group_manager").values()
    vms: list[dict[str, Any]] = list(resources(plan, "google_compute_instance").values())
    gpus = sum(gpu["count"] for vm in vms for gpu in vm.get("guest_accelerator") or [])
    instances = group["target_size"] + _SURGE
    return {
        "SSD_TOTAL_GB": _gib(plan, *_SSD),
        "DISKS_TOTAL_GB": _gib(plan, "pd-standard"),
        "N2D_CPUS": _VCPUS[template["machine_type"]] * instances,
        "CPUS": sum(_VCPUS[vm["machine_type"]] for vm in vms),
        "INSTANCES": len(vms) + instances,
        "NVIDIA_L4_GPUS": gpus,
        "GPUS_ALL_REGIONS": gpus,
        "STATIC_ADDRESSES": len(resources(plan, "google_compute_address")),
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_table_has_the_needs_of_the_plan(plans: dict[str, Plan], environment: str) -> None:
    """Each metric of the table has the number that a rollout needs."""
    listed = {metric: numbers[environment] for metric, numbers in _table().items()}
    assert listed == _needs(plans[environment]), "iac/README.md, Quotas: differs from the plan"


def test_standard_disks_fit_the_quota_of_a_new_account(terraform: Terraform) -> None:
    """README.md says which variables leave 250 and 200 GB of SSD_TOTAL_GB."""
    text = (ROOT / "iac/README.md").read_text()
    dev = terraform.plan("dev", **_STANDARD)
    assert f"dev needs {_gib(dev, *_SSD)}; " in text
    for environment in ENVIRONMENTS:
        plan = terraform.plan(environment, **_STANDARD, chromadb_data_disk_type="pd-standard")
        assert f"dev and prod need {_gib(plan, *_SSD)}. " in text
