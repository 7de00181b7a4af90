"""How much of a body is taken, and of all bodies at once; what is more is refused before it is in memory."""

import asyncio
import time
from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import RETRY_AFTER_S, AppError, SlowError, TooLargeError, UnavailableError, error_answer

_MIB: Final = 2**20
_BODY_BYTES: Final = 1 * _MIB
_UPLOAD_BYTES: Final = 50 * _MIB
_UPLOADS: Final = "/api/easycontract/sync"
_BODY_S: Final = 60
_LONGEST_NUMBER: Final = 20  # digits; any number of zeros may come before those that count
_AT_ONCE_BYTES: Final = 4 * _UPLOAD_BYTES  # what /tmp of the machine's stack holds, and memory besides


def error_response(error: AppError) -> JSONResponse:
    """The HTTP answer for an error."""
    headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s is not None else None
    return JSONResponse(error_answer(error).model_dump(), error.status, headers)


class BodyLimits:
    """ASGI middleware that answers 413 to a body that is too large, and 503 while too much is being worked on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._taken_bytes = {_BODY_BYTES: 0, _UPLOAD_BYTES: 0}  # apart: slow uploads keep nobody else out

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its body counted."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        most_bytes = _UPLOAD_BYTES if scope["path"] == _UPLOADS else _BODY_BYTES
        body_bytes = _announced_bytes(scope, most_bytes)
        if body_bytes > most_bytes:
            await _refusal(most_bytes)(scope, receive, send)
        elif self._taken_bytes[most_bytes] + body_bytes > _AT_ONCE_BYTES:
            busy = UnavailableError("업로드가 너무 많습니다. 잠시 후 다시 시도해 주세요.", retry_after_s=RETRY_AFTER_S)
            await error_response(busy)(scope, receive, send)
        else:
            self._taken_bytes[most_bytes] += body_bytes
            try:
                await self._counted(scope, receive, send, most_bytes)
            finally:
                self._taken_bytes[most_bytes] -= body_bytes

    async def _counted(self, scope: Scope, receive: Receive, send: Send, most_bytes: int) -> None:
        """Pass a request on; of a body that is too large or too slow neither its end nor the answer to it is passed."""
        read_bytes, is_whole, refusal = 0, False, None
        deadline = time.monotonic() + _BODY_S

        async def counting_receive() -> Message:
            nonlocal read_bytes, is_whole, refusal
            try:
                message = await asyncio.wait_for(receive(), None if is_whole else deadline - time.monotonic())
            except asyncio.TimeoutError:
                refusal = error_response(SlowError("요청 본문이 제한 시간 안에 오지 않았습니다."))
                return {"type": "http.disconnect"}
            read_bytes += len(message.get("body", b""))
            is_whole = not message.get("more_body")
            if read_bytes > most_bytes:
                refusal = _refusal(most_bytes)
                return {"type": "http.disconnect"}
            return message

        async def refusing_send(message: Message) -> None:
            if refusal is None:
                await send(message)

        try:
            await self._app(scope, counting_receive, refusing_send)
        finally:
            if refusal is not None:
                refusal.headers["Connection"] = "close"  # the rest of the body may still come
                await refusal(scope, receive, send)


def _announced_bytes(scope: Scope, most_bytes: int) -> int:
    """What `Content-Length` says; the most where it says nothing that is a number for anybody else."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and len(value) <= _LONGEST_NUMBER:
            return int(value)
    return most_bytes


def _refusal(most_bytes: int) -> JSONResponse:
    return error_response(TooLargeError(f"요청 본문은 {most_bytes // _MIB} MiB 이하여야 합니다."))
