"""Logins by a credential file; tests/system/gcloud/test_iap.py uses the emulator's Google."""

from pathlib import Path
from typing import Any

import pytest
from google.auth import exceptions, identity_pool, impersonated_credentials
from google.oauth2 import service_account

from accessory.errors import NotAllowedError
from accessory.login import Login, log_in
from lib import token_request
from tests.unit.lib.credential_files import INVALID, SECRET, SOURCE_FILE, rsa_key, workforce_user, write
from tests.unit.lib.slow_server import SlowServer, serve_slowly
from tests.unit.lib.unreadable_credentials import INVALID_TOKEN_BODIES, UNREADABLE

ME = "me@p.iam.gserviceaccount.com"
IMPERSONATION = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{ME}:generateAccessToken"
PERSON = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
KEYLESS: dict[str, Any] = {
    "type": "external_account",
    "audience": "a",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "service_account_impersonation_url": IMPERSONATION,
    "credential_source": {"url": "https://run-actions-1.actions.githubusercontent.com/oidc"},
}
IMPERSONATED = {
    "type": "impersonated_service_account",
    "service_account_impersonation_url": IMPERSONATION,
    "source_credentials": PERSON,
}


def file(folder: Path, data: object) -> Path:
    """Write a credential file, and return its path."""
    return write(folder / "c.json", data)


def fail(*_: object) -> None:
    """Raise an error of google-auth."""
    raise exceptions.RefreshError("not now")


def test_login_has_account_token_and_quota_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each kind of file with a service account gives its account and a token."""
    for kind in (identity_pool.Credentials, impersonated_credentials.Credentials, service_account.Credentials):
        monkeypatch.setattr(kind, "refresh", lambda self, _: setattr(self, "token", "t"))
    for data in (KEYLESS, IMPERSONATED, IMPERSONATED | {"source_credentials": KEYLESS}, key()):
        assert log_in(file(tmp_path, data)) == Login(ME, "t")
    assert log_in(file(tmp_path, KEYLESS | {"quota_project_id": "billing"})) == Login(ME, "t", "billing")


def key() -> dict[str, Any]:
    """Return a key file of a service account."""
    token_uri = "https://oauth2.googleapis.com/token"
    return {"type": "service_account", "client_email": ME, "private_key": rsa_key(), "token_uri": token_uri}


@pytest.mark.parametrize("data", [PERSON, workforce_user()])
def test_file_of_a_person_is_refused_with_a_fix(data: object, tmp_path: Path) -> None:
    """The fix is gcloud's own login."""
    with pytest.raises(NotAllowedError, match=r"Fix: log in with 'gcloud auth login', without --credentials and"):
        log_in(file(tmp_path, data))


@pytest.mark.parametrize("name", [*INVALID, *UNREADABLE])
def test_invalid_file_is_not_allowed(name: str, tmp_path: Path) -> None:
    """An invalid file has exit code 4, and its error contains no secret."""
    content, expected = UNREADABLE[name] if name in UNREADABLE else (INVALID[name][0](), INVALID[name][1])
    path = file(tmp_path, content)
    with pytest.raises(NotAllowedError) as error:
        log_in(path)
    assert str(error.value).startswith(f"credentials: {path}: {expected}")
    assert (SECRET in str(error.value), error.value.exit_code) == (False, 4)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            KEYLESS | {"token_url": "https://evil.example/"},
            "token_url: has a host that neither belongs to Google or GitHub",
        ),
        (KEYLESS | {"token_url": "http://sts.googleapis.com/"}, "token_url: has a host that neither belongs to Google"),
        (KEYLESS | {"token_url": "https://127.0.0.1\\.actions.githubusercontent.com/"}, "token_url: is not a URL"),
        (KEYLESS | {"credential_source": {"url": "https://x.y/"}}, "credential_source.url: has a host that neither"),
        ({key: KEYLESS[key] for key in KEYLESS if "impersonation" not in key}, "impersonation_url: is missing"),
    ],
)
def test_file_without_an_allowed_host_or_account_is_refused(data: object, message: str, tmp_path: Path) -> None:
    """The error contains the field."""
    with pytest.raises(NotAllowedError, match=message):
        log_in(file(tmp_path, data))


def test_listed_host_is_allowed_and_a_failure_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A host of token_hosts passes the check, and the error has the reason of google-auth."""
    monkeypatch.setattr(identity_pool.Credentials, "refresh", fail)
    with pytest.raises(NotAllowedError, match="no token: not now"):
        log_in(file(tmp_path, KEYLESS | {"token_url": "http://127.0.0.1:1/v1/token"}), ("127.0.0.1:1",))


def test_slow_token_endpoint_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A token endpoint that sends a byte at a time does not extend the login."""
    monkeypatch.setattr(token_request, "EXCHANGE_S", 0.5)
    with serve_slowly(SlowServer(at_once=b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n", slowly=b" " * 90)) as server:
        data = KEYLESS | {"token_url": server.url, "credential_source": {"file": SOURCE_FILE}}
        with pytest.raises(
            NotAllowedError, match=r"no token: 127\.0\.0\.1: ReadTimeout: no complete response within 0\.5 s"
        ):
            log_in(file(tmp_path, data), (f"127.0.0.1:{server.port}",))


@pytest.mark.parametrize("answer", INVALID_TOKEN_BODIES, ids=lambda answer: answer[:40])
def test_invalid_answer_of_a_token_endpoint_is_refused(answer: str, tmp_path: Path) -> None:
    """A body with status 200 that has no token ends with exit code 4."""
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(answer)}\r\n\r\n{answer}"
    with serve_slowly(SlowServer(at_once=head.encode())) as server:
        data = key() | {"token_uri": server.url}
        with pytest.raises(NotAllowedError, match=r"no token: .+ Fix: "):
            log_in(file(tmp_path, data), (f"127.0.0.1:{server.port}",))


def test_absent_file_is_refused(tmp_path: Path) -> None:
    """The error has the text of the system."""
    with pytest.raises(NotAllowedError, match="No such file"):
        log_in(tmp_path / "none.json")
