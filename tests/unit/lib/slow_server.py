"""A server on loopback that sends its answer byte by byte; each answer ends after a minute."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_LONGEST_S = 60.0


@dataclass
class SlowServer:
    """
    A server and its answer.

    Args:
        at_once: bytes of the answer that are sent when a request is complete.
        slowly: bytes after these, each of them after a pause.
        pause_s: seconds before each slow byte.
        waits_for_request: whether the server reads a request before it answers.
        tls: paths of certificate and key; None for plain TCP.
        requests: requests that the server has read.
        port: port of the server, 0 before its start.
    """

    at_once: bytes = b""
    slowly: bytes = b""
    pause_s: float = 0.1
    waits_for_request: bool = True
    tls: tuple[Path, Path] | None = None
    requests: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """URL of the server."""
        return f"http://127.0.0.1:{self.port}/"

    def serve(self, connection: socket.socket) -> None:
        """Answer the requests of a connection until its end."""
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
        for byte in self.slowly:
            time.sleep(self.pause_s)
            if time.monotonic() > end_s:
                return
            connection.sendall(bytes([byte]))


@contextlib.contextmanager
def serve_slowly(server: SlowServer) -> Iterator[SlowServer]:
    """Run a server until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=server.serve, args=(connection,), daemon=True).start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()  # or it could go on with the descriptor of a later server
