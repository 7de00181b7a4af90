"""What `doctor` reads beside Compute Engine: enabled APIs, granted permissions, secrets and image repositories."""

from typing import Any, Final

import pytest

from tests.contract.marks import covers, differs, environment, unverified, verified
from tests.contract.rig import HOME, PROJECT, EmulatorClient

P: Final = f"/v1/projects/{PROJECT}"
ACCOUNT: Final = f"ai-server@{PROJECT}.iam.gserviceaccount.com"
REPOSITORY: Final = f"{P}/locations/asia-northeast3/repositories/images"
SECRETS: Final = {"ready": ["DESTROYED", "ENABLED"], "destroyed": ["ENABLED", "DESTROYED"], "empty": []}
RESOURCES: Final[dict[str, Any]] = {
    "networks": [{"name": "vpc", "autoCreateSubnetworks": False}, {"name": "other", "autoCreateSubnetworks": False}],
    "firewalls": [
        {"name": name, "network": f"global/networks/{name}", "sourceRanges": ["10.0.0.0/8"], "allowed": []}
        for name in ("vpc", "other")
    ],
}


def error(emulator: EmulatorClient, verb: str, path: str, body: Any = None) -> Any:
    """Return the error of a request that must be refused."""
    answer = emulator.send(verb, path, body)
    assert answer.status_code == answer.json()["error"]["code"], answer.text
    return answer.json()["error"]


@verified("D")
@covers("serviceusage.services.batchGet")
def test_enabled_state_of_several_services(emulator: EmulatorClient) -> None:
    """A request for up to 30 services answers name, parent and state of each, in the order of the request."""
    emulator.control("PUT", "permissions", {"disabled_apis": ["secretmanager.googleapis.com"]})
    names = [f"projects/{PROJECT}/services/{name}.googleapis.com" for name in ("secretmanager", "compute")]
    services = emulator.get(f"{P}/services:batchGet?names={names[0]}&names={names[1]}")["services"]
    assert [(row["name"], row["parent"], row["state"]) for row in services] == [
        (names[0], f"projects/{PROJECT}", "DISABLED"),
        (names[1], f"projects/{PROJECT}", "ENABLED"),
    ]
    query = "&".join(f"names=projects/{PROJECT}/services/s{number}.googleapis.com" for number in range(31))
    assert error(emulator, "GET", f"{P}/services:batchGet?{query}")["status"] == "INVALID_ARGUMENT"


@differs("Google's answers have the project's number in names, also if the request has its id")
@covers("serviceusage.services.batchGet")
def test_project_in_the_name_of_a_service(emulator: EmulatorClient) -> None:
    """The name of a service has the project as the request has it."""
    name = f"projects/{PROJECT}/services/compute.googleapis.com"
    [service] = emulator.get(f"{P}/services:batchGet?names={name}")["services"]
    assert service["name"] == name


@verified("R")
@covers("secretmanager.secrets.get")
@environment(secrets=SECRETS)
def test_service_that_is_disabled(emulator: EmulatorClient) -> None:
    """A method of a disabled service answers 403 SERVICE_DISABLED with the service, before any permission."""
    emulator.control(
        "PUT", "permissions",
        {"disabled_apis": ["secretmanager.googleapis.com"], "denied": ["secretmanager.secrets.get"]},
    )  # fmt: skip
    refused = error(emulator, "GET", f"{P}/secrets/ready")
    assert refused["message"].startswith(f"Secret Manager API has not been used in project {PROJECT} before")
    [info] = refused["details"]
    assert (info["reason"], info["metadata"]["service"]) == ("SERVICE_DISABLED", "secretmanager.googleapis.com")


@verified("R")
@covers("secretmanager.versions.get")
@environment(secrets=SECRETS)
def test_newest_version_of_a_secret(emulator: EmulatorClient) -> None:
    """`latest` is the newest version in any state; a secret without a version answers as an absent one."""
    path = f"projects/{PROJECT}/secrets"
    assert emulator.get(f"{P}/secrets/ready/versions/latest") == {
        "name": f"{path}/ready/versions/2",
        "state": "ENABLED",
    }
    assert emulator.get(f"{P}/secrets/destroyed/versions/latest")["state"] == "DESTROYED"
    assert emulator.get(f"{P}/secrets/destroyed/versions/1")["state"] == "ENABLED"
    for name in ("empty", "absent"):
        refused = error(emulator, "GET", f"{P}/secrets/{name}/versions/latest")
        assert refused["code"] == 404
        assert refused["message"] == f"Secret [{path}/{name}] not found or has no versions."


