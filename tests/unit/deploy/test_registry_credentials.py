"""A file of registry logins: the entry that applies, and the errors of a broken file."""

import base64
import re
from pathlib import Path

import pytest

from deploy.errors import NotAllowedError
from deploy.registry.credentials import read as read_credentials
from tests.unit.deploy.registries_over_tls import file


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not JSON"),
        ("[" * 90_000, "is not JSON"),
        ("a-password", "is not JSON"),
        ("[]", "auths: is not an object of objects"),
        ('{"auths": null}', "auths: is not an object of objects"),
        ('{"auths": {"registry.example": "a-password"}}', "auths: is not an object of objects"),
        (" " * 2**20 + "{}", "is larger than 1 MiB"),
    ],
    ids=range(7),
)
def test_a_file_of_logins_that_is_broken_is_named_and_not_printed(text: str, reason: str, tmp_path: Path) -> None:
    """A broken credentials file is refused with its path and the reason, and the error omits its content."""
    path = tmp_path / "auth.json"
    path.write_text(text)
    with pytest.raises(NotAllowedError, match=re.escape(f"registry credentials: {path}: {reason}. Fix: ")) as error:
        read_credentials(path)
    assert "a-password" not in str(error.value)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({}, "auth: missing"),
        ({"auth": ""}, "auth: missing"),
        ({"identitytoken": "a-password"}, "identitytoken: is not supported"),
        ({"auth": "a-password"}, "auth: is not USER:PASSWORD in base64"),
        ({"auth": ["a-password"]}, "auth: is not USER:PASSWORD in base64"),
        ({"auth": base64.b64encode(b"a-password").decode()}, "auth: is not USER:PASSWORD in base64"),
        ({"auth": base64.b64encode(b"alice:").decode()}, "auth: is not USER:PASSWORD in base64"),
        ({"auth": base64.b64encode(b"alice:a-password\n").decode()}, "auth: is not USER:PASSWORD in base64"),
        ({"auth": base64.b64encode(b"alice:\xff").decode()}, "auth: is not USER:PASSWORD in base64"),
    ],
)
def test_an_entry_that_is_no_login_is_named_and_not_printed(entry: object, reason: str, tmp_path: Path) -> None:
    """A broken entry is refused with its registry and the reason, and the error omits its secret."""
    credentials = file(tmp_path, {"registry.example": entry, "other.example": {}})
    assert credentials.basic("third.example", "a/b") == ""
    with pytest.raises(NotAllowedError, match=re.escape(f"auths.registry.example: {reason}. Fix: ")) as error:
        credentials.basic("registry.example", "a/b")
    assert "a-password" not in str(error.value)


def test_a_file_of_logins_that_is_absent_is_named(tmp_path: Path) -> None:
    """An absent credentials file is refused with its path."""
    with pytest.raises(
        NotAllowedError, match=r"registry credentials: /nope\.json: No such file or directory\. Fix: pass"
    ):
        read_credentials(Path("/nope.json"))


def test_login_with_the_longest_path_is_used(tmp_path: Path) -> None:
    """Of the entries whose path contains the repository, the entry with the longest path provides the login."""
    logins = {
        name: base64.b64encode(f"{name}:p".encode()).decode() for name in ("h.example", "h.example/a", "i.example")
    }
    credentials = file(tmp_path, {name: {"auth": auth} for name, auth in logins.items()})
    assert credentials.basic("h.example", "a/b") == logins["h.example/a"]
    assert credentials.basic("h.example", "ab/c") == logins["h.example"]
    assert credentials.basic("h.example:5000", "a/b") == ""
    assert "h.example:p" not in repr(credentials)
