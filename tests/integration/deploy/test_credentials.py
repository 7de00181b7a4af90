"""Credential files by their own type, against token endpoints on loopback."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from google.auth import credentials as google
from google.auth import exceptions

from deploy.compute_engine import login
from deploy.environment_file import read_config
from deploy.errors import NotAllowedError
from lib.credentials_file import CredentialsFile
from lib.token_request import TokenRequest
from tests.unit.lib.credential_files import INVALID, SECRET, SOURCE_FILE, without
from tests.unit.lib.credential_files import write as write_bytes
from tests.unit.lib.slow_server import SlowServer, serve_slowly
from tests.unit.lib.unreadable_credentials import INVALID_TOKEN_BODIES, UNREADABLE


def write(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data))
    return path


def keyless(url: str, token: str = "") -> dict[str, Any]:
    """The credential file of a GitHub job."""
    token = token or httpx.get(f"{url}/emulator/tokens", trust_env=False).json()["request_token"]
    audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"
    account = "projects/-/serviceAccounts/deployer@dojangkok-dev.iam.gserviceaccount.com:generateAccessToken"
    return {
        "type": "external_account",
        "audience": audience,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{url}/v1/token",
        "service_account_impersonation_url": f"{url}/v1/{account}",
        "credential_source": {
            "url": f"{url}/github/oidc?audience={quote(f'https:{audience}', safe='')}",
            "headers": {"Authorization": f"Bearer {token}"},
            "format": {"type": "json", "subject_token_field_name": "value"},
        },
    }


def test_keyless_login_gets_a_token_that_the_api_takes(served: str, tmp_path: Path) -> None:
    """A keyless login gets an access token that the Compute API accepts."""
    file = write(tmp_path / "file.json", keyless(served))
    headers = login.load_login(file, (served.removeprefix("http://"),))
    answer = httpx.get(f"{served}/compute/v1/projects/dojangkok-dev", headers=headers(), trust_env=False)
    assert answer.status_code == 200
    assert headers() == headers()


def test_failures_of_the_token_endpoints_are_retried(served: str, tmp_path: Path) -> None:
    """A request to a token endpoint is repeated after a 503."""
    faults = [{"on": name, "nth": [1], "status": 503} for name in ("sts.token", "iamcredentials.generateAccessToken")]
    fault = httpx.post(f"{served}/emulator/faults", json={"faults": faults}, trust_env=False).raise_for_status().json()
    file = write(tmp_path / "file.json", keyless(served))
    assert login.load_login(file, (served.removeprefix("http://"),))()["authorization"].startswith("Bearer ya29.")
    plan = httpx.get(f"{served}/emulator/faults/{fault['id']}", trust_env=False).json()
    assert plan["fired"] == [1, 1]


class FailingEndpoints(google.Credentials):
    """Credentials of google-auth with a token that ends so soon, and token endpoints that return no other token."""

    def __init__(self, left_s: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.token = "old"
        self.expiry = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=left_s)
        self.asked = 0

    def refresh(self, request: Any) -> None:
        self.asked += 1
        raise exceptions.RefreshError("invalid_grant")


class AnsweringEndpoints(FailingEndpoints):
    """Token endpoints whose answer has no token."""

    def refresh(self, request: Any) -> None:
        self.token, self.expiry = None, None


def bearer(state: google.Credentials, **fields: Any) -> login.GoogleLogin:
    return login.GoogleLogin(CredentialsFile(Path("c.json"), "kind", state, **fields), TokenRequest())


def test_token_valid_for_minutes_is_kept_without_a_newer_token() -> None:
    """google-auth treats a token as expired 3 min 45 s before its expiry."""
    soon = FailingEndpoints(left_s=200)
    assert not soon.valid
    assert bearer(soon)() == {"authorization": "Bearer old"}
    assert soon.asked == 1
    fresh = FailingEndpoints(left_s=3_000)
    assert bearer(fresh)() == {"authorization": "Bearer old"}
    assert fresh.asked == 0
    assert bearer(AnsweringEndpoints(left_s=200))() == {"authorization": "Bearer old"}
    with pytest.raises(NotAllowedError, match=r"^credentials: c.json: no token: invalid_grant"):
        bearer(FailingEndpoints(left_s=-1))()


@pytest.mark.parametrize("name", [*INVALID, *UNREADABLE])
def test_a_broken_file_ends_as_not_allowed(name: str, tmp_path: Path) -> None:
    """A broken credential file raises NotAllowedError with the reason and without the secret."""
    content, expected = UNREADABLE[name] if name in UNREADABLE else (INVALID[name][0](), INVALID[name][1])
    file = write_bytes(tmp_path / "c.json", content)
    with pytest.raises(NotAllowedError) as error:
        login.load_login(file)
    assert str(error.value).startswith(f"credentials: {file}: {expected}")
    assert (SECRET in str(error.value), error.value.exit_code) == (False, 4)


def test_a_broken_file_prints_one_line_and_ends_with_4(tmp_path: Path) -> None:
    """`python -m deploy.authfile`, as scripts/skopeo.py runs it."""
    file = write_bytes(tmp_path / "c.json", UNREADABLE["cut"][0])
    push = ["--env", "dev", "--repository", "gcr.io/p/a", "--credentials", str(file)]
    ended = subprocess.run(
        [sys.executable, "-m", "deploy.authfile", *push], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (4, "")
    assert ended.stderr == f"credentials: {file}: is not JSON. Fix: create the file again.\n"


def test_the_quota_project_is_sent_to_google_s_apis_and_not_to_registries() -> None:
    """Headers for Google's APIs contain the quota project; headers for registries contain only the token."""
    fresh = bearer(FailingEndpoints(left_s=3_000), quota_project="billing")
    assert fresh() == {"authorization": "Bearer old", "x-goog-user-project": "billing"}
    assert fresh.authorization() == {"authorization": "Bearer old"}


