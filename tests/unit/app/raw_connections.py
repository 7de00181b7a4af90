"""An application behind the limits of connections, and a caller who sends bytes."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.connections import ConnectionPolicy, limited_protocol
from tests.unit.app.servers import serving

KIB = 2**10
SILENT_S = 0.2
LONG_S = 20.0
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Echo:
    """An application that answers with the size of the body, counts its requests, and keeps the last headers."""

    def __init__(self, answer_bytes: int = 0, answer_s: float = 0) -> None:
        self.requests = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.answer_bytes = answer_bytes
        self.answer_s = answer_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        size = len(await Request(scope, receive).body())
        self.headers = list(scope["headers"])
        await asyncio.sleep(self.answer_s)
        await PlainTextResponse(str(size) + "x" * self.answer_bytes)(scope, receive, send)


class Hasty(Echo):
    """An application that answers before it has read the body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("no", 413)(scope, receive, send)


@contextmanager
def connection(
    app: Echo, silent_s: float = SILENT_S, keep_alive_s: float = SILENT_S, waiting: int = 4096
) -> Iterator[socket.socket]:
    """Serve an application, and yield a connection to it."""
    protocol = limited_protocol(ConnectionPolicy(silent_s=silent_s, keep_alive_s=keep_alive_s, waiting=waiting))
    with (
        serving(app, lifespan="off", http=protocol, timeout_keep_alive=int(LONG_S)) as url,
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20) as caller,
    ):
        yield caller


def answers(caller: socket.socket) -> bytes:
    """Return all bytes until the server closes the connection."""
    received = bytearray()
    with suppress(ConnectionResetError):
        while part := caller.recv(2**16):
            received += part
    return bytes(received)


def answer_of(caller: socket.socket, request: bytes) -> bytes:
    """Send a request, and return its answer, whose body comes in one part."""
    caller.sendall(request)
    received = b""
    while not received.partition(b"\r\n\r\n")[2]:
        part = caller.recv(2**16)
        assert part, "the server closed the connection"
        received += part
    return received
