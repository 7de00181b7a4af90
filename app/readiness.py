"""The readiness of the server."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CLOSE: Final = (b"connection", b"close")


class Readiness:
    """The readiness of the server: open from the end of its start to the first SIGTERM."""

    def __init__(self) -> None:
        self.is_open = False
        self.is_draining = False

    def open(self) -> None:
        """Become ready for requests."""
        self.is_open = True

    def close(self) -> None:
        """Become not ready; the server still answers requests."""
        self.is_open = False
        self.is_draining = True


class LastAnswers:
    """
    ASGI middleware: while the server drains, each answer closes its connection.

    So a load balancer that keeps connections sends its next request to another instance. The end of the server, which
    closes all idle connections, finds few of them.
    """

    def __init__(self, app: ASGIApp, readiness: Readiness) -> None:
        self._app = app
        self._readiness = readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application."""

        async def send_and_close(message: Message) -> None:
            if message["type"] == "http.response.start" and self._readiness.is_draining:
                message["headers"] = [*message.get("headers", ()), _CLOSE]
            await send(message)

        await self._app(scope, receive, send_and_close)
