"""The emulator on a socket: what an answer has to wait for is waited for here, and connections are cut here."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import replace
from typing import Any, Final

import httpx
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from emulator.api.answers import answered, dated
from emulator.api.errors import ApiError, too_large
from emulator.api.messages import Answer, Request, drip_duration_s, encoded
from emulator.api.methods.operations import WAIT_S
from emulator.emulator import Api
from emulator.environment.store import StateError
from emulator.group.health import NEVER
from emulator.server.batch import answer_batch, is_batch
from emulator.server.origin import check_origin

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_LOG: Final = logging.getLogger("emulator")
_TRANSPORT: Final = "emulator.transport"
_MAX_BODY_BYTES: Final = 32 * 1024 * 1024
_LOOK_S: Final = 0.05  # real seconds between two looks of a waiting request, and at most between two moments
_LOOK_VIRTUAL_S: Final = 0.5  # virtual seconds likewise: on a fast clock an answer must not come long after its time


class Protocol(HttpToolsProtocol):
    """HTTP/1.1, with the connection within reach of the application, so that it can be cut."""

    def on_headers_complete(self) -> None:
        """Hand the connection on with the request."""
        super().on_headers_complete()
        self.scope[_TRANSPORT] = self.transport  # type: ignore[typeddict-unknown-key]

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in Google's shape, and end the connection."""
        body = encoded(ApiError(400, "badRequest", msg).body())
        head = f"content-type: application/json; charset=UTF-8\r\ncontent-length: {len(body)}\r\nconnection: close"
        self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{head}\r\n\r\n".encode() + body)
        self.transport.close()


class Server:
    """
    An ASGI application.

    Args:
        api: What it serves.
        names: Host names that it is reached by, beside addresses and `localhost`.
    """

    def __init__(self, api: Api, names: Collection[str] = ()) -> None:
        self._api = api
        self._names = frozenset(name.lower() for name in names)
        self._tasks: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the server's own start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if not self._api.world.clock.is_manual:
                    self._tasks = [asyncio.create_task(self._move()), asyncio.create_task(self._probe())]
                await send({"type": "lifespan.startup.complete"})
            else:
                for task in self._tasks:
                    task.cancel()
                try:
                    self._api.world.advance()
                    self._api.world.store.close()
                except StateError as error:
                    _LOG.error("%s", error)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        listed = [(key.decode("latin-1"), value.decode("latin-1")) for key, value in scope["headers"]]
        headers = dict(listed)
        try:
            check_origin(listed, self._names)
            body = await _body(receive, int(headers.get("content-length", "0")))
        except ApiError as error:
            answer = answered(error.code, encoded(error.body()), {"connection": "close"})
            await self._send(dated(answer, self._api.date_s()), scope, receive, send)
            return
        if body is None:
            return
        target = scope["raw_path"].decode("latin-1")
        if scope["query_string"]:
            target += "?" + scope["query_string"].decode("latin-1")
        request = Request(scope["method"], target, headers, body)
        if is_batch(request):
            answer = answer_batch(self._api, request)
        else:
            answer = await self._waited(request, self._api.handle(request))
        await self._send(answer, scope, receive, send)

    async def _waited(self, request: Request, answer: Answer) -> Answer:
        """Let `operations.wait` wait until its operation is done, two minutes of virtual time at most."""
        world = self._api.world
        until = world.now_s + WAIT_S
        while answer.waits_for and b'"status": "RUNNING"' in answer.body and world.clock.now_s() < until:
            if world.clock.is_manual:
                break
            await asyncio.sleep(min(_LOOK_S, world.clock.real_s(_LOOK_VIRTUAL_S)))
            again = self._api.handle(request)
            answer = replace(again, delay_s=answer.delay_s, drip_s=answer.drip_s, hangs=answer.hangs)
        return answer

    async def _send(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        clock = self._api.world.clock
        if answer.delay_s:
            if clock.is_manual:
                clock.move(answer.delay_s)
            await asyncio.sleep(clock.real_s(answer.delay_s))
        if answer.hangs:
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        if answer.is_cut:
            scope[_TRANSPORT].abort()
            return
        headers = [(key.encode(), value.encode()) for key, value in answer.headers.items()]
        headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if answer.truncated_to is not None:
            await send({"type": "http.response.body", "body": answer.body[: answer.truncated_to], "more_body": True})
            await asyncio.sleep(_LOOK_S)
            scope[_TRANSPORT].abort()
            return
        rest = await self._drip(answer, receive, send) if answer.drip_s else answer.body
        await send({"type": "http.response.body", "body": rest})

    async def _drip(self, answer: Answer, receive: Receive, send: Send) -> bytes:
        """Send a body byte by byte, until its time is over or the client is gone; return what is left."""
        clock = self._api.world.clock
        gone = asyncio.ensure_future(receive())
        dripping = int(drip_duration_s(answer) / answer.drip_s)
        for index in range(dripping):
            if clock.is_manual:
                clock.move(answer.drip_s)
            await asyncio.wait((gone,), timeout=clock.real_s(answer.drip_s))
            if gone.done():
                return b""
            await send({"type": "http.response.body", "body": answer.body[index : index + 1], "more_body": True})
        gone.cancel()
        return answer.body[dripping:]

    async def _move(self) -> None:
        """Let things happen at their time, not only when somebody asks."""
        world = self._api.world
        while True:
            due_s = world.next_s()
            wait_s = world.clock.real_s(due_s - world.clock.now_s()) if due_s < NEVER else 1.0
            await asyncio.sleep(min(max(wait_s, 0.001), 1.0))
            try:
                world.advance()
                world.store.commit()
            except StateError as error:
                _LOG.error("%s", error)
                self._api.restore()

    async def _probe(self) -> None:
        """Ask every container that stands behind an image for its health, once a virtual second."""
        world = self._api.world
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            while True:
                for bound in list(world.circumstances.bounds.values()):
                    if bound.is_probed:
                        answers = await _answers(client, bound.url)
                        world.advance()
                        known = world.circumstances.bounds[bound.image]
                        probed = known.probed(world.now_s, answers=answers)
                        if known.is_probed and probed != known:
                            world.bind(probed)
                await asyncio.sleep(max(_LOOK_S, world.clock.real_s(1.0)))


def configuration(api: Api, names: Collection[str] = ()) -> uvicorn.Config:
    """
    Return how uvicorn serves an emulator; the socket is made by the caller, who so knows its port.

    Args:
        api: What it serves.
        names: Host names that it is reached by, beside addresses and `localhost`.
    """
    return uvicorn.Config(
        Server(api, names), http=Protocol, loop="uvloop", log_level="warning", access_log=False, lifespan="on",
        date_header=False, server_header=False, timeout_graceful_shutdown=1,
    )  # fmt: skip


async def _body(receive: Receive, announced: int) -> bytes | None:
    """
    Read a request's body; None if the client is gone before its end.

    Raises:
        ApiError: 413, as soon as the body is announced to be too large, or is.
    """
    if announced > _MAX_BODY_BYTES:
        raise too_large(_MAX_BODY_BYTES)
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > _MAX_BODY_BYTES:
            raise too_large(_MAX_BODY_BYTES)
        if not message.get("more_body"):
            return b"".join(parts)


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.HTTPError:
        return False
