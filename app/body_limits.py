"""Limits for a body and for all concurrent bodies; a body is counted while it arrives."""

import time
from dataclasses import dataclass
from typing import Final

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import RETRY_AFTER_S, AppError, SlowError, TooLargeError, UnavailableError, error_response

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
        at_once_bytes: largest size of all concurrent bodies of a kind; the size of /tmp in the stack, and as much
            memory.
        body_s: longest time of a body.
        progress_bytes: smallest part of a body that must arrive in `progress_s`, unless the body ends.
        progress_s: see `progress_bytes`.
    """

    body_bytes: int = 1 * _MIB
    upload_bytes: int = 50 * _MIB
    at_once_bytes: int = 200 * _MIB
    body_s: float = 60
    progress_bytes: int = 2**16
    progress_s: float = 5


class BodyLimits:
    """ASGI middleware: 413 for a body above its limit, 408 for a slow one, 503 while concurrent bodies reach theirs."""

    def __init__(self, app: ASGIApp, policy: BodyPolicy) -> None:
        self._app = app
        self._policy = policy
        # Separate: uploads do not block other bodies.
        self._held_bytes = {policy.body_bytes: 0, policy.upload_bytes: 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, and count the bytes of its body."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        max_bytes = self._policy.upload_bytes if scope["path"] == _UPLOADS else self._policy.body_bytes
        if _announced_bytes(scope) > max_bytes:
            await error_response(_too_large(max_bytes))(scope, receive, send)
            return
        body = _Body(self._policy, max_bytes, self._held_bytes)
        try:
            await body.pass_on(self._app, scope, receive, send)
        finally:
            self._held_bytes[max_bytes] -= body.bytes


class _Body:
    """
    The body of a request while it arrives.

    Args:
        policy: limits of bodies.
        max_bytes: limit of this body.
        held_bytes: size of all concurrent bodies, by the limit of a body.
    """

    def __init__(self, policy: BodyPolicy, max_bytes: int, held_bytes: dict[int, int]) -> None:
        self.bytes = 0
        self._policy = policy
        self._max_bytes = max_bytes
        self._held_bytes = held_bytes
        self._refusal: AppError | None = None
        self._is_complete = False
        self._deadline = time.monotonic() + policy.body_s
        self._begin_part()

    async def pass_on(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, until its body is refused; then answer with an error instead."""

        async def counting_receive() -> Message:
            return await (receive() if self._is_complete else self._counted(receive))

        async def unrefused_send(message: Message) -> None:
            if self._refusal is None:
                await send(message)

        try:
            await app(scope, counting_receive, unrefused_send)
        finally:
            if self._refusal is not None:
                response = error_response(self._refusal)
                response.headers["Connection"] = "close"  # the client may still send the rest of the body
                await response(scope, receive, send)

    async def _counted(self, receive: Receive) -> Message:
        message: Message = {"type": "http.disconnect"}
        with anyio.move_on_after(min(self._deadline, self._part_deadline) - time.monotonic()) as limit:
            message = await receive()
        if limit.cancelled_caught:
            self._refusal = SlowError("요청 본문이 제한 시간 안에 오지 않았습니다.")
            return message
        count = len(message.get("body", b""))
        self.bytes += count
        self._held_bytes[self._max_bytes] += count
        self._is_complete = not message.get("more_body")
        if self.bytes > self._max_bytes:
            self._refusal = _too_large(self._max_bytes)
        elif self._held_bytes[self._max_bytes] > self._policy.at_once_bytes:
            text = "업로드가 너무 많습니다. 잠시 후 다시 시도해 주세요."
            self._refusal = UnavailableError(text, retry_after_s=RETRY_AFTER_S)
        if self.bytes - self._part_start >= self._policy.progress_bytes:
            self._begin_part()
        return {"type": "http.disconnect"} if self._refusal else message

    def _begin_part(self) -> None:
        self._part_start = self.bytes
        self._part_deadline = time.monotonic() + self._policy.progress_s


def _announced_bytes(scope: Scope) -> int:
    """Return the value of `Content-Length`; 0 if the header is absent or not a plain number."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and len(value) <= _LONGEST_NUMBER:
            return int(value)
    return 0


def _too_large(max_bytes: int) -> TooLargeError:
    return TooLargeError(f"요청 본문은 {max_bytes // _MIB} MiB 이하여야 합니다.")
