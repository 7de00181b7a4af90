"""APIs that the project has not enabled: the error has the command that enables them."""

from dataclasses import replace

import httpx
import pytest

from deploy.compute_engine.answers import answer_error
from deploy.compute_engine.granted_permissions import read_granted_permissions
from deploy.compute_engine.observation_reader import read_observation
from deploy.compute_engine.permissions import REQUIRED_PERMISSIONS
from deploy.errors import NotAllowedError
from deploy.group.warnings import preflight_warnings
from emulator.inprocess import Transport
from tests.integration.deploy.rig import Rig, new_rig


def disable(rig: Rig, api: str) -> str:
    """Disable an API of the project, and return the fix that enables it."""
    rig.control("PUT", "emulator/permissions", {"disabled_apis": [api]})
    return f"run 'gcloud services enable {api} --project dojangkok-dev', and try again in a few minutes"


def test_disabled_compute_engine_ends_with_the_command_that_enables_it() -> None:
    """The error names the API, the fix is gcloud's command, and the exit code is 4."""
    rig = new_rig()
    fix = disable(rig, "compute.googleapis.com")
    with pytest.raises(NotAllowedError, match="403 Compute Engine API has not been used") as error:
        rig.deploy("a")
    assert (error.value.fix, error.value.exit_code) == (fix, 4)


def test_disabled_resource_manager_is_a_warning_with_the_command_that_enables_it() -> None:
    """Without Cloud Resource Manager the permissions are not checked, and the warning says how to enable it."""
    rig = new_rig()
    fix = disable(rig, "cloudresourcemanager.googleapis.com")
    compute, client = rig.compute(), httpx.Client(transport=Transport(rig.emulator))

    def read_permissions() -> set[str]:
        return read_granted_permissions(
            client, "http://emulator", "dojangkok-dev", REQUIRED_PERMISSIONS, dict, compute.time
        )

    observed = read_observation(rig.managed(compute), read_permissions, lambda reads: [read() for read in reads])
    warnings = preflight_warnings(rig.config, replace(observed, clock_ahead_s=0.0))
    assert len(warnings) == 1
    assert warnings[0].startswith("permissions were not checked: testIamPermissions of 'dojangkok-dev': 403 Cloud")
    assert warnings[0].endswith(f"Fix: {fix}.")


def test_api_is_taken_from_the_details_if_the_message_lacks_it() -> None:
    """An answer whose message names no API has the API and the project in its details."""
    metadata = {"service": "compute.googleapis.com", "consumer": "projects/7"}
    body = {"error": {"message": "off", "details": [{"reason": "SERVICE_DISABLED", "metadata": metadata}]}}
    error = answer_error(httpx.Response(403, json=body), "GET p/x")
    assert error.message == "GET p/x: 403 off; API [compute.googleapis.com] not enabled on project [7]"
    assert "gcloud services enable compute.googleapis.com --project 7" in error.fix
