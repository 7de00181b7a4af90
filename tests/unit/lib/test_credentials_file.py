"""Credential files of every kind: loaded, or refused with file, field and reason, and nothing of their content."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.auth import exceptions

from lib.credentials_file import TOKEN_ERRORS, CredentialsFile, CredentialsFileError, load
from tests.unit.lib.credential_files import ACCOUNT, BROKEN, GOOD, SECRET, UNREADABLE, write


def refused(path: Path) -> CredentialsFileError:
    with pytest.raises(CredentialsFileError) as caught:
        load(path)
    return caught.value


@pytest.mark.parametrize("name", GOOD)
def test_what_google_auth_loads_is_loaded(name: str, tmp_path: Path) -> None:
    data = GOOD[name]()
    loaded = load(write(tmp_path / "c.json", data))
    assert loaded.kind == data["type"]
    assert loaded.credentials.token_state.name == "INVALID"
    is_account = name not in ("person", "person with nulls", "workforce user", "external account without impersonation")
    assert loaded.account == (ACCOUNT if is_account else "")
    assert SECRET not in repr(loaded)


@pytest.mark.parametrize("name", GOOD)
def test_a_byte_order_mark_is_no_obstacle(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "c.json", GOOD[name]())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(path).kind == GOOD[name]()["type"]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_by_field_and_reason(name: str, tmp_path: Path) -> None:
    content, expected = BROKEN[name]
    path = write(tmp_path / "c.json", content())
    error = refused(path)
    assert str(error).startswith(f"credentials: {path}: {expected}")
    assert error.fix
    assert SECRET not in f"{error} {error.fix}"
    assert "PRIVATE KEY" not in f"{error} {error.fix}"


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_is_refused_by_its_reason(name: str, tmp_path: Path) -> None:
    content, expected = UNREADABLE[name]
    path = write(tmp_path / "c.json", content)
    error = refused(path)
    assert str(error) == f"credentials: {path}: {expected}"
    assert SECRET not in f"{error} {error.fix}"


def test_a_file_that_cannot_be_opened_is_refused_by_the_system_s_reason(tmp_path: Path) -> None:
    assert str(refused(tmp_path / "none.json")).endswith("none.json: No such file or directory.")
    assert str(refused(tmp_path)).endswith(f"{tmp_path}: Is a directory.")
    assert str(refused(tmp_path / ("x" * 300))).endswith(": File name too long.")


def test_a_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "c.json", GOOD["person"]())
    path.chmod(0)

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    if os.geteuid() == 0:  # root may read everything
        monkeypatch.setattr(Path, "open", forbidden)
    assert str(refused(path)) == f"credentials: {path}: Permission denied."


def test_the_quota_project_is_the_file_s(tmp_path: Path) -> None:
    for name in ("person", "service account", "external account", "impersonated by an external account"):
        loaded = load(write(tmp_path / "c.json", GOOD[name]() | {"quota_project_id": "example.com:billing"}))
        assert loaded.quota_project == loaded.credentials.quota_project_id == "example.com:billing"


def test_keys_that_are_not_known_are_never_called(tmp_path: Path) -> None:
    """google-auth's own loader would take a supplier of tokens out of the file."""
    data = GOOD["external account"]() | {"subject_token_supplier": "x", "trust_boundary": 7, "scopes": 7}
    assert load(write(tmp_path / "c.json", data)).kind == "external_account"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            exceptions.RefreshError("invalid_grant: Bad Request", {"error": "invalid_grant"}),
            "invalid_grant: Bad Request",
        ),
        (
            exceptions.RefreshError("Unable to acquire", '{"error": {"message": "Permission \'x\' denied"}}'),
            "Unable to acquire: Permission 'x' denied",
        ),
        (exceptions.RefreshError("No access token", '{"accessToken": "ya29.x"}'), "No access token"),
        (exceptions.RefreshError(f"could not use\n1//{SECRET}"), "could not use …"),
        (exceptions.RefreshError(), "RefreshError"),
        (TypeError(f"int() of {SECRET}"), "TypeError while reading an answer of a token endpoint"),
    ],
)
def test_reasons_have_nothing_of_the_file_or_of_a_token(error: Exception, text: str, tmp_path: Path) -> None:
    assert load(write(tmp_path / "c.json", GOOD["person"]())).reason(error) == text


@dataclass
class Endpoints:
    """Credentials of google-auth whose token endpoint answers with a token of any kind."""

    answered: object
    token: object = "good"
    expiry: object = "later"

    def refresh(self, _: object) -> None:
        self.token, self.expiry = self.answered, None


@pytest.mark.parametrize("answered", [None, "", 7, "a b", "a\r\nb: c", "a\n", "ключ"])
def test_junk_replaces_no_token(answered: object) -> None:
    file = CredentialsFile(Path("c.json"), "kind", Endpoints(answered))
    with pytest.raises(TOKEN_ERRORS):
        file.refresh(file.request())
    assert (file.credentials.token, file.credentials.expiry) == ("good", "later")


def test_a_token_replaces_the_one_before() -> None:
    file = CredentialsFile(Path("c.json"), "kind", Endpoints("ya29.new"))
    file.refresh(file.request())
    assert (file.credentials.token, file.credentials.expiry) == ("ya29.new", None)
