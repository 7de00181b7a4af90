"""Refusals for what the project lacks: permissions of the account, and quota."""

from dataclasses import replace

from deploy.errors import NotAllowedError
from tests.integration.deploy.rig import new_rig
from tests.integration.deploy.test_preflight import WHERE, refusal


def test_quota_without_room_for_the_surge_is_refused() -> None:
    """The error has the room of the quota and the surge of the environment."""
    rig = new_rig()
    assert str(refusal(rig, replace(rig.observed(), quota_room=0))) == (
        f"{WHERE}: the region's quota has room for 0 instances, and the surge is 1."
        " Fix: raise INSTANCES, or lower `rollout.surge`."
    )


def test_missing_permissions_are_all_named() -> None:
    """One error names every permission that the account lacks."""
    rig = new_rig()
    rig.granted -= {"compute.instanceTemplates.useReadOnly", "compute.healthChecks.get"}
    error = refusal(rig, rig.observed())
    assert isinstance(error, NotAllowedError)
    assert str(error) == (
        "project 'dojangkok-dev': missing compute.healthChecks.get, compute.instanceTemplates.useReadOnly."
        " Fix: grant them to the deployer's account."
    )
