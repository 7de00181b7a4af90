"""The emulator as an ASGI application: reads requests, waits, and sends answers with their delays and cuts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any, Final

from emulator.api.answers import dated, error_answer
from emulator.api.errors import ApiError, too_large
from emulator.api.messages import Answer, Request, drip_duration_s
from emulator.emulator import Emulator, Waiting
from emulator.environment.store import StateError
from emulator.group.health import NEVER
from emulator.server.batch import answer_batch, is_batch
from emulator.server.hook_calls import HookCalls
from emulator.server.operation_waits import OperationWaits
from emulator.server.origin import check_origin
from emulator.server.probes import probe_forever

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

TRANSPORT: Final = "emulator.transport"
MAX_BODY_BYTES: Final = 32 * 1024 * 1024
_LOG: Final = logging.getLogger("emulator")
_LONGEST_SLEEP_S: Final = 1.0  # between two moments of groups
_SHORTEST_SLEEP_S: Final = 0.05  # a commit writes a whole group, so that moments close together share one
_FLUSH_S: Final = 0.05  # from the last bytes of a truncated body to the cut


class Application:
    """
    An ASGI application.

    Args:
        emulator: emulator to serve
        names: host names of the server, beside addresses and `localhost`
        max_body_bytes: size of the largest body that is read
    """

    def __init__(self, emulator: Emulator, names: Collection[str] = (), max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._emulator = emulator
        self._environment = emulator.environment
        self._clock = emulator.environment.clock
        self._names = frozenset(name.lower() for name in names)
        self._max_body_bytes = max_body_bytes
        self._waits = OperationWaits(emulator.environment)
        self._tasks: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or the start and end of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        if not self._clock.is_manual:
            HookCalls(self._environment)
            self._tasks = [
                asyncio.create_task(self._advance_forever()),
                asyncio.create_task(probe_forever(self._environment)),
            ]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in self._tasks:
            task.cancel()
        try:
            self._environment.advance()
            self._environment.store.close()
        except StateError as error:
            _LOG.error("%s", error)
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(key.decode("latin-1"), value.decode("latin-1")) for key, value in scope["headers"]]
        by_name = dict(headers)
        try:
            check_origin(headers, self._names)
            body = await _body(receive, int(by_name.get("content-length", "0")), self._max_body_bytes)
        except ApiError as error:
            refusal = dated(error_answer(error, {"connection": "close"}), self._clock.date_s())
            await self._send(refusal, scope, receive, send)
            return
        if body is None:
            return
        target = scope["raw_path"].decode("latin-1")
        if scope["query_string"]:
            target += "?" + scope["query_string"].decode("latin-1")
        answer = await self._answer(Request(scope["method"], target, by_name, body))
        await self._send(answer, scope, receive, send)

    async def _answer(self, request: Request) -> Answer:
        if is_batch(request):
            return answer_batch(self._emulator, request)
        begun = self._emulator.begin(request)
        if not isinstance(begun, Waiting):
            return begun
        if self._clock.is_manual:
            self._emulator.pass_wait(begun)
        else:
            await self._waits.until_done(begun.wait)
        return self._emulator.finish(begun)

    async def _send(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        if answer.delay_s:
            if self._clock.is_manual:
                self._clock.move(answer.delay_s)
            await asyncio.sleep(self._clock.real_s(answer.delay_s))
        if answer.hangs:
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        if answer.is_cut:
            scope[TRANSPORT].abort()
            return
        headers = [(key.encode(), value.encode()) for key, value in answer.headers.items()]
        headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if answer.truncated_to is not None:
            await send({"type": "http.response.body", "body": answer.body[: answer.truncated_to], "more_body": True})
            await asyncio.sleep(_FLUSH_S)
            scope[TRANSPORT].abort()
            return
        rest = await self._drip(answer, receive, send) if answer.drip_s else answer.body
        await send({"type": "http.response.body", "body": rest})

    async def _drip(self, answer: Answer, receive: Receive, send: Send) -> bytes:
        """Send a body byte by byte, until its time is over or the client disconnects; return the unsent rest."""
        disconnect = asyncio.ensure_future(receive())
        count = int(drip_duration_s(answer) / answer.drip_s)
        for index in range(count):
            if self._clock.is_manual:
                self._clock.move(answer.drip_s)
            await asyncio.wait((disconnect,), timeout=self._clock.real_s(answer.drip_s))
            if disconnect.done():
                return b""
            await send({"type": "http.response.body", "body": answer.body[index : index + 1], "more_body": True})
        disconnect.cancel()
        return answer.body[count:]

    async def _advance_forever(self) -> None:
        """Let groups change at their time, not only when a request comes."""
        environment = self._environment
        while True:
            due_s = environment.next_s()
            sleep_s = self._clock.real_s(due_s - self._clock.now_s()) if due_s < NEVER else _LONGEST_SLEEP_S
            await asyncio.sleep(min(max(sleep_s, _SHORTEST_SLEEP_S), _LONGEST_SLEEP_S))
            try:
                environment.advance()
                environment.store.commit()
            except StateError as error:
                _LOG.error("%s", error)
                self._emulator.restore()


async def _body(receive: Receive, announced_bytes: int, max_bytes: int) -> bytes | None:
    """
    Read the body of a request; None if the client disconnects before its end.

    Args:
        receive: returns the next part of the body
        announced_bytes: size in the header
        max_bytes: size of the largest body that is read

    Raises:
        ApiError: 413, as soon as the announced or received body is larger
    """
    if announced_bytes > max_bytes:
        raise too_large(max_bytes)
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            raise too_large(max_bytes)
        if not message.get("more_body"):
            return b"".join(parts)