@verified("R")
@covers("secretmanager.secrets.get")
@environment(secrets=SECRETS)
def test_permission_that_is_denied_on_a_secret(emulator: EmulatorClient) -> None:
    """A denied permission answers 403 that names permission and resource, also for a secret that does not exist."""
    assert emulator.get(f"{P}/secrets/empty")["name"] == f"projects/{PROJECT}/secrets/empty"
    emulator.control("PUT", "permissions", {"denied": ["secretmanager.secrets.get"]})
    for name in ("ready", "absent"):
        refused = error(emulator, "GET", f"{P}/secrets/{name}")
        resource = f"projects/{PROJECT}/secrets/{name}"
        text = f"Permission 'secretmanager.secrets.get' denied for resource '{resource}' (or it may not exist)."
        assert (refused["code"], refused["message"]) == (403, text)


@unverified("M")
@covers("artifactregistry.repositories.get", "secretmanager.secrets.get")
@environment(repositories={"asia-northeast3/images": "DOCKER"})
def test_resource_that_is_absent(emulator: EmulatorClient) -> None:
    """A repository answers its format; an absent repository or secret answers 404 NOT_FOUND."""
    assert emulator.get(REPOSITORY)["format"] == "DOCKER"
    assert error(emulator, "GET", f"{REPOSITORY}-2")["status"] == "NOT_FOUND"
    assert error(emulator, "GET", f"{P}/secrets/absent")["status"] == "NOT_FOUND"


@verified("D")
@covers("iam.serviceAccounts.testIamPermissions", "artifactregistry.repositories.testIamPermissions")
@environment(repositories={"asia-northeast3/images": "DOCKER"}, service_accounts=[ACCOUNT])
@pytest.mark.parametrize(
    ("path", "permission"),
    [
        (f"{P}/serviceAccounts/{ACCOUNT}", "iam.serviceAccounts.actAs"),
        (f"/v1/projects/-/serviceAccounts/{ACCOUNT}", "iam.serviceAccounts.actAs"),
        (REPOSITORY, "artifactregistry.repositories.downloadArtifacts"),
    ],
)
def test_permissions_on_a_single_resource(emulator: EmulatorClient, path: str, permission: str) -> None:
    """The permissions of the request that the caller has are answered; without any, the answer is empty."""
    asked = {"permissions": [permission]}
    assert emulator.ask("POST", f"{path}:testIamPermissions", asked) == asked
    emulator.control("PUT", "permissions", {"denied": [permission]})
    assert emulator.ask("POST", f"{path}:testIamPermissions", asked) == {}
    # The mark names both methods, and each case calls the other method, too.
    for other in (f"{P}/serviceAccounts/{ACCOUNT}", REPOSITORY):
        emulator.ask("POST", f"{other}:testIamPermissions", {"permissions": []})


@verified("R")
@covers("iam.serviceAccounts.testIamPermissions")
def test_service_account_that_is_absent(emulator: EmulatorClient) -> None:
    """A service account that does not exist answers 404, with its name."""
    path = f"projects/-/serviceAccounts/{ACCOUNT}"
    refused = error(emulator, "POST", f"/v1/{path}:testIamPermissions", {"permissions": ["iam.serviceAccounts.actAs"]})
    assert (refused["code"], refused["message"]) == (404, f"Service account {path} does not exist.")


@verified("D")
@covers("networks.getEffectiveFirewalls")
@environment(resources=RESOURCES)
def test_effective_firewalls_of_a_network(emulator: EmulatorClient) -> None:
    """A network answers its own firewall rules; an environment has no firewall policies."""
    answer = emulator.get(f"{HOME}/global/networks/vpc/getEffectiveFirewalls")
    assert [rule["name"] for rule in answer.pop("firewalls")] == ["vpc"]
    assert answer == {}
