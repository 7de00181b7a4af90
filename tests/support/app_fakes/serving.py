"""A fake as a server: `python -m tests.support.app_fakes.NAME --port PORT`."""

import argparse
import asyncio

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol


class _AbortableProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's protocol, which passes the application a function that closes the connection without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        app = self.config.loaded_app

        async def abortable(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "fake.abort": transport.abort}, receive, send)

        self.app = abortable


def arguments(description: str, port: int) -> argparse.ArgumentParser:
    """Parse the command line of a fake."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=port)
    return parser


def serve(app: ASGIApp, port: int) -> None:
    """Serve until a signal; nothing is logged, so that many requests at once cost little."""
    uvicorn.run(app, host="0.0.0.0", port=port, http=_AbortableProtocol, log_config=None, access_log=False)  # noqa: S104
