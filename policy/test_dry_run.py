"""The condition of the deployer's second role: it creates the instance of a group's dry run, and no other instance."""

import pytest

from policy.cel import is_granted
from policy.terraform import ENVIRONMENTS, Plan, resources

_ZONE = "projects/p/zones/asia-northeast3-a"
_INSTANCE, _DISK = "compute.googleapis.com/Instance", "compute.googleapis.com/Disk"
# Name and type of a resource, as IAM gives them to a condition. Subnetworks have no attributes there: both are empty.
# Source: IAM, "Resource types that accept conditional role bindings", recalled on 2026-11-27.
_GRANTED = {
    "the instance of the dry run": (f"{_ZONE}/instances/dojangkok-dev-ai-server-0000", _INSTANCE),
    "its disk": (f"{_ZONE}/disks/dojangkok-dev-ai-server-0000", _DISK),
    "an image": ("projects/p/global/images/dojangkok-cpu-base-20260101", "compute.googleapis.com/Image"),
    "a subnetwork": ("", ""),
}
_REFUSED = {
    "an instance of the group": (f"{_ZONE}/instances/dojangkok-dev-ai-server-x7kq", _INSTANCE),
    "an instance with these digits elsewhere": (f"{_ZONE}/instances/dojangkok-0000-ai-server", _INSTANCE),
    "an instance without the hyphen": (f"{_ZONE}/instances/server0000", _INSTANCE),
    "a disk of the group": (f"{_ZONE}/disks/dojangkok-dev-ai-server-x7kq", _DISK),
    "the data of ChromaDB": (f"{_ZONE}/disks/dojangkok-dev-chromadb-data", _DISK),
}


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def condition(request: pytest.FixtureRequest, plans: dict[str, Plan]) -> str:
    """The condition of the second role in each environment, as Terraform renders it."""
    members = resources(plans[request.param], "google_project_iam_member")
    (rendered,) = members["module.deployer_account.google_project_iam_member.dry_run[0]"]["condition"]
    return str(rendered["expression"])


@pytest.mark.parametrize("resource", _GRANTED)
def test_resource_of_the_dry_run_is_granted(condition: str, resource: str) -> None:
    """The role applies to the instance and disk of the dry run, and to the images and subnetworks that they use."""
    assert is_granted(condition, *_GRANTED[resource]), f"{resource} is refused by: {condition}"


@pytest.mark.parametrize("resource", _REFUSED)
def test_other_instance_or_disk_is_refused(condition: str, resource: str) -> None:
    """The role creates and changes no instance that runs, and no disk of one."""
    assert not is_granted(condition, *_REFUSED[resource]), f"{resource} is granted by: {condition}"


@pytest.mark.parametrize("faulty", ["", "resource.name", "resource.name.endsWith('-0000'", "resource.none == '1'"])
def test_faulty_condition_grants_nothing(faulty: str) -> None:
    """A condition that is no CEL, no boolean or an error grants nothing."""
    assert not is_granted(faulty, *_GRANTED["its disk"])
