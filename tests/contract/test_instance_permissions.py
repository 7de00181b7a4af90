"""The dry run by which a group that gets another template checks that the caller may create an instance of it."""

import pytest

from tests.contract.marks import covers, environment, unverified, verified
from tests.contract.rig import GROUP, GROUPS, PROJECT, ROLL, ZONE, EmulatorClient, Json

_INSTANCE = f"projects/{PROJECT}/zones/{ZONE}/instances/web-0000"
_DISK = f"projects/{PROJECT}/zones/{ZONE}/disks/web-0000"
_ACCOUNT = "web@demo.iam.gserviceaccount.com"
_ROLE = ["compute.disks.create", "compute.instances.create", "compute.instances.setLabels",
         "compute.instances.setMetadata"]  # fmt: skip
_BOOT: Json = {"boot": True, "initializeParams": {"sourceImage": "global/images/base-1"}}
_TEST_PERMISSIONS = f"/v1/projects/{PROJECT}:testIamPermissions"


def _deny(emulator: EmulatorClient, denied: list[str], suffix: str = "") -> None:
    conditional = {suffix: denied} if suffix else {}
    emulator.control("PUT", "permissions", {"denied": denied, "conditional": conditional})


def _patch(template: str) -> Json:
    return {"versions": [{"instanceTemplate": template}], "updatePolicy": ROLL}


@verified("R")
@covers("instanceGroupManagers.patch")
def test_another_template_needs_the_permissions_of_an_instance(emulator: EmulatorClient) -> None:
    """A patch to another template answers 403 for the instance BASE-0000, with an entry for each missing permission."""
    emulator.web(1)
    new = emulator.template("new", disks=[_BOOT], labels={"tier": "web"})
    before = emulator.group()
    _deny(emulator, _ROLE)
    answer = emulator.send("PATCH", GROUP, _patch(new))
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (403, "PERMISSION_DENIED")
    assert error["message"] == f"Required 'compute.instances.create' permission for '{_INSTANCE}'"
    assert [(row["reason"], row["message"]) for row in error["errors"]] == [
        ("forbidden", f"Required '{permission}' permission for '{path}'")
        for permission, path in [
            ("compute.instances.create", _INSTANCE),
            ("compute.instances.setLabels", _INSTANCE),
            ("compute.instances.setMetadata", _INSTANCE),
            ("compute.disks.create", _DISK),
        ]
    ]
    assert emulator.group() == before


@verified("R")
@covers("instanceGroupManagers.patch", "cloudresourcemanager.testIamPermissions")
def test_a_condition_on_the_name_of_the_dry_run_is_enough(emulator: EmulatorClient) -> None:
    """Permissions on names that end in -0000 are enough for a patch, and the project does not report them."""
    emulator.web(1)
    new = emulator.template("new", disks=[_BOOT], labels={"tier": "web"})
    _deny(emulator, _ROLE, "-0000")
    assert emulator.ask("POST", _TEST_PERMISSIONS, {"permissions": _ROLE}) == {}
    emulator.do("PATCH", GROUP, _patch(new))
    emulator.settled()


