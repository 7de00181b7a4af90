"""Credential files by their own type, against token endpoints on loopback."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.auth import credentials as google
from google.auth import exceptions

from deploy import config, credentials
from deploy.errors import NotAllowedError, RefusedError


@pytest.fixture
def served() -> Iterator[str]:
    """An emulator that wants tokens."""
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--seed", "emulator/seeds/dojangkok.yaml"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().split()[-1]
    process.kill()
    process.wait()


def write(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data))
    return path


def keyless(url: str) -> dict[str, Any]:
    """The file that a GitHub job gets."""
    token = httpx.get(f"{url}/emulator/tokens", trust_env=False).json()["request_token"]
    audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"
    account = "projects/-/serviceAccounts/deployer@dojangkok-dev.iam.gserviceaccount.com:generateAccessToken"
    return {
        "type": "external_account",
        "audience": audience,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{url}/v1/token",
        "service_account_impersonation_url": f"{url}/v1/{account}",
        "credential_source": {
            "url": f"{url}/github/oidc?audience=https:{audience}",
            "headers": {"Authorization": f"Bearer {token}"},
            "format": {"type": "json", "subject_token_field_name": "value"},
        },
    }


def test_keyless_login_gets_a_token_that_the_api_takes(served: str, tmp_path: Path) -> None:
    file = write(tmp_path / "file.json", keyless(served))
    headers = credentials.headers(file, (served.removeprefix("http://"),))
    answer = httpx.get(f"{served}/compute/v1/projects/dojangkok-dev", headers=headers(), trust_env=False)
    assert answer.status_code == 200
    assert headers() == headers()


def test_failures_of_the_token_endpoints_are_retried(served: str, tmp_path: Path) -> None:
    faults = [{"on": name, "nth": [1], "status": 503} for name in ("sts.token", "iamcredentials.generateAccessToken")]
    httpx.post(f"{served}/emulator/faults", json={"faults": faults}, trust_env=False).raise_for_status()
    file = write(tmp_path / "file.json", keyless(served))
    assert credentials.headers(file, (served.removeprefix("http://"),))()["authorization"].startswith("Bearer ya29.")
    plan = httpx.get(f"{served}/emulator/faults/1", trust_env=False).json()
    assert plan["fired"] == [1, 1]


class FailingEndpoints(google.Credentials):
    """Credentials of google-auth with a token that ends so soon, and token endpoints that give no other one."""

    def __init__(self, left_s: float) -> None:
        super().__init__()
        self.token = "old"
        self.expiry = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=left_s)
        self.asked = 0

    def refresh(self, request: Any) -> None:
        self.asked += 1
        raise exceptions.RefreshError("invalid_grant")


def test_token_that_is_good_for_minutes_is_kept_when_no_other_one_is_to_be_had() -> None:
    """google-auth calls one `expired` 3 min 45 s before it is."""
    soon = FailingEndpoints(left_s=200)
    assert not soon.valid
    assert credentials.Bearer(soon)() == {"authorization": "Bearer old"}
    assert soon.asked == 1
    fresh = FailingEndpoints(left_s=3_000)
    assert credentials.Bearer(fresh)() == {"authorization": "Bearer old"}
    assert fresh.asked == 0
    with pytest.raises(NotAllowedError, match=r"^credentials: no token: invalid_grant"):
        credentials.Bearer(FailingEndpoints(left_s=-1))()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"token_url": "https://sts.evil.example/v1/token"}, "token_url: unknown host 'https://sts.evil.example'."),
        ({"token_url": "HTTPS://sts.evil.example/v1"}, "token_url: unknown host 'https://sts.evil.example'."),
        ({"token_url": " https://sts.evil.example/v1"}, "token_url: unknown host 'https://sts.evil.example'."),
        ({"token_url": "http://sts.googleapis.com/v1"}, "token_url: unknown host 'http://sts.googleapis.com'."),
        ({"token_uri": "https://oauth2.googleapis.com@evil.example/"}, "'https://oauth2.googleapis.com@evil.example'."),
        ({"token_uri": "https://oauth2.googleapis.com:444/"}, "unknown host 'https://oauth2.googleapis.com:444'."),
        (
            {"service_account_impersonation_url": "https://iamcredentials.googleapis.com.evil.example/v1"},
            "service_account_impersonation_url: unknown host 'https://iamcredentials.googleapis.com.evil.example'.",
        ),
        (
            {"credential_source": {"url": "https://x.actions.githubusercontent.com.evil.example/"}},
            "url: unknown host 'https://x.actions.githubusercontent.com.evil.example'.",
        ),
        (
            {"source_credentials": {"token_uri": "https://evil.example/"}},
            "token_uri: unknown host 'https://evil.example'.",
        ),
    ],
)
def test_unknown_token_host_is_refused_before_anything_is_sent(data: Any, said: str, tmp_path: Path) -> None:
    file = write(tmp_path / "file.json", {"type": "external_account", **data})
    with pytest.raises(RefusedError) as error:
        credentials.headers(file, ("emulator:8080",))
    assert str(error.value).startswith(f"credentials: {file}: ")
    assert str(error.value).endswith(f"{said} Fix: if it is yours, add it to `token_hosts` of the environment file.")
    assert error.value.exit_code == 3


def test_another_universe_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "file.json", {"type": "service_account", "universe_domain": "evil.example"})
    with pytest.raises(RefusedError) as error:
        credentials.headers(file)
    assert str(error.value) == (
        f"credentials: {file}: universe_domain: got 'evil.example'. Fix: only googleapis.com is served."
    )


def test_hosts_of_google_and_github_and_of_the_environment_are_known(served: str, tmp_path: Path) -> None:
    """What `token_hosts` names may be plain HTTP: it is an emulator's."""
    google = {
        **keyless(served),
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/x:generateAccessToken",
    }
    google["credential_source"]["url"] = "https://pipelines.actions.githubusercontent.com/x"
    assert callable(credentials.headers(write(tmp_path / "google.json", google)))
    ours = write(tmp_path / "ours.json", keyless(served))
    text = Path("environments/local.yaml").read_text()
    host = served.removeprefix("http://")
    (tmp_path / "x.yaml").write_text(text.replace("emulator:8080", host))
    assert callable(credentials.headers(ours, config.read("x", {}, tmp_path).token_hosts))
    with pytest.raises(RefusedError, match=f"unknown host 'http://{host}'"):
        credentials.headers(ours, config.read("local", {}).token_hosts)


def test_what_is_no_credential_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotAllowedError, match="none were given"):
        credentials.headers(None)
    with pytest.raises(NotAllowedError, match="No such file"):
        credentials.headers(tmp_path / "absent.json")
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(RefusedError, match="is no JSON"):
        credentials.headers(tmp_path / "x.json")
    with pytest.raises(RefusedError, match="got type 'gdch_service_account'"):
        credentials.headers(write(tmp_path / "x.json", {"type": "gdch_service_account"}))


def test_a_user_s_own_file_is_taken(tmp_path: Path) -> None:
    data = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
    assert callable(credentials.headers(write(tmp_path / "x.json", data)))


def test_a_token_for_the_push_is_printed_alone(served: str, tmp_path: Path) -> None:
    """`python -m deploy.credentials`, as inside/push.py runs it."""
    file = write(tmp_path / "file.json", keyless(served))
    command = [sys.executable, "-m", "deploy.credentials", str(file)]
    minted = subprocess.run([*command, served.removeprefix("http://")], capture_output=True, text=True, check=True)
    assert minted.stdout.startswith("ya29.")
    assert minted.stdout.count("\n") == 1
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "unknown host" in refused.stderr
