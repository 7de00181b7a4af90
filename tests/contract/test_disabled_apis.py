"""APIs that the project has not enabled."""

import pytest

from tests.contract.marks import covers, verified
from tests.contract.rig import PROJECT, TEMPLATES, EmulatorClient, Json

_COMPUTE = "compute.googleapis.com"
_RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com"
_TEST_PERMISSIONS = f"/v1/projects/{PROJECT}:testIamPermissions"


@verified("R")
@covers("instanceTemplates.list", "cloudresourcemanager.testIamPermissions")
@pytest.mark.parametrize(
    ("api", "refused", "served"),
    [
        (_COMPUTE, ("GET", TEMPLATES), ("POST", _TEST_PERMISSIONS)),
        (_RESOURCE_MANAGER, ("POST", _TEST_PERMISSIONS), ("GET", TEMPLATES)),
    ],
)
def test_a_disabled_api(emulator: EmulatorClient, api: str, refused: tuple[str, str], served: tuple[str, str]) -> None:
    """A method of a disabled API answers 403 accessNotConfigured and SERVICE_DISABLED; other APIs are served."""
    emulator.control("PUT", "permissions", {"disabled_apis": [api]})
    body: Json = {"permissions": []}
    answer = emulator.send(*refused, body)
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (403, "PERMISSION_DENIED")
    (row,) = error["errors"]
    assert (row["domain"], row["reason"], row["message"]) == ("usageLimits", "accessNotConfigured", error["message"])
    (detail,) = error["details"]
    assert (detail["reason"], detail["domain"]) == ("SERVICE_DISABLED", "googleapis.com")
    assert (detail["metadata"]["service"], detail["metadata"]["consumer"]) == (api, f"projects/{PROJECT}")
    assert f"apis/api/{api}/overview?project={PROJECT} then retry" in error["message"]
    assert emulator.send(*served, body).status_code == 200
    emulator.control("PUT", "permissions", {})
    assert emulator.send(*refused, body).status_code == 200
