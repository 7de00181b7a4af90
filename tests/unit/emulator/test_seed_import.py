"""Seeds from live groups: which fields are kept, which values are left out, and where the token may be sent."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.seed_import.compute_reader import ComputeReader, ImportRefusedError, checked_url, read_token
from emulator.seed_import.conversion import imported_seed
from emulator.seed_import.hidden_values import without_secrets
from emulator.seed_import.live_group import LiveGroup, Place, read_live_group
from emulator.seed_import.served_fields import served

HOME = "https://www.googleapis.com/compute/v1/projects/p"
TEMPLATE: dict[str, Any] = {
    "kind": "compute#instanceTemplate",
    "id": "1",
    "name": "web-1",
    "properties": {
        "machineType": "n4-standard-2",
        "newField": 1,
        "metadata": {"fingerprint": "x=", "items": [{"key": "startup-script", "value": "docker run ghcr.io/t/web:1"}]},
        "scheduling": {"provisioningModel": "RESERVATION_BOUND", "automaticRestart": True},
        "networkInterfaces": [
            {"name": "nic0", "network": "https://www.googleapis.com/compute/v1/projects/host/global/networks/n"}
        ],
        "disks": [{"initializeParams": {"sourceImage": f"{HOME}/global/images/base-7"}}],
        "serviceAccounts": [
            {"email": "1-compute@developer.gserviceaccount.com"},
            {"email": "a@p.iam.gserviceaccount.com"},
        ],
    },
}
GROUP: dict[str, Any] = {
    "name": "web",
    "selfLink": f"{HOME}/zones/r-1-b/instanceGroupManagers/web",
    "status": {"isStable": True},
    "targetSize": 2,
    "instanceTemplate": f"{HOME}/global/instanceTemplates/web-1",
    "versions": [{"instanceTemplate": f"{HOME}/global/instanceTemplates/web-1", "targetSize": {"calculated": 2}}],
    "targetPools": [f"{HOME}/regions/r-1/targetPools/old"],
    "updatePolicy": {"maxSurge": {"fixed": 1, "calculated": 1}, "maxUnavailable": {"fixed": 0, "calculated": 0}},
    "autoHealingPolicies": [{"healthCheck": f"{HOME}/global/healthChecks/web", "initialDelaySec": 60}],
}
REGION = {
    "name": "r-1",
    "zones": [f"{HOME}/zones/r-1-a", f"{HOME}/zones/r-1-b"],
    "quotas": [{"metric": "CPUS", "limit": 8.0}],
}
ANSWERS: dict[str, Any] = {
    "projects/p/zones/r-1-b/instanceGroupManagers/web": GROUP,
    "projects/p/regions/r-1": REGION,
    "projects/p/global/instanceTemplates/web-1": TEMPLATE,
    "projects/p/global/images/base-7": {"name": "base-7", "family": "base"},
    "projects/p/global/firewalls": {"items": []},
    "projects/p/global/backendServices": {
        "items": [
            {"name": "shop", "backends": [{"group": f"{HOME}/zones/r-1-b/instanceGroups/web"}]},
            {"name": "other"},
        ]
    },
    "projects/p/zones/r-1-b/autoscalers": {
        "items": [
            {"name": "web", "target": f"{HOME}/zones/r-1-b/instanceGroupManagers/web", "status": "ACTIVE"},
            {"name": "other", "target": f"{HOME}/zones/r-1-b/instanceGroupManagers/other"},
        ]
    },
}


def live_group() -> tuple[LiveGroup, list[httpx.Request]]:
    """Read the group of ANSWERS, and return it with the requests."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        document = ANSWERS.get(request.url.path.removeprefix("/compute/v1/"))
        missing = {"error": {"message": "was not found."}}
        return httpx.Response(200, json=document) if document else httpx.Response(404, json=missing)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    reader = ComputeReader(client, "https://compute.googleapis.com/compute/v1", "ya29.token")
    return read_live_group(reader, Place("p", zone="r-1-b"), "web"), requests


def test_live_group_is_only_read_and_completes_a_seed() -> None:
    """Every request is a GET with the token; the seed has partial links, the group's zone first, and its autoscaler."""
    live, requests = live_group()
    assert {request.method for request in requests} == {"GET"}
    assert {request.headers["authorization"] for request in requests} == {"Bearer ya29.token"}
    seed = imported_seed(live).seed
    assert (seed["zones"], seed["quotas"], seed["images"]) == (["r-1-b", "r-1-a"], {"CPUS": 8.0}, {"base-7": "base"})
    assert seed["service_accounts"] == ["a@p.iam.gserviceaccount.com"]
    [group] = seed["resources"]["instanceGroupManagers"]
    assert group["versions"] == [{"instanceTemplate": "global/instanceTemplates/web-1"}]
    assert group["updatePolicy"] == {"maxSurge": {"fixed": 1}, "maxUnavailable": {"fixed": 0}}
    assert not {"status", "instanceTemplate", "targetPools"} & group.keys()
    assert [service["name"] for service in seed["resources"]["backendServices"]] == ["shop"]
    assert seed["resources"]["autoscalers"] == [{"name": "web", "target": "zones/r-1-b/instanceGroupManagers/web"}]


