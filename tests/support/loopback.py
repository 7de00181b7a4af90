"""HTTP servers of tests: on loopback, on a free port, in a thread of the test's own process."""

import json
import random
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
_SHUTDOWN_POLL_S = 0.01
_LOWEST_PORT = 20_000
_MARKS: list[socket.socket] = []  # of the ports that this process has been given


class FakeHandler(BaseHTTPRequestHandler):
    """The base of every fake: one method answers every verb, with a body of known length; nothing is logged."""

    def answer(self) -> None:
        """Answer the request; `self.command` is its verb, and `self.path` its path."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """Answer a request of any verb."""
        self.answer()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class looks for these names

    def reply(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Send an answer; the answer to HEAD has no body."""
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def reply_json(self, document: Any, status: int = 200) -> None:
        """Send a document."""
        self.reply(status, json.dumps(document).encode(), {"content-type": "application/json"})

    def read_body(self) -> bytes:
        """Read the body of the request; a body that is left unread resets the connection."""
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has this name
        """Print nothing."""


@contextmanager
def http_server(
    handler: type[BaseHTTPRequestHandler], certificate: Path | None = None, host: str = LOOPBACK, port: int = 0
) -> Iterator[str]:
    """
    Serve until the block ends.

    Args:
        handler: class that answers each request.
        certificate: file with a certificate and its key, for HTTPS.
        host: address of loopback to listen on.
        port: port to listen on; 0 is a free port.

    Yields:
        URL of the server, without a slash at its end.
    """
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(_SHUTDOWN_POLL_S,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    """
    Return a port of loopback that nothing listens on, and that no other caller gets while this process lives.

    A program may bind it a minute later: Linux gives it neither to a connection nor to a server on port 0, because it
    is outside their range (ip(7): ip_local_port_range, Linux 6.18, tried 2026-11-28).
    """
    lowest, highest = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    others = [port for port in range(_LOWEST_PORT, 65536) if not lowest <= port <= highest]
    for port in random.sample(others, len(others)):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0{__name__}:{port}")  # a name without a file, which ends with this process
            with socket.socket() as probe:
                probe.bind((LOOPBACK, port))
        except OSError:
            mark.close()
            continue
        _MARKS.append(mark)
        return port
    raise AssertionError(f"no port from {_LOWEST_PORT} on is free and outside {lowest} to {highest}")
