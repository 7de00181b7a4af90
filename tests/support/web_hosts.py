"""Web hosts of any name over TLS on loopback, which record each request; nothing leaves this computer."""

import datetime
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpcore
import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.loopback import LOOPBACK, FakeHandler, http_server


@dataclass(frozen=True)
class Asked:
    """A request as its host received it."""

    host: str
    method: str
    path: str
    authorization: str


@dataclass(frozen=True)
class Reply:
    """What a host answers."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class WebHosts:
    """
    Hosts by name.

    Args:
        names: what each host answers, by the name in its Host header; other names answer 404.
        requests: every request, in order.
        port: port of the server on loopback; set once the server listens.
    """

    names: dict[str, Callable[[Asked], Reply]]
    requests: list[Asked] = field(default_factory=list)
    port: int = 0

    def authorizations(self, host: str) -> set[str]:
        """Every login that a host was sent."""
        return {asked.authorization for asked in self.requests if asked.host == host} - {""}


@contextmanager
def served(hosts: WebHosts, certificate: Path | None = None) -> Iterator[None]:
    """Serve hosts until the block ends; with TLS where there is a certificate with its key."""

    class Handler(FakeHandler):
        def answer(self) -> None:
            asked = Asked(self.headers.get("host", ""), self.command, self.path, self.headers.get("authorization", ""))
            hosts.requests.append(asked)
            self.read_body()
            host = hosts.names.get(asked.host)
            reply = host(asked) if host else Reply(404)
            self.reply(reply.status, reply.body, reply.headers)

    with http_server(Handler, certificate) as url:
        hosts.port = int(url.rpartition(":")[2])
        yield


def certificate_of(names: list[str], folder: Path) -> Path:
    """Write a self-signed certificate of some names, and its key, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hosts of a test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "certificate.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return file


def client(hosts: WebHosts, certificate: Path) -> httpx.Client:
    """Return a client that reaches every name at the hosts' port on loopback, and trusts their certificate alone."""
    context = ssl.create_default_context(cafile=str(certificate))
    transport = httpx.HTTPTransport(verify=context)
    transport._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=_OnLoopback(hosts))
    return httpx.Client(transport=transport)


class _OnLoopback(httpcore.NetworkBackend):
    def __init__(self, hosts: WebHosts) -> None:
        self._hosts = hosts
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> httpcore.NetworkStream:
        return self._sockets.connect_tcp(LOOPBACK, self._hosts.port, *args, **options)
