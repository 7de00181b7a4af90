"""Refusals for what the project lacks: permissions of the account."""

from deploy.errors import NotAllowedError
from tests.integration.deploy.rig import new_rig
from tests.integration.deploy.test_preflight import refusal


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
