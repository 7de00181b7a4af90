"""The registry of an image name, and short names of Docker Hub."""

import json
import socket
import threading
from pathlib import Path

import pytest

from deploy.config import Config
from deploy.environment_file import read_config
from deploy.errors import ConfigError, RefusedError
from deploy.registry import hosts
from deploy.registry.hosts import AddressError, look_up_addresses
from deploy.release import image
from deploy.release.registry_names import api_path
from deploy.session import open_session
from tests.support.fake_registry import FakeRegistry, served
from tests.unit.deploy.values import CONFIG, digest

DIGEST = digest("a")


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("app:1", "docker.io/library/app:1"),
        (f"app@{DIGEST}", f"docker.io/library/app@{DIGEST}"),
        ("team/app:1", "docker.io/team/app:1"),
        (f"team/app:1@{DIGEST}", f"docker.io/team/app:1@{DIGEST}"),
        ("registry/team/app:1", "docker.io/registry/team/app:1"),
    ],
)
def test_a_short_name_is_refused_with_its_full_form(text: str, full: str) -> None:
    """A reference without a registry host is refused, and the error suggests the full form."""
    with pytest.raises(RefusedError) as error:
        image.parse(text)
    assert str(error.value) == f"image: got '{text}', which names no registry. Fix: write '{full}'."
    assert str(image.parse(full)) == full


@pytest.mark.parametrize(
    "text", ["localhost/app:1", "registry:5000/app:1", "registry.example/app:1", "docker.io/app:1"]
)
def test_a_name_with_a_host_is_no_short_name(text: str) -> None:
    """A reference with a registry host parses unchanged."""
    assert str(image.parse(text)) == text


@pytest.mark.parametrize(
    ("repository", "registry"),
    [
        ("docker.io/team/app", "https://registry-1.docker.io"),
        ("index.docker.io/team/app", "https://registry-1.docker.io"),
        ("registry.example/team/app", "https://registry.example"),
        ("registry.example:8443/app", "https://registry.example:8443"),
    ],
)
def test_the_registry_of_a_repository(repository: str, registry: str) -> None:
    """A repository's host determines the URL of the registry; both names of Docker Hub have the same URL."""
    assert config_of(repository=repository).registry == registry


@pytest.mark.parametrize(
    ("repository", "path"),
    [
        ("docker.io/app", "library/app"),
        ("index.docker.io/app", "library/app"),
        ("docker.io/team/app", "team/app"),
        ("registry.example/app", "app"),
        ("registry.example/team/app", "team/app"),
    ],
)
def test_only_official_images_of_docker_hub_are_in_library(repository: str, path: str) -> None:
    """Docker Hub has a repository of a single name in `library`; every other registry has the path as written."""
    assert api_path(repository) == path


def config_of(**values: object) -> Config:
    return Config.model_validate({"project": "p", "zone": "z", "group": "g", "repository": "h.example/a", **values})


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "repository: team/app",
            "repository: got 'team/app', which names no registry; its full form is 'docker.io/team/app'. Fix: ",
        ),
        ("repository: h.example/a\nregistry_url: https://evil.example\\@a.pkg.dev", "registry_url: got "),
        ("repository: h.example/a\nregistry_url: https://a.pkg.dev@evil.example", "registry_url: got "),
        (
            "repository: h.example/a\ngoogle_registries: [https://h.example]",
            "google_registries.0: must be HOST or HOST:PORT",
        ),
        ("repository: h.example/a\ngoogle_registries: ['*.example']", "google_registries.0: must be HOST or HOST:PORT"),
    ],
)
def test_what_an_environment_file_may_not_name(line: str, text: str, tmp_path: Path) -> None:
    """An environment file with a short repository name or a malformed registry host is refused."""
    (tmp_path / "x.yaml").write_text(f"project: p\nzone: z\ngroup: g\n{line}\n")
    with pytest.raises(ConfigError) as error:
        read_config("x", {}, tmp_path)
    assert str(error.value).startswith(f"{tmp_path}/x.yaml: {text}")


def test_a_session_logs_in_with_the_file_that_it_is_given(tmp_path: Path) -> None:
    """A session sends the login of its credentials file to the registry."""
    file = tmp_path / "auth.json"
    fake = FakeRegistry(basic="YTpi")
    with served(fake) as url:
        file.write_text(json.dumps({"auths": {url.removeprefix("http://"): {"auth": "YTpi"}}}))
        emulated = CONFIG.model_copy(update={"registry_url": url, "compute_url": "http://emulator/compute/v1"})
        session = open_session(emulated, None, file)
        assert session.registry.resolve(image.parse(f"{CONFIG.repository}:latest")).digest == digest("a")
    assert [authorization for _, _, authorization in fake.seen] == ["", "Basic YTpi"]


def test_a_lookup_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lookup of a host that exceeds the time limit raises AddressError."""
    is_over = threading.Event()

    def getaddrinfo(*_: object, **__: object) -> list[object]:
        is_over.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(hosts, "_LOOKUP_S", 0.05)
    with pytest.raises(AddressError, match=r"its lookup did not end within 0\.05 s"):
        look_up_addresses("h.example")
    is_over.set()


@pytest.mark.parametrize("error", [OSError("no such host"), UnicodeError("label too long")])
def test_a_host_without_addresses_has_none(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lookup of a host that fails returns no addresses."""

    def getaddrinfo(*_: object, **__: object) -> list[object]:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert look_up_addresses("h.example") == []


def test_addresses_are_looked_up_by_name_and_by_number() -> None:
    """A lookup returns the addresses of a host name and of a numeric address."""
    assert look_up_addresses("127.0.0.1") == ["127.0.0.1"]
    assert set(look_up_addresses("localhost")) <= {"127.0.0.1", "::1"}