@unverified("M")
@covers("instanceGroupManagers.patch")
@pytest.mark.parametrize(
    ("permission", "properties", "path"),
    [
        ("compute.instances.create", {}, _INSTANCE),
        ("compute.instances.setLabels", {"labels": {"tier": "web"}}, _INSTANCE),
        ("compute.instances.setMetadata", {"metadata": {"items": [{"key": "a", "value": "b"}]}}, _INSTANCE),
        ("compute.instances.setServiceAccount", {"serviceAccounts": [{"email": _ACCOUNT}]}, _INSTANCE),
        ("compute.instances.setTags", {"tags": {"items": ["web"]}}, _INSTANCE),
        ("compute.disks.create", {"disks": [_BOOT]}, _DISK),
        ("compute.images.useReadOnly", {"disks": [_BOOT]}, f"projects/{PROJECT}/global/images/base-1"),
        (
            "compute.subnetworks.use",
            {"networkInterfaces": [{"network": "global/networks/default"}]},
            f"projects/{PROJECT}/global/networks/default",
        ),
        (
            "compute.subnetworks.useExternalIp",
            {"networkInterfaces": [{"accessConfigs": [{"type": "ONE_TO_ONE_NAT"}]}]},
            f"projects/{PROJECT}/global/networks/default",
        ),
        (
            "iam.serviceAccounts.actAs",
            {"serviceAccounts": [{"email": _ACCOUNT}]},
            f"projects/{PROJECT}/serviceAccounts/{_ACCOUNT}",
        ),
    ],
)
def test_each_property_needs_its_permission(
    emulator: EmulatorClient, permission: str, properties: Json, path: str
) -> None:
    """A template needs the permissions for the properties that it has, and no others."""
    emulator.web(0)
    bare = emulator.template("bare", metadata={})
    new = emulator.template("new", **({"metadata": {}} | properties))
    _deny(emulator, [permission])
    message = f"Required '{permission}' permission for '{path}'"
    assert emulator.refused("PATCH", GROUP, _patch(new)) == (403, "forbidden", message)
    if properties:
        emulator.do("PATCH", GROUP, _patch(bare))


@unverified("I")
@covers("instanceGroupManagers.patch")
def test_the_same_template_needs_no_permission(emulator: EmulatorClient) -> None:
    """A patch that gives the group no other template needs only the permission to update the group."""
    group = emulator.web(1)
    _deny(emulator, _ROLE)
    emulator.do("PATCH", GROUP, _patch(group["versions"][0]["instanceTemplate"]))
    emulator.do("PATCH", GROUP, {"updatePolicy": {"maxSurge": {"fixed": 3}}})


@unverified("M")
@covers("instanceGroupManagers.patch")
def test_an_image_of_another_project_needs_no_permission(emulator: EmulatorClient) -> None:
    """A public image is granted to every account, so the project of the group need not grant it."""
    emulator.web(0)
    public = {"initializeParams": {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"}}
    new = emulator.template("new", disks=[_BOOT | public])
    _deny(emulator, ["compute.images.useReadOnly"])
    emulator.do("PATCH", GROUP, _patch(new))


def _statuses(emulator: EmulatorClient) -> tuple[int, int]:
    """Return the statuses of an insert and of a patch, without the permission to create instances."""
    emulator.web(0)
    new = emulator.template("new")
    _deny(emulator, ["compute.instances.create"])
    insert = emulator.send("POST", GROUPS, {"name": "other", "targetSize": 0, "instanceTemplate": new})
    return insert.status_code, emulator.send("PATCH", GROUP, _patch(new)).status_code


@unverified("I")
@covers("instanceGroupManagers.insert", "instanceGroupManagers.patch")
def test_the_check_at_both_writes(emulator: EmulatorClient) -> None:
    """The dry run happens at the insert and at a patch. `--instance-check both`, the default."""
    assert _statuses(emulator) == (403, 403)


@unverified("I")
@covers("instanceGroupManagers.insert", "instanceGroupManagers.patch")
@environment(instance_check="insert")
def test_the_check_at_the_insert(emulator: EmulatorClient) -> None:
    """The dry run happens at the insert alone. `--instance-check insert`."""
    assert _statuses(emulator) == (403, 200)


@unverified("I")
@covers("instanceGroupManagers.insert", "instanceGroupManagers.patch")
@environment(instance_check="patch")
def test_the_check_at_the_patch(emulator: EmulatorClient) -> None:
    """The dry run happens at a patch alone. `--instance-check patch`."""
    assert _statuses(emulator) == (200, 403)


@unverified("I")
@covers("instanceGroupManagers.insert", "instanceGroupManagers.patch")
@environment(instance_check="never")
def test_no_check(emulator: EmulatorClient) -> None:
    """There is no dry run. `--instance-check never`."""
    assert _statuses(emulator) == (200, 200)
