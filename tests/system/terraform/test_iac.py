"""
The dev environment of `iac/`, applied to the emulator: deploy rolls the group that Terraform creates, and neither
changes what the other manages.
"""

import json
import re
import time

import pytest

from emulator.api.permissions import permission
from tests.support.deployer import Deployer
from tests.support.emulator import GROUP, TEMPLATES, ZONE, Emulator
from tests.support.gcloud import Gcloud
from tests.support.programs import ROOT
from tests.support.releases import REPOSITORY, numbered_reference
from tests.support.waiting import wait_until
from tests.system.terraform.fleet import Fleet

_ACT_AS = "iam.serviceAccounts.actAs"


def _patches(fleet: Fleet) -> int:
    """Return the number of PATCHes of the group that succeeded."""
    entries = fleet.emulator.request_log("request")
    return [(entry["method"], entry["status"]) for entry in entries].count(("instanceGroupManagers.patch", 200))


def _granted(argument: str = "permissions") -> set[str]:
    """Permissions of the deployer's first role; those of the second one are the argument `dry_run_permissions`."""
    text = (ROOT / "iac/modules/fleet/accounts.tf").read_text()
    (block,) = re.findall(rf"^  {argument} = \[(.*?)^  \]", text, re.DOTALL | re.MULTILINE)
    return set(re.findall(r'"(compute\.\w+\.\w+)"', block))


def _grant_second_role(emulator: Emulator) -> None:
    """Grant to create instances, and to act as their account, only on the names on which iac/ grants it."""
    second = _granted("dry_run_permissions")
    on_the_name = {name for name in second if name.startswith(("compute.instances.", "compute.disks."))}
    account = "ai-server@dojangkok-dev.iam.gserviceaccount.com"
    conditional = {"-0000": sorted(on_the_name), account: [_ACT_AS]}
    denied = sorted({*on_the_name, _ACT_AS})
    emulator.ask("emulator/permissions", {"denied": denied, "conditional": conditional}, "PUT")


def test_deploy_rolls_the_group_that_terraform_creates(
    fleet: Fleet, deployer: Deployer, capsys: pytest.CaptureFixture[str]
) -> None:
    """After an apply a deploy has no warning, and the plan stays empty after deploys and a rollback."""
    began_s = time.monotonic()
    fleet.apply()
    applied_s = time.monotonic() - began_s
    wait_until(fleet.is_stable)
    fleet.assert_unchanged()
    assert fleet.image_line() == f"AI_SERVER_IMAGE={REPOSITORY}:4f2a91c"

    began_s = time.monotonic()
    done = deployer.run("deploy", "--image", numbered_reference(1))
    deployed_s = time.monotonic() - began_s
    assert done.exit_code == 0, done.stderr
    assert "warning" not in done.stderr
    assert fleet.image_line() == f"AI_SERVER_IMAGE={numbered_reference(1)}"
    began_s = time.monotonic()
    fleet.assert_unchanged()
    planned_s = time.monotonic() - began_s

    deployer.json("deploy", "--image", numbered_reference(2))
    fleet.assert_unchanged()
    deployer.json("rollback")
    assert fleet.image_line() == f"AI_SERVER_IMAGE={numbered_reference(1)}"
    assert _patches(fleet) == 4, "two deploys, the rollback of both instances at once, and that of its surge"
    fleet.assert_unchanged()
    with capsys.disabled():
        print(f"\napply {applied_s:.1f} s, deploy {deployed_s:.1f} s, empty plan {planned_s:.1f} s")
    assert [entry for entry in fleet.emulator.request_log("request") if entry.get("unknown")] == []


