"""Limits for a body and for all concurrent bodies; more is refused before the server reads it into memory."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import RETRY_AFTER_S, AppError, SlowError, TooLargeError, UnavailableError, error_answer

_MIB: Final = 2**20
_UPLOADS: Final = "/api/easycontract/sync"
_LONGEST_NUMBER: Final = 20  # digits; a longer number may have leading zeros


@dataclass(frozen=True)
class BodyPolicy:
    """
    Limits of request bodies.

    Args:
        body_bytes: largest body.
        upload_bytes: largest body with uploaded files.
        at_once_bytes: largest size of all concurrent bodies; the size of /tmp in the stack, and as much memory.
        body_s: longest time of a body.
    """

    body_bytes: int = 1 * _MIB
    upload_bytes: int = 50 * _MIB
    at_once_bytes: int = 200 * _MIB
    body_s: float = 60


def error_response(error: AppError) -> JSONResponse:
    """Return the HTTP response for an error."""
    headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s is not None else None
    return JSONResponse(error_answer(error).model_dump(), error.status, headers)


class BodyLimits:
    """ASGI middleware: 413 for a body above its limit, 503 while the concurrent bodies reach theirs."""

    def __init__(self, app: ASGIApp, policy: BodyPolicy) -> None:
        self._app = app
        self._policy = policy
        # Separate: slow uploads do not block others.
        self._taken_bytes = {policy.body_bytes: 0, policy.upload_bytes: 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, and count the bytes of its body."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        max_bytes = self._policy.upload_bytes if scope["path"] == _UPLOADS else self._policy.body_bytes
        body_bytes = _announced_bytes(scope, max_bytes)
        if body_bytes > max_bytes:
            await _refusal(max_bytes)(scope, receive, send)
        elif self._taken_bytes[max_bytes] + body_bytes > self._policy.at_once_bytes:
            busy = UnavailableError("업로드가 너무 많습니다. 잠시 후 다시 시도해 주세요.", retry_after_s=RETRY_AFTER_S)
            await error_response(busy)(scope, receive, send)
        else:
            self._taken_bytes[max_bytes] += body_bytes
            try:
                await self._counted(scope, receive, send, max_bytes)
            finally:
                self._taken_bytes[max_bytes] -= body_bytes

    async def _counted(self, scope: Scope, receive: Receive, send: Send, max_bytes: int) -> None:
        """Pass a request on, until its body is too large or too slow; then answer with an error instead."""
        read_bytes, is_complete, refusal = 0, False, None
        deadline = time.monotonic() + self._policy.body_s

        async def counting_receive() -> Message:
            nonlocal read_bytes, is_complete, refusal
            try:
                message = await asyncio.wait_for(receive(), None if is_complete else deadline - time.monotonic())
            except asyncio.TimeoutError:
                refusal = error_response(SlowError("요청 본문이 제한 시간 안에 오지 않았습니다."))
                return {"type": "http.disconnect"}
            read_bytes += len(message.get("body", b""))
            is_complete = not message.get("more_body")
            if read_bytes > max_bytes:
                refusal = _refusal(max_bytes)
                return {"type": "http.disconnect"}
            return message

        async def refusing_send(message: Message) -> None:
            if refusal is None:
                await send(message)

        try:
            await self._app(scope, counting_receive, refusing_send)
        finally:
            if refusal is not None:
                refusal.headers["Connection"] = "close"  # the client may still send the rest of the body
                await refusal(scope, receive, send)


def _announced_bytes(scope: Scope, max_bytes: int) -> int:
    """Return the value of `Content-Length`; the maximum if the header is absent or not a plain number."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and len(value) <= _LONGEST_NUMBER:
            return int(value)
    return max_bytes


def _refusal(max_bytes: int) -> JSONResponse:
    return error_response(TooLargeError(f"요청 본문은 {max_bytes // _MIB} MiB 이하여야 합니다."))