def test_everything_left_out_is_listed_without_its_value() -> None:
    """Unserved and unknown fields, resources of other projects and unreadable ones each have a line with the reason."""
    live, _ = live_group()
    assert [str(part) for part in imported_seed(live).left_out] == [
        "healthChecks.web: cannot be read: 404 was not found",
        "backendServices: cannot be read: GET projects/p/regions/r-1/backendServices: 404 was not found",
        "networks.n: is of another project, 'host'",
        "instanceTemplates.web-1.properties.newField: is no field of Compute v1 that the emulator knows",
        "instanceTemplates.web-1.properties.scheduling.provisioningModel: the emulator does not serve it",
        "instanceGroupManagers.web.targetPools: the emulator does not serve it",
        "instanceGroupManagers.web.autoHealingPolicies: its health check is left out",
        "service_accounts.1-compute@developer.gserviceaccount.com: is an account of Google's, which no seed has",
        "machine type n4-standard-2: is not in the emulator's catalogue, and `doctor` does not find it there",
    ]


@pytest.mark.parametrize(
    ("body", "kept", "left_out"),
    [
        ({"items": [{"key": "API_TOKEN", "value": "a8Kq2x91LmZ0"}]}, {"items": []}, ["b.items.API_TOKEN"]),
        (
            {"items": [{"key": "script", "value": "A=1\nDB_PASSWORD=q8Zr2x91LmK0\n"}]},
            {"items": [{"key": "script", "value": "A=1\nDB_PASSWORD=…\n"}]},
            ["b.items.script line 2 (DB_PASSWORD)"],
        ),
        (
            {"properties": {"metadata": {"password": "q8Zr2x91LmK0"}}},
            {"properties": {"metadata": {}}},
            ["b.properties.metadata.password"],
        ),
        (
            {
                "items": [
                    {"key": "db-password", "value": "{q8Zr2x91LmK0"},
                    {"key": "password", "value": "q8Zr2x91L\nR7q2z\n"},
                ]
            },
            {"items": []},
            ["b.items.db-password", "b.items.password"],
        ),
        ({"description": "no secret", "size": 3}, {"description": "no secret", "size": 3}, []),
    ],
)
def test_secrets_are_left_out(body: dict[str, Any], kept: dict[str, Any], left_out: list[str]) -> None:
    """An entry that is a secret is removed, a secret in a longer text is replaced, and neither value is listed."""
    hidden, parts = without_secrets(body, "b")
    assert hidden == kept
    assert [part.path for part in parts] == left_out
    assert not any(value in str(parts) for value in ("a8Kq2x91LmZ0", "q8Zr2x91LmK0"))


def test_output_fields_are_dropped_in_silence() -> None:
    """What only the server sets is no part of a seed, and is not reported."""
    document = {
        "name": "web",
        "id": "1",
        "fingerprint": "x",
        "creationTimestamp": "t",
        "type": "HTTP",
        "httpHealthCheck": {},
    }
    assert served("healthChecks", document) == ({"name": "web", "type": "HTTP", "httpHealthCheck": {}}, [])


@pytest.mark.parametrize(
    "url",
    [
        "https://compute.googleapis.com.example.com/compute/v1",
        "https://example.com/compute/v1",
        "http://compute.googleapis.com/compute/v1",
        "http://192.0.2.1:8080/compute/v1",
        "https://user@compute.googleapis.com/compute/v1",
        "file:///etc/passwd",
        "",
    ],
)
def test_token_is_sent_to_no_other_host(url: str) -> None:
    """A URL of another host, or one with plain HTTP outside this computer, is refused before any request."""
    with pytest.raises(
        ImportRefusedError, match=r"--compute-url: no token may be sent to this URL. Fix: one of compute"
    ):
        checked_url(url)


def test_allowed_hosts() -> None:
    """Google's hosts by https, loopback, and services of the local environment are allowed."""
    for url in (
        "https://compute.googleapis.com/compute/v1/",
        "http://127.0.0.1:8080/compute/v1",
        "http://emulator:8080/x",
    ):
        assert checked_url(url) == url.rstrip("/")


def test_token_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    """The file takes precedence; Google's host needs a token, a local emulator does not."""
    google, local = "https://compute.googleapis.com/compute/v1", "http://127.0.0.1:8080/compute/v1"
    (tmp_path / "token").write_text("ya29.file\n")
    variables = {"GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.variable"}
    assert read_token(tmp_path / "token", variables, google) == "ya29.file"
    assert read_token(None, variables, google) == "ya29.variable"
    assert read_token(None, {}, local) == ""
    assert read_token(None, variables, local) == ""  # a token of Google never leaves by plain HTTP unasked
    with pytest.raises(ImportRefusedError, match=r"access token: none was given. Fix: set GOOGLE_OAUTH_ACCESS_TOKEN"):
        read_token(None, {}, google)
    with pytest.raises(ImportRefusedError, match="has characters that a header cannot have") as error:
        read_token(None, {"GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.a\nb"}, google)
    assert "ya29" not in str(error.value)
    with pytest.raises(
        ImportRefusedError, match=r"--access-token-file: .*absent: No such file or directory. Fix: a file"
    ):
        read_token(tmp_path / "absent", {}, google)
