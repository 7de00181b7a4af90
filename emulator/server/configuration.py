"""How uvicorn serves an emulator: its protocol, timeouts and headers."""

from collections.abc import Collection
from typing import Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from emulator.api.errors import ApiError
from emulator.api.messages import encoded
from emulator.emulator import Emulator
from emulator.server.application import MAX_BODY_BYTES, TRANSPORT, Application

# httpx and google-cloud-compute reuse a connection that was idle for some seconds (httpx: at most 5). A server that
# closes the connection at that very moment loses the request, so the server keeps it much longer than clients do.
KEEP_ALIVE_S: Final = 75


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 that hands its connection to the application, so that a fault can cut the connection."""

    def on_headers_complete(self) -> None:
        """Add the connection to the scope of the request."""
        super().on_headers_complete()
        self.scope[TRANSPORT] = self.transport  # type: ignore[typeddict-unknown-key]

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no HTTP with an error in Google's shape, and end the connection."""
        body = encoded(ApiError(400, "badRequest", msg).body())
        head = f"content-type: application/json; charset=UTF-8\r\ncontent-length: {len(body)}\r\nconnection: close"
        self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{head}\r\n\r\n".encode() + body)
        self.transport.close()


def configuration(
    emulator: Emulator,
    names: Collection[str] = (),
    *,
    keep_alive_s: int = KEEP_ALIVE_S,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> uvicorn.Config:
    """
    Return how uvicorn serves an emulator; the caller creates the socket, and so its port is known.

    Args:
        emulator: emulator to serve
        names: host names of the server, beside addresses and `localhost`
        keep_alive_s: seconds that an idle connection stays open
        max_body_bytes: size of the largest body that is read
    """
    return uvicorn.Config(
        Application(emulator, names, max_body_bytes), http=Protocol, loop="uvloop", log_level="warning",
        access_log=False, lifespan="on", date_header=False, server_header=False, timeout_graceful_shutdown=1,
        timeout_keep_alive=keep_alive_s,
    )  # fmt: skip
