"""Registries over TLS on loopback, for the tests of logins and of digests."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.registry.client import Registry
from deploy.registry.credentials import RegistryCredentials
from deploy.registry.credentials import read as read_credentials
from deploy.registry.http import Logins
from deploy.retry import Time
from lib.image_reference import Reference
from tests.support.web_hosts import Asked, Reply, WebHosts, certificate_of, client, served
from tests.unit.deploy.values import digest

GOOGLE = "Bearer ya29.google"
USER = "Basic " + base64.b64encode(b"alice:a-password").decode()
HELD = Reply(200, {"docker-content-digest": digest("a")})
Host = Callable[[Asked], Reply]


class Registries:
    def __init__(self, hosts: WebHosts, certificate: Path) -> None:
        self.hosts = hosts
        self._certificate = certificate

    def resolve(
        self,
        repository: str,
        credentials: RegistryCredentials | None = None,
        url: str = "",
        google_registries: tuple[str, ...] = (),
        reference: str = "1",
    ) -> Reference:
        naps: list[float] = []
        logins = Logins(
            lambda: {"authorization": GOOGLE},
            google_registries,
            credentials or RegistryCredentials(),
            lambda host: ["10.0.0.7"] if host.endswith(".private.example") else ["8.8.8.8"],
        )
        registry = Registry(
            client(self.hosts, self._certificate),
            url or f"https://{repository.partition('/')[0]}",
            logins,
            Time(lambda: sum(naps), naps.append),
        )
        by_digest = reference.startswith("sha256:")
        return registry.resolve(
            Reference(repository, digest=reference) if by_digest else Reference(repository, reference)
        )


@contextmanager
def rig(certificate: Path, **names: Host) -> Iterator[Registries]:
    """Serve hosts by name; `_` stands for the dot of a name."""
    hosts = WebHosts({name.replace("_", "."): host for name, host in names.items()})
    with served(hosts, certificate):
        yield Registries(hosts, certificate)


def file(folder: Path, auths: object) -> RegistryCredentials:
    path = folder / "auth.json"
    path.write_text(json.dumps({"auths": auths}))
    return read_credentials(path)


def wants(authorization: str, challenge: str, then: Reply = HELD) -> Host:
    """A registry that requires a login."""
    return lambda asked: then if asked.authorization == authorization else Reply(401, {"www-authenticate": challenge})


def gives(token: str, login: str = "") -> Host:
    """A realm that issues a token, to every client or for a login."""
    return lambda asked: (
        Reply(body=json.dumps({"token": token}).encode()) if asked.authorization == login else Reply(401)
    )


def certificate(folder: Path) -> Path:
    """Write a certificate of every host that these tests serve."""
    names = [
        "*.pkg.dev", "gcr.io", "*.gcr.io", "ghcr.io", "*.docker.io", "registry.example", "auth.example",
        "cdn.example", "evil.example", "pkg.dev.evil.example", "*.private.example",
    ]  # fmt: skip
    return certificate_of(names, folder)
