"""A keyless login of a workflow on GitHub, permissions, and tokens that expire."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import google.cloud.compute_v1 as compute
import pytest
import requests
from google.auth import identity_pool
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession, Request
from requests.adapters import BaseAdapter

from tests.contract.marks import covers, differs, environment, unverified, verified
from tests.contract.rig import GROUPS, PROJECT, TEMPLATES, EmulatorClient

PROVIDER = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/providers/repo"
ACCOUNT = "deployer@demo.iam.gserviceaccount.com"


def credentials_file(folder: Path, url: str, token: str, audience: str = PROVIDER) -> Path:
    """Write the credentials of google-github-actions/auth, with every address on the emulator."""
    file = folder / "gha-creds.json"
    file.write_text(
        json.dumps(
            {
                "universe_domain": "googleapis.com",
                "type": "external_account",
                "audience": PROVIDER,
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "token_url": f"{url}/v1/token",
                "service_account_impersonation_url": (
                    f"{url}/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
                ),
                "credential_source": {
                    "url": f"{url}/github/oidc?audience=https:{audience}",
                    "headers": {"Authorization": f"Bearer {token}"},
                    "format": {"type": "json", "subject_token_field_name": "value"},
                },
            }
        )
    )
    return file


class Bridge(BaseAdapter):
    """Takes requests of google-auth to the in-process emulator."""

    def __init__(self, emulator: EmulatorClient) -> None:
        super().__init__()
        self._emulator = emulator

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Answer one request."""
        headers = {key: str(value) for key, value in request.headers.items() if key.lower() != "content-length"}
        body = request.body.encode() if isinstance(request.body, str) else request.body
        answer = self._emulator.http.request(str(request.method), request.path_url, content=body, headers=headers)
        response = requests.Response()
        response.status_code, response.request, response.url = answer.status_code, request, str(request.url)
        response.headers.update(answer.headers)
        response._content = answer.content
        return response

    def close(self) -> None:
        """Do nothing: no connection is open."""


@pytest.fixture
def transport(emulator: EmulatorClient) -> Iterator[requests.Session]:
    """A session in which google-auth reaches the emulator."""
    with requests.Session() as session:
        session.trust_env = False
        if not emulator.url:
            session.mount("http://", Bridge(emulator))
        yield session


def load(emulator: EmulatorClient, folder: Path, **more: str) -> identity_pool.Credentials:
    """Load credentials from a file, as clients of Google do when their project is known."""
    token = more.pop("token", emulator.control("GET", "tokens")["request_token"])
    file = credentials_file(folder, emulator.url or "http://emulator", token, **more)
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    loaded: identity_pool.Credentials = identity_pool.Credentials.from_file(str(file), scopes=scopes)
    return loaded


@verified("P")
@covers(
    "github.oidc", "sts.token", "iamcredentials.generateAccessToken", "instanceTemplates.list",
    "cloudresourcemanager.testIamPermissions",
)  # fmt: skip
@environment(login=True)
def test_a_login_end_to_end(emulator: EmulatorClient, transport: requests.Session, tmp_path: Path) -> None:
    """google-auth fetches GitHub's token, exchanges it, impersonates, and its session then reads templates."""
    credentials = load(emulator, tmp_path)
    credentials.refresh(Request(session=transport))
    assert credentials.valid
    assert credentials.service_account_email == ACCOUNT
    with AuthorizedSession(credentials, auth_request=Request(session=transport)) as session:
        session.trust_env = False
        base = emulator.url or "http://emulator"
        if not emulator.url:
            session.mount("http://", Bridge(emulator))
        assert session.get(f"{base}{TEMPLATES}").json()["kind"] == "compute#instanceTemplateList"
        wanted = {"permissions": ["compute.instanceTemplates.create", "compute.instanceGroupManagers.update"]}
        emulator.control("PUT", "permissions", {"denied": ["compute.instanceGroupManagers.update"]})
        answer = session.post(f"{base}/v1/projects/{PROJECT}:testIamPermissions", json=wanted)
        assert answer.json() == {"permissions": ["compute.instanceTemplates.create"]}
    calls = [entry["method"] for entry in emulator.request_log("request")]
    order = ["github.oidc", "sts.token", "iamcredentials.generateAccessToken"]
    assert [method for method in calls if method in order] == order


