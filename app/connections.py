"""
Connections: uvicorn's protocol with limits.

uvicorn parses everything that it reads, and has no limit for a header or for a silent connection. Why a subclass, and
not another parser: docs/decisions/0030-connections.md.
"""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

from starlette.responses import Response
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.errors import AppError, HeadersTooLargeError, InvalidInputError, error_response
from app.request_context import REQUEST_ID_HEADER, id_of

_PIECE_BYTES: Final = 4096  # at most 227 requests, because the shortest has 18 bytes
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ConnectionPolicy:
    """
    Limits of a connection.

    Args:
        head_bytes: largest header block, and largest number of bytes between two parts of a body.
        silent_s: longest time without a complete header block, and longest time of an answer that is not read.
        keep_alive_s: longest time between an answer and the first byte of the next request.
        waiting: largest number of connections whose header block is incomplete; the oldest ends for a new one. The
            event loop may accept the whole backlog of the port, 2,048, before it reads from the first one.
    """

    head_bytes: int = 64 * 2**10
    silent_s: float = 15
    keep_alive_s: float = 15
    waiting: int = 4096


def limited_protocol(policy: ConnectionPolicy) -> type[asyncio.Protocol]:
    """Return the protocol with a policy, for the parameter `http` of uvicorn."""
    return cast("type[asyncio.Protocol]", partial(LimitedProtocol, policy=policy, waiting={}))


class _Flow(FlowControl):
    """uvicorn's flow control, which does not read while answers are not read, or while received bytes are unparsed."""

    is_held = False

    def pause_reading(self) -> None:
        if not self._transport.is_closing():
            super().pause_reading()

    def resume_reading(self) -> None:
        if not (self.write_paused or self.is_held or self._transport.is_closing()):
            super().resume_reading()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.resume_reading()