def test_changed_machine_type_waits_for_a_manual_rollout(fleet: Fleet, deployer: Deployer) -> None:
    """
    A new machine type creates a new seed template, which `status` reports and no rollout applies. After a manual
    rollout of this seed, with the serving release, the next releases are copies of the seed: iac/README.md.
    """
    fleet.apply()
    wait_until(fleet.is_stable)
    deployer.json("deploy", "--image", numbered_reference(1))
    before = deployer.versions()
    release = numbered_reference(1).removeprefix(REPOSITORY)
    change = {"ai_server_machine_type": "n2d-standard-4", "ai_server_first_release": release}
    fleet.apply(**change)
    assert deployer.versions() == before
    assert "is newer than" in json.dumps(deployer.json("status"))

    seed = json.loads(fleet.run("output", "-json", "fleet").stdout)["ai_server_template"]
    group = f"compute/v1/{ZONE}/instanceGroupManagers/{GROUP}"
    fleet.emulator.ask(group, {"versions": [{"instanceTemplate": f"global/instanceTemplates/{seed}"}]}, "PATCH")
    assert deployer.versions() == [seed]
    deployer.json("deploy", "--image", numbered_reference(2))
    (serving,) = deployer.versions()
    assert fleet.emulator.get(f"{TEMPLATES}/{serving}")["properties"]["machineType"] == "n2d-standard-4"
    assert "is newer than" not in json.dumps(deployer.json("status"))
    fleet.assert_unchanged(**change)


def test_deploy_asks_for_no_more_than_its_role_has(fleet: Fleet, deployer: Deployer) -> None:
    """Every method of Compute Engine that a deploy, a rollback and a prune call is in the custom role of iac/."""
    fleet.apply()
    wait_until(fleet.is_stable)
    known = len(fleet.emulator.request_log("request"))
    deployer.json("deploy", "--image", numbered_reference(1))
    deployer.json("deploy", "--image", numbered_reference(2))
    deployer.json("rollback")
    deployer.json("prune")
    methods = {entry["method"] for entry in fleet.emulator.request_log("request")[known:]}
    called = {permission(method) for method in methods if not method.startswith("cloudresourcemanager.")}
    assert called <= _granted()
    assert "compute.instanceTemplates.create" in called


def test_roles_of_the_deployer_are_enough(fleet: Fleet, deployer: Deployer) -> None:
    """
    Under the condition of the second role a deploy and a rollback succeed, with an empty plan after each, and without
    this role a deploy ends with 4. Terraform destroys the group, and the rest once the templates of the releases are
    deleted. The test above compares the methods of a deploy with the first role.
    """
    fleet.apply()
    wait_until(fleet.is_stable)
    _grant_second_role(fleet.emulator)
    deployer.json("deploy", "--image", numbered_reference(1))
    deployer.json("deploy", "--image", numbered_reference(2))
    fleet.assert_unchanged()
    deployer.json("rollback")
    assert fleet.image_line() == f"AI_SERVER_IMAGE={numbered_reference(1)}"
    fleet.assert_unchanged()
    fleet.emulator.ask("emulator/permissions", {"denied": sorted(_granted("dry_run_permissions"))}, "PUT")
    refused = deployer.run("deploy", "--image", numbered_reference(2))
    assert refused.exit_code == 4
    assert all(name in refused.stderr for name in _granted("dry_run_permissions")), refused.stderr
    fleet.emulator.ask("emulator/permissions", {"denied": []}, "PUT")
    fleet.work("destroy", "-auto-approve", "-target=module.fleet.module.ai_server")
    for template in fleet.emulator.get(TEMPLATES)["items"]:
        fleet.emulator.ask(f"{TEMPLATES}/{template['name']}", None, "DELETE")
    fleet.work("destroy", "-auto-approve")


def test_shell_asks_for_no_more_than_its_grants_have(emulator: Emulator, gcloud: Gcloud) -> None:
    """`gcloud compute ssh` needs only to read the VM, by a role on the VM, and the project, by the deployer's role."""
    name = emulator.instances()[0]["instance"].rpartition("/")[2]
    known = len(emulator.request_log("request"))
    gcloud(f"ssh {name} --tunnel-through-iap --dry-run --plain")
    called = {permission(entry["method"]) for entry in emulator.request_log("request")[known:]}
    assert called == {"compute.instances.get", "compute.projects.get"}
    assert "compute.projects.get" in _granted()