@pytest.mark.parametrize("answer", INVALID_TOKEN_BODIES, ids=lambda answer: answer[:40])
def test_an_odd_answer_of_a_token_endpoint_is_no_token(answer: str, tmp_path: Path) -> None:
    """A malformed answer of a token endpoint raises NotAllowedError."""
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(answer)}\r\n\r\n{answer}"
    with serve_slowly(SlowServer(at_once=head.encode())) as server:
        data = keyless(f"http://127.0.0.1:{server.port}", "x")
        data = without(data, "service_account_impersonation_url") | {"credential_source": {"file": SOURCE_FILE}}
        file = write(tmp_path / "file.json", data)
        with pytest.raises(NotAllowedError, match=r"no token: .+ Fix: "):
            login.load_login(file, (f"127.0.0.1:{server.port}",))()


def test_request_to_a_slow_token_endpoint_ends_at_the_deadline(tmp_path: Path) -> None:
    """A token request ends at its deadline although the endpoint is still sending bytes."""
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n"
    with serve_slowly(SlowServer(at_once=head, slowly=b" " * 90)) as server:
        request = TokenRequest((f"127.0.0.1:{server.port}",), seconds=0.5)
        with pytest.raises(exceptions.TransportError, match=r"no complete response within 0\.5 s"):
            request(server.url, method="POST", body=b"x")


def test_hosts_of_google_and_github_and_of_the_environment_are_known(served: str, tmp_path: Path) -> None:
    """A host of `token_hosts` may be plain HTTP, because an emulator uses plain HTTP."""
    google = {
        **keyless(served),
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/serviceAccounts/x:generateAccessToken",
    }
    google["credential_source"]["url"] = "https://pipelines.actions.githubusercontent.com/x"
    assert callable(login.load_login(write(tmp_path / "google.json", google)))
    ours = write(tmp_path / "ours.json", keyless(served))
    text = Path("environments/local.yaml").read_text()
    host = served.removeprefix("http://")
    (tmp_path / "x.yaml").write_text(text.replace("emulator:8080", host))
    assert callable(login.load_login(ours, read_config("x", {}, tmp_path).token_hosts))
    with pytest.raises(NotAllowedError, match="token_url: has a host that neither belongs to Google or GitHub"):
        login.load_login(ours, read_config("local", {}).token_hosts)


def test_missing_credential_file_is_an_error(tmp_path: Path) -> None:
    """NotAllowedError is raised if no credential file was given or the file does not exist."""
    with pytest.raises(
        NotAllowedError, match=r"none were given\. .* is ~/\.config/gcloud/application_default_credentials\.json"
    ):
        login.load_login(None)
    with pytest.raises(NotAllowedError, match="No such file"):
        login.load_login(tmp_path / "absent.json")


def test_authorized_user_file_is_accepted(tmp_path: Path) -> None:
    """A credential file of the type `authorized_user` is accepted."""
    data = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
    assert callable(login.load_login(write(tmp_path / "x.json", data)))