class LimitedProtocol(HttpToolsProtocol):
    """
    A connection that ends when it is silent, and that parses requests only as fast as they are answered.

    uvicorn's parser cannot be stopped between two requests. So it gets small pieces, and the next piece only after the
    answers to all requests of the last piece.

    Args:
        args: arguments of uvicorn's protocol.
        policy: limits of a connection.
        waiting: all connections of the server whose header block is incomplete, the oldest first.
        kwargs: arguments of uvicorn's protocol.
    """

    def __init__(
        self, *args: Any, policy: ConnectionPolicy, waiting: "dict[LimitedProtocol, None]", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._policy = policy
        self._waiting = waiting
        self._running: RequestResponseCycle | None = None  # uvicorn's `cycle` is the last one of pipelined requests
        self._unparsed = memoryview(b"")
        self._head_bytes = 0  # since the last byte of a body, or the last request
        self._silent_since: float | None = None  # None while the server works on a request
        self._is_received = False  # whether the last request is complete, its body included
        self._is_idle = False  # between an answer and the first byte of the next request
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the time limit."""
        super().connection_made(cast("asyncio.Transport", transport))
        self.flow = self._flow = _Flow(self.transport)
        self._begin_limit()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limit, and the answer to the request that the server works on."""
        if self._timer:
            self._timer.cancel()
        self._waiting.pop(self, None)
        self._unparsed = memoryview(b"")
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse bytes, or keep them until the last request is answered."""
        if self._is_idle:
            self._is_idle = False
            self._begin_limit()
        self._unparsed = memoryview(bytes(self._unparsed) + data) if self._unparsed else memoryview(data)
        self._parse()

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        self._is_received = self._is_idle = False
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; a trailer is ignored, as RFC 9110, section 6.5.1, allows."""
        if "path" not in self.scope:  # it is set when the headers are complete
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop the time limit while the server works on the request."""
        super().on_headers_complete()
        self._silent_since = None
        self._waiting.pop(self, None)

    def on_body(self, body: bytes) -> None:
        """Begin a new block of bytes that are no body."""
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin the header block of the next request."""
        self._head_bytes = 0
        self._is_received = True
        super().on_message_complete()
        if self.cycle is not None and self.cycle.response_complete:
            self._wait_for_request()

    def on_response_complete(self) -> None:
        """Start the time limit for the next request, and parse it."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self._wait_for_request()
        self._parse()

    def pause_writing(self) -> None:
        """Start the time limit of the caller, who does not read the answer."""
        super().pause_writing()
        self._silent_since = self.loop.time()

    def resume_writing(self) -> None:
        """Stop the time limit, unless the answer was complete."""
        super().resume_writing()
        self._silent_since = self.loop.time() if self.cycle is None or self.cycle.response_complete else None

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that is not HTTP; uvicorn has logged the reason."""
        self._refuse(InvalidInputError("HTTP 요청을 읽을 수 없습니다."))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _parse(self) -> None:
        while self._unparsed and self._may_parse():
            piece, self._unparsed = bytes(self._unparsed[:_PIECE_BYTES]), self._unparsed[_PIECE_BYTES:]
            self._head_bytes += len(piece)
            super().data_received(piece)
            if self._head_bytes >= self._policy.head_bytes and not self.transport.is_closing():
                text = f"요청 헤더는 {self._policy.head_bytes // 2**10} KiB보다 작아야 합니다."
                self._refuse(HeadersTooLargeError(text))
        self._flow.is_held = bool(self._unparsed)
        if self._unparsed:
            self._flow.pause_reading()
            return
        self._unparsed = memoryview(b"")  # an empty part would keep the bytes that it is a part of
        if not self.pipeline:
            self._flow.resume_reading()

    def _may_parse(self) -> bool:
        """Return whether the last request is answered, or its body is incomplete."""
        if self.transport.is_closing():
            return False
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def _refuse(self, error: AppError) -> None:
        """Answer with an error and close; without an answer if the caller would take it for that of another request."""
        self._unparsed = memoryview(b"")
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle or (self.cycle.more_body and not self.cycle.response_started and not self.pipeline):
            request_id = id_of(self.headers or [])
            _log.info("refused a request: %s", error.code, extra={"request_id": request_id})
            response = error_response(error)
            response.headers[REQUEST_ID_HEADER] = request_id
            self.transport.write(_raw(response, self.server_state.default_headers))
        self.transport.close()

    def end(self) -> None:
        """End the connection; `close` would wait until the caller reads what is left."""
        self._waiting.pop(self, None)
        self.transport.abort()

    def _begin_limit(self) -> None:
        """Start the time limit of a request; above the limit of connections, end the oldest one."""
        self._silent_since = self.loop.time()
        self._waiting[self] = None
        if len(self._waiting) > self._policy.waiting:
            next(iter(self._waiting)).end()
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(self._policy.silent_s, self._end_if_silent)

    def _wait_for_request(self) -> None:
        """Start the time limit after an answer."""
        self._silent_since = self.loop.time()
        self._is_idle = self._is_received
        if self._is_idle:  # a connection may wait for minutes, without the headers of its last request
            self.cycle = self.scope = self._running = None  # type: ignore[assignment]
            self.headers = []

    def _end_if_silent(self) -> None:
        now_s = self.loop.time()
        is_kept = self._is_idle and not self.flow.write_paused
        longest_s = self._policy.keep_alive_s if is_kept else self._policy.silent_s
        due_s = (now_s if self._silent_since is None else self._silent_since) + longest_s
        if due_s <= now_s:
            self.end()
        else:
            self._timer = self.loop.call_at(due_s, self._end_if_silent)


def _raw(response: Response, headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the bytes of a response after which the connection is closed."""
    lines = [b"%s: %s\r\n" % header for header in [*headers, *response.raw_headers, (b"connection", b"close")]]
    return b"".join([STATUS_LINE[response.status_code], *lines, b"\r\n", bytes(response.body)])