@verified("P")
@covers("instanceTemplates.list", "github.oidc")
@environment(login=True)
def test_the_compute_client_with_a_login(emulator: EmulatorClient, transport: requests.Session, tmp_path: Path) -> None:
    """google-cloud-compute with such credentials logs in by itself before its first request, and again after a 401."""
    if not emulator.url:
        credentials = load(emulator, tmp_path)
        credentials.refresh(Request(session=transport))
        emulator.headers["authorization"] = f"Bearer {credentials.token}"
        assert emulator.get(TEMPLATES)["kind"] == "compute#instanceTemplateList"
        return
    credentials = load(emulator, tmp_path)
    client = compute.InstanceTemplatesClient(credentials=credentials, client_options={"api_endpoint": emulator.url})
    assert list(client.list(project=PROJECT)) == []
    emulator.control("DELETE", "tokens")
    assert list(client.list(project=PROJECT)) == []
    assert [
        entry["status"] for entry in emulator.request_log("request") if entry["method"] == "instanceTemplates.list"
    ] == [
        200,
        401,
        200,
    ]


@verified("P")
@covers("github.oidc")
@environment(login=True)
def test_a_job_that_may_not_ask(emulator: EmulatorClient, transport: requests.Session, tmp_path: Path) -> None:
    """A job with a wrong request token gets no OIDC token, and google-auth raises an error."""
    with pytest.raises(GoogleAuthError):
        load(emulator, tmp_path, token="wrong").refresh(Request(session=transport))


@verified("P")
@covers("sts.token")
@environment(login=True)
def test_an_audience_of_another_provider(emulator: EmulatorClient, transport: requests.Session, tmp_path: Path) -> None:
    """A token for another audience is not exchanged: the answer is an OAuth error, which google-auth raises."""
    credentials = load(emulator, tmp_path, audience=PROVIDER.replace("github", "other"))
    with pytest.raises(GoogleAuthError, match="Error code invalid_grant: the audience"):
        credentials.refresh(Request(session=transport))


@verified("P")
@covers("sts.token")
@environment(login=True)
def test_an_exchange_that_fails_once(emulator: EmulatorClient, transport: requests.Session, tmp_path: Path) -> None:
    """A 503 of the token exchange fails a login without retries; the next login succeeds."""
    plan = emulator.plan({"on": "sts.token", "nth": [1], "status": 503})
    credentials = load(emulator, tmp_path)
    with pytest.raises(GoogleAuthError):
        credentials.refresh(Request(session=transport))
    credentials.refresh(Request(session=transport))
    assert credentials.valid
    assert emulator.fired(plan) == [1]


@differs("tokens live in real time, and expire by DELETE /emulator/tokens or a skewed clock")
@environment(login=True)
def test_tokens_expire(emulator: EmulatorClient, transport: requests.Session, tmp_path: Path) -> None:
    """An expired token answers 401; a skewed clock expires tokens as well, and moves Date."""
    credentials = load(emulator, tmp_path)
    for ends in (("DELETE", "tokens", None), ("POST", "clock", {"skew_s": 7_200})):
        credentials.refresh(Request(session=transport))
        emulator.headers["authorization"] = f"Bearer {credentials.token}"
        emulator.get(TEMPLATES)
        emulator.control(*ends)
        assert emulator.refused("GET", TEMPLATES)[:2] == (401, "authError")


@unverified("I")
@covers("instanceGroupManagers.get")
@pytest.mark.parametrize(
    ("permission", "verb", "path"),
    [
        ("compute.instanceTemplates.create", "POST", TEMPLATES),
        ("compute.instanceTemplates.delete", "DELETE", f"{TEMPLATES}/t"),
        ("compute.instanceTemplates.list", "GET", TEMPLATES),
        ("compute.instanceGroupManagers.update", "PATCH", f"{GROUPS}/web"),
        ("compute.instanceGroupManagers.update", "POST", f"{GROUPS}/web/resize?size=3"),
        ("compute.instanceGroupManagers.list", "POST", f"{GROUPS}/web/listManagedInstances"),
        ("compute.globalOperations.get", "POST", f"{TEMPLATES.replace('instanceTemplates', 'operations')}/o/wait"),
    ],
)
def test_each_permission_can_be_taken_away(emulator: EmulatorClient, permission: str, verb: str, path: str) -> None:
    """Without its permission a method answers 403 with the permission's name, and writes nothing; others are served."""
    emulator.web(0)
    before = emulator.group()
    emulator.control("PUT", "permissions", {"denied": [permission]})
    body = {"name": "t", "properties": {}} if verb in ("POST", "PATCH") else None
    status, reason, message = emulator.refused(verb, path, body)
    assert (status, reason) == (403, "forbidden")
    assert f"Required '{permission}' permission for 'projects/demo" in message
    assert emulator.group() == before
    emulator.control("PUT", "permissions", {"denied": []})
    assert emulator.send(verb, path, body).status_code != 403
