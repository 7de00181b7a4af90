"""A server on loopback that answers a byte at a time, or not at all; each answer ends after some seconds."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_LONGEST_S = 8.0


@dataclass
class Dripping:
    """
    Args:
        at_once: bytes sent as soon as a request is complete.
        dripped: bytes sent after these, with a pause before each.
        pause_s: before each dripped byte.
        waits_for_request: read a request first; without it, the bytes are sent to whoever connects.
        tls: certificate and key of the server; None for plain TCP.
    """

    at_once: bytes = b""
    dripped: bytes = b""
    pause_s: float = 0.1
    waits_for_request: bool = True
    tls: tuple[Path, Path] | None = None
    requests: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if self.tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*self.tls)
                connection = context.wrap_socket(connection, server_side=True)
            while request := self._request(connection):
                self.requests.append(request)
                self._answer(connection)

    def _request(self, connection: socket.socket) -> bytes:
        if not self.waits_for_request:
            return b"" if self.requests else b"none"
        connection.settimeout(_LONGEST_S)
        request = b""
        while b"\r\n\r\n" not in request:
            part = connection.recv(65536)
            if not part:
                return b""
            request += part
        return request

    def _answer(self, connection: socket.socket) -> None:
        connection.sendall(self.at_once)
        end_s = time.monotonic() + _LONGEST_S
        for byte in self.dripped:
            time.sleep(self.pause_s)
            if time.monotonic() > end_s:
                return
            connection.sendall(bytes([byte]))


@contextlib.contextmanager
def dripping(server: Dripping) -> Iterator[Dripping]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.port = listening.getsockname()[1]

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=server.serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server
        listening.shutdown(socket.SHUT_RDWR)
