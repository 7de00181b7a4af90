"""Credential files of every kind are loaded, or refused with file, field and reason, without their values."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.auth import exceptions

from lib.credentials_file import TOKEN_ERRORS, CredentialsFile, CredentialsFileError, load
from tests.unit.lib.credential_files import ACCOUNT, INVALID, SECRET, VALID, write
from tests.unit.lib.unreadable_credentials import UNREADABLE


def refusal(path: Path) -> CredentialsFileError:
    """Return the error of a file that must be refused."""
    with pytest.raises(CredentialsFileError) as caught:
        load(path)
    return caught.value


@pytest.mark.parametrize("name", VALID)
def test_valid_file_is_loaded(name: str, tmp_path: Path) -> None:
    """Each valid file gives credentials without a token, and the account of a service account."""
    data = VALID[name]()
    loaded = load(write(tmp_path / "c.json", data))
    assert loaded.kind == data["type"]
    assert loaded.credentials.token_state.name == "INVALID"
    is_account = name not in ("person", "person with nulls", "workforce user", "external account without impersonation")
    assert loaded.account == (ACCOUNT if is_account else "")
    assert SECRET not in repr(loaded)


@pytest.mark.parametrize("name", VALID)
def test_file_with_a_byte_order_mark_is_loaded(name: str, tmp_path: Path) -> None:
    """A file that Windows programs saved is loaded too."""
    path = write(tmp_path / "c.json", VALID[name]())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(path).kind == VALID[name]()["type"]


@pytest.mark.parametrize("name", INVALID)
def test_invalid_file_is_refused_with_field_and_reason(name: str, tmp_path: Path) -> None:
    """The error contains the field, the reason and a fix, and no secret."""
    content, expected = INVALID[name]
    path = write(tmp_path / "c.json", content())
    error = refusal(path)
    assert str(error).startswith(f"credentials: {path}: {expected}")
    assert error.fix
    assert SECRET not in f"{error} {error.fix}"
    assert "PRIVATE KEY" not in f"{error} {error.fix}"


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_file_is_refused_with_its_reason(name: str, tmp_path: Path) -> None:
    """The error contains the reason, and no content of the file."""
    content, expected = UNREADABLE[name]
    path = write(tmp_path / "c.json", content)
    error = refusal(path)
    assert str(error) == f"credentials: {path}: {expected}"
    assert SECRET not in f"{error} {error.fix}"


def test_file_that_cannot_be_opened_is_refused_with_the_reason_of_the_system(tmp_path: Path) -> None:
    """An absent file, a folder and a name that is too long have the text of the system."""
    assert str(refusal(tmp_path / "none.json")).endswith("none.json: No such file or directory.")
    assert str(refusal(tmp_path)).endswith(f"{tmp_path}: Is a directory.")
    assert str(refusal(tmp_path / ("x" * 300))).endswith(": File name too long.")


def test_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the process may not read has the text of the system."""
    path = write(tmp_path / "c.json", VALID["person"]())
    path.chmod(0)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    if os.geteuid() == 0:  # root may read everything
        monkeypatch.setattr(Path, "open", denied)
    assert str(refusal(path)) == f"credentials: {path}: Permission denied."


def test_quota_project_is_that_of_the_file(tmp_path: Path) -> None:
    """The quota project of the file becomes that of the credentials."""
    for name in ("person", "service account", "external account", "impersonated by an external account"):
        loaded = load(write(tmp_path / "c.json", VALID[name]() | {"quota_project_id": "example.com:billing"}))
        assert loaded.quota_project == loaded.credentials.quota_project_id == "example.com:billing"


def test_unknown_keys_are_ignored(tmp_path: Path) -> None:
    """google-auth's own loader would read a supplier of tokens from the file."""
    data = VALID["external account"]() | {"subject_token_supplier": "x", "trust_boundary": 7, "scopes": 7}
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
        (TypeError(f"int() of {SECRET}"), "TypeError while reading the answer of a token endpoint"),
    ],
)
def test_reason_contains_neither_the_file_nor_a_token(error: Exception, text: str, tmp_path: Path) -> None:
    """A reason has the texts of google-auth and of the endpoint, with `…` for values of the file."""
    assert load(write(tmp_path / "c.json", VALID["person"]())).reason(error) == text


@dataclass
class Endpoints:
    """Credentials of google-auth whose token endpoint answers with a token of any kind."""

    response: object
    token: object = "former"
    expiry: object = "later"

    def refresh(self, _: object) -> None:
        self.token, self.expiry = self.response, None


@pytest.mark.parametrize("response", [None, "", 7, "a b", "a\r\nb: c", "a\n", "ключ"])
def test_invalid_token_does_not_replace_the_former_token(response: object) -> None:
    """A response that is no valid token raises an error and keeps token and expiry."""
    file = CredentialsFile(Path("c.json"), "kind", Endpoints(response))
    with pytest.raises(TOKEN_ERRORS):
        file.refresh(file.request())
    assert (file.credentials.token, file.credentials.expiry) == ("former", "later")


def test_valid_token_replaces_the_former_token() -> None:
    """A valid response sets token and expiry."""
    file = CredentialsFile(Path("c.json"), "kind", Endpoints("ya29.new"))
    file.refresh(file.request())
    assert (file.credentials.token, file.credentials.expiry) == ("ya29.new", None)
