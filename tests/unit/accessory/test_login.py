"""Logins by a credential file; with the emulator's Google: tests/clients/test_iap.py."""

import json
from pathlib import Path
from typing import Any

import pytest
from google.auth import exceptions, identity_pool, impersonated_credentials
from google.oauth2 import service_account

from accessory.errors import AccessoryError, NotAllowedError, RefusedError
from accessory.login import Login, log_in

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
    path = folder / "c.json"
    path.write_text(json.dumps(data))
    return path


def fail(*_: object) -> None:
    raise exceptions.RefreshError("not now")


class Key:
    """Stands for a key: reading a real one is google-auth's own."""

    token = "t"

    def refresh(self, _: object) -> None:
        pass


def test_account_and_token_are_the_file_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for kind in (identity_pool.Credentials, impersonated_credentials.Credentials):
        monkeypatch.setattr(kind, "refresh", lambda self, _: setattr(self, "token", "t"))
    for data in (KEYLESS, IMPERSONATED):
        assert log_in(file(tmp_path, data)) == Login(ME, "t")
    monkeypatch.setattr(service_account.Credentials, "from_service_account_info", lambda *_, **__: Key())
    assert log_in(file(tmp_path, {"type": "service_account", "client_email": ME})) == Login(ME, "t")


def test_file_of_a_person_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotAllowedError, match=r"Fix: log in with 'gcloud auth login', and leave --credentials and"):
        log_in(file(tmp_path, PERSON))


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (KEYLESS | {"token_url": "https://evil.example/"}, RefusedError, "unknown host 'https://evil.example'"),
        (KEYLESS | {"token_url": "http://sts.googleapis.com/"}, RefusedError, "unknown host 'http://sts."),
        (KEYLESS | {"credential_source": {"url": "https://x.y/"}}, RefusedError, "url: unknown host 'https://x.y'"),
        (KEYLESS | {"universe_domain": "evil.example"}, RefusedError, "universe_domain: got 'evil.example'"),
        (KEYLESS | {"service_account_impersonation_url": ""}, RefusedError, "impersonation_url: missing"),
        ({"type": "service_account", "client_email": ME}, NotAllowedError, "no token: "),
        ({"type": "gdch"}, RefusedError, "got type 'gdch'"),
        (["no", "object"], RefusedError, "got type 'None'"),
    ],
)
def test_other_files_are_refused(data: object, kind: type[AccessoryError], said: str, tmp_path: Path) -> None:
    with pytest.raises(kind, match=said):
        log_in(file(tmp_path, data))


def test_own_hosts_are_taken_and_a_failure_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(identity_pool.Credentials, "refresh", fail)
    with pytest.raises(NotAllowedError, match="no token: not now"):
        log_in(file(tmp_path, KEYLESS | {"token_url": "http://127.0.0.1:1/v1/token"}), ("127.0.0.1:1",))


def test_file_that_is_not_there_or_no_json(tmp_path: Path) -> None:
    with pytest.raises(NotAllowedError, match="No such file"):
        log_in(tmp_path / "none.json")
    (tmp_path / "c.json").write_text("{")
    with pytest.raises(RefusedError, match="is no JSON"):
        log_in(tmp_path / "c.json")
