"""
The context of a request: its id, and an answer in the envelope of errors for each end that no route handles.

The id is in the response and in every log line of the request, also in those of the job that it started.
"""

import asyncio
import logging
import re
import uuid
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import RETRY_AFTER_S, AppError, UnavailableError, error_response
from app.pii import redact

REQUEST_ID_HEADER: Final = "X-Request-ID"
_HEADER: Final = REQUEST_ID_HEADER.lower().encode()
LONGEST_ID: Final = 128
_ID: Final = re.compile(rb"[A-Za-z0-9._:/=+-]{1,%d}" % LONGEST_ID)
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_log = logging.getLogger(__name__)


def request_id() -> str | None:
    """Return the id of the current request; None outside of a request."""
    return _request_id.get()


class RequestContext:
    """ASGI middleware: accepts or creates the id of a request, and answers 500 for a bug, 503 at the server's end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        current_id = id_of(scope["headers"])
        _request_id.set(current_id)  # until the end of the task, so that uvicorn's lines have it too
        header, has_started = (_HEADER, current_id.encode()), False

        async def send_with_id(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except (Exception, asyncio.CancelledError) as raised:
            if has_started:
                raise
            await error_response(_error(raised))(scope, receive, send_with_id)


def id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the caller's first id, or a new one if that is unusable or personal data, such as a phone number."""
    value = next((value for name, value in headers if name == _HEADER), b"")
    text = value.decode() if _ID.fullmatch(value) else ""
    return text if text and redact(text) == text else uuid.uuid4().hex


def _error(raised: BaseException) -> AppError:
    if isinstance(raised, asyncio.CancelledError):  # uvicorn cancels requests at the end of the server
        return UnavailableError("서버가 종료되는 중입니다. 잠시 후 다시 시도해 주세요.", retry_after_s=RETRY_AFTER_S)
    _log.error("a request failed because of a bug", exc_info=raised)
    return AppError("요청을 처리하지 못했습니다.")
