"""Deploys with exactly the permissions of the deployer's two roles, the second one only on names that end in -0000."""

from typing import Final

import pytest

from deploy.compute_engine.permissions import INSTANCE_PERMISSIONS, REQUIRED_PERMISSIONS
from deploy.errors import NotAllowedError, NotRestoredError, RolledBackError
from emulator.api.calls import HANDLERS
from emulator.api.permissions import permission
from lib.output import MAX_LINE_LENGTH
from tests.integration.deploy.faulty import rig_without_bake, set_instance_rule
from tests.integration.deploy.rig import Rig, new_rig

OPTIONAL: Final = {
    "compute.instances.getGuestAttributes", "compute.instances.getSerialPortOutput", "compute.regions.get",
}  # fmt: skip
ON_THE_NAME: Final = [
    name for name in INSTANCE_PERMISSIONS if name.startswith(("compute.instances.", "compute.disks."))
]
ON_THE_PROJECT: Final = sorted({*INSTANCE_PERMISSIONS} - {*ON_THE_NAME})
ACT_AS: Final = "iam.serviceAccounts.actAs"


def grant(rig: Rig, second_role: tuple[str, ...] = INSTANCE_PERMISSIONS) -> None:
    """Grant the deployer's first role, and permissions of the second one; deny every other permission."""
    known = {permission(method) for method in HANDLERS} | {*INSTANCE_PERMISSIONS}
    granted = {*REQUIRED_PERMISSIONS, *OPTIONAL, *(name for name in second_role if name in ON_THE_PROJECT)}
    conditional = {"-0000": [name for name in second_role if name in ON_THE_NAME]}
    body = {"denied": sorted(known - granted), "conditional": conditional}
    rig.control("PUT", "emulator/permissions", body)


def test_two_roles_are_enough() -> None:
    """A deploy, a typed rollback and an automatic rollback need no permission that the two roles lack."""
    rig = rig_without_bake()
    grant(rig)
    rig.deploy("a")
    rig.deploy("b")
    rig.rollback()
    assert rig.serving() == ["a"] * 3
    set_instance_rule(rig, "c", never_healthy=True)
    with pytest.raises(RolledBackError):
        rig.deploy("c")
    assert rig.serving() == ["a"] * 3


def test_project_does_not_report_the_permissions_under_a_condition() -> None:
    """Preflight passes with the first role alone, because the project reports no grant under a condition."""
    rig = new_rig()
    grant(rig)
    assert rig.observed().missing_permissions == ()
    asked = {"permissions": [*INSTANCE_PERMISSIONS]}
    answer = rig.control("POST", "v1/projects/dojangkok-dev:testIamPermissions", asked)
    assert answer["permissions"] == ON_THE_PROJECT


@pytest.mark.parametrize("missing", INSTANCE_PERMISSIONS)
def test_error_of_the_dry_run_names_every_permission(missing: str) -> None:
    """Whichever permission of the second role is missing, the error has it, and its fix has all of them; exit 4."""
    rig = rig_without_bake()
    grant(rig, tuple(name for name in INSTANCE_PERMISSIONS if name != missing))
    with pytest.raises(NotAllowedError, match=f"403 Required '{missing}' permission for ") as error:
        rig.deploy("a")
    assert all(name in error.value.fix for name in (*INSTANCE_PERMISSIONS, ACT_AS))
    assert error.value.exit_code == 4
    assert rig.serving() == ["latest"] * 3


def test_error_without_the_second_role_has_every_missing_permission() -> None:
    """An answer with an entry for each missing permission loses none of them."""
    rig = rig_without_bake()
    grant(rig, ())
    with pytest.raises(NotAllowedError) as error:
        rig.deploy("a")
    names = ", ".join(sorted(INSTANCE_PERMISSIONS))
    assert f"403 Required permissions {names}, such as for 'dojangkok-dev-ai-server-0000'." in error.value.message
    # Of a line of more than 500 characters the middle is left out, with permissions in it.
    assert max(len(error.value.message), len(f"Fix: {error.value.fix}.")) < MAX_LINE_LENGTH


def test_rollback_without_the_second_role_is_reported() -> None:
    """A role that is lost during a rollout leaves the failed release, and the error says what the rollback lacks."""
    rig = rig_without_bake()
    grant(rig)
    rig.deploy("a")
    set_instance_rule(rig, "b", never_healthy=True)
    plan = rig.plan_release("b")
    execution = rig.execution(plan, show_snapshot=lambda *_: grant(rig, ()))
    with pytest.raises(NotRestoredError) as error:
        execution.perform()
    assert "The rollback did not settle" in error.value.message
    assert all(name in error.value.message for name in INSTANCE_PERMISSIONS)
