"""A network for tests: it records lookups and connections, and leads all of them to one server on loopback."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Network:
    """
    The records of a network, and the answer of its server.

    Args:
        lookups: host and port of each lookup of a name.
        connections: address that the client wanted to connect to, for each connection.
        requests: first line and Host of each request to the server.
        answer: body of every answer.
    """

    lookups: list[tuple[str, object]] = field(default_factory=list)
    connections: list[tuple[str, int]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    answer: bytes = b"{}"


def write_certificates(folder: Path, hosts: Iterable[str]) -> tuple[Path, Path]:
    """Write a self-signed certificate for some hosts and its key; return their paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(host)) if host.replace(".", "").isdigit() else x509.DNSName(host)
        for host in hosts
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(pem))
    paths[1].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return paths


@contextmanager
def record_network(
    monkeypatch: pytest.MonkeyPatch,
    certificate: tuple[Path, Path] | None = None,
    *,
    requires_client_certificate: bool = False,
) -> Iterator[Network]:
    """
    Record lookups and connections until the end of the block, and lead all of them to a server on loopback.

    Args:
        monkeypatch: fixture that restores the functions of the socket module.
        certificate: paths of the server's certificate and key; without it TLS is not answered.
        requires_client_certificate: whether clients must have a certificate; the server trusts its own.
    """
    network = Network()
    tls = None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        if requires_client_certificate:
            tls.verify_mode = ssl.CERT_REQUIRED
            tls.load_verify_locations(certificate[0])
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        serving = threading.Thread(target=_serve, args=(server, tls, network), daemon=True)
        serving.start()
        connect = socket.socket.connect

        def getaddrinfo(host: str, port_: object, *_: object, **__: object) -> list[object]:
            if not host.replace(".", "").isdigit():
                network.lookups.append((host, port_))
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (host if host[0].isdigit() else "127.0.0.1", port_))]

        def connect_and_record(self: socket.socket, address: tuple[str, int]) -> None:
            network.connections.append(address)
            connect(self, ("127.0.0.1", port))

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        monkeypatch.setattr(socket.socket, "connect", connect_and_record)
        yield network
        server.shutdown(socket.SHUT_RDWR)
        serving.join()  # or it could go on with the descriptor of a later server


def _serve(server: socket.socket, tls: ssl.SSLContext | None, network: Network) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.settimeout(5)
                if connection.recv(1, socket.MSG_PEEK) == b"\x16":
                    if tls is None:
                        continue
                    connection = tls.wrap_socket(connection, server_side=True)
                lines = _request(connection)
                network.requests.append((lines[0], _header(lines, "host")))
                head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(network.answer)}\r\nconnection: close\r\n\r\n"
                connection.sendall(head.encode() + network.answer)
                connection.close()


def _request(connection: socket.socket) -> list[str]:
    """Read a request with its body: closing a connection with unread bytes would reset it."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65_536) or b"\r\n\r\n"
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("ascii").split("\r\n")
    while len(body) < int(_header(lines, "content-length") or 0):
        body += connection.recv(65_536)
    return lines


def _header(lines: list[str], name: str) -> str:
    return next((line.partition(": ")[2] for line in lines if line.lower().startswith(f"{name}: ")), "")
