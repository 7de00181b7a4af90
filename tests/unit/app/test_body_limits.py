"""Bodies above the limits, alone and together."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.body_limits import BodyLimits, BodyPolicy
from tests.support.virtual_loop import virtual_loop

MIB = 2**20


class Counting:
    """An application that answers with the number of bytes in the body, after `is_open` is set."""

    def __init__(self) -> None:
        self.requests = 0
        self.arrivals = asyncio.Semaphore(0)
        self.is_open = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        size = len(await Request(scope, receive).body())
        self.arrivals.release()
        await self.is_open.wait()
        await PlainTextResponse(str(size))(scope, receive, send)


async def chunks(mib: int) -> AsyncIterator[bytes]:
    """Yield chunks of 1 MiB."""
    for _ in range(mib):
        yield bytes(MIB)


def client(app: Counting, **policy: Any) -> httpx.AsyncClient:
    """Return a client of the application behind the limits."""
    transport = httpx.ASGITransport(BodyLimits(app, BodyPolicy(**policy)), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://ai-server")


@pytest.mark.parametrize("path", ["/api/checklists/1", "/api/easycontract/7", "/"])
def test_body_above_1_mib_is_refused_unread(path: str) -> None:
    """The application does not see the request."""

    async def scenario() -> None:
        app = Counting()
        app.is_open.set()
        async with client(app) as http:
            assert (await http.post(path, content=bytes(MIB))).text == str(MIB)
            refused = await http.post(path, content=bytes(MIB + 1))
        assert (refused.status_code, app.requests) == (413, 1)
        assert refused.json()["detail"]["error"]["code"] == "TOO_LARGE"

    asyncio.run(scenario())


def test_body_without_a_length_is_refused_at_the_limit() -> None:
    """A chunked body is counted while it arrives."""

    async def scenario() -> None:
        app = Counting()
        app.is_open.set()
        async with client(app) as http:
            assert (await http.post("/", content=chunks(1))).text == str(MIB)
            refused = await http.post("/", content=chunks(2))
        assert refused.status_code == 413

    asyncio.run(scenario())


def test_slow_body_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that needs too long ends with 408 and a closed connection."""

    async def slow() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"{"
            await asyncio.sleep(0.05)

    async def scenario() -> None:
        app = Counting()
        app.is_open.set()
        async with client(app, body_s=0.2) as http:
            refused = await http.post("/", content=slow())
            assert (await http.post("/", content=b"{}")).text == "2"
        assert (refused.status_code, refused.headers["connection"]) == (408, "close")
        assert refused.json()["detail"]["error"]["code"] == "TOO_SLOW"

    virtual_loop(monkeypatch, "app.body_limits").run(scenario())


def test_body_without_progress_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body of which too little arrives in a part of the time ends with 408, long before the limit of the whole."""

    async def parts(*, count: int, size: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield bytes(size)
            await asyncio.sleep(0.05)

    async def scenario() -> None:
        app = Counting()
        app.is_open.set()
        async with client(app, progress_bytes=1000, progress_s=0.4) as http:
            assert (await http.post("/", content=parts(count=15, size=1000))).text == "15000"
            assert (await http.post("/", content=parts(count=2, size=10))).text == "20"
            started_s = loop.time()
            refused = await http.post("/", content=parts(count=1000, size=10))
        assert (refused.status_code, refused.headers["connection"]) == (408, "close")
        assert loop.time() - started_s == pytest.approx(0.4)

    loop = virtual_loop(monkeypatch, "app.body_limits")
    loop.run(scenario())


def test_announced_bytes_take_no_place() -> None:
    """Uploads that announce 50 MiB and send nothing do not block others."""

    async def silence() -> AsyncIterator[bytes]:
        await asyncio.sleep(60)
        yield b""

    async def scenario() -> None:
        app = Counting()
        app.is_open.set()
        async with client(app) as http:
            headers, path = {"Content-Length": str(50 * MIB)}, "/api/easycontract/sync"
            silent = [asyncio.create_task(http.post(path, content=silence(), headers=headers)) for _ in range(20)]
            with anyio.fail_after(20):
                while app.requests < 20:  # noqa: ASYNC110 - the application has no event
                    await asyncio.sleep(0.01)
            assert (await http.post(path, content=bytes(MIB))).text == str(MIB)
            for request in silent:
                request.cancel()

    asyncio.run(scenario())


def test_slow_answer_is_allowed() -> None:
    """The time limit applies to the body only."""

    async def scenario() -> None:
        app = Counting()
        asyncio.get_running_loop().call_later(0.2, app.is_open.set)
        async with client(app, body_s=0.05) as http:
            assert (await http.post("/", content=b"{}")).text == "2"

    asyncio.run(scenario())


def test_length_with_many_zeros_is_allowed() -> None:
    """A long Content-Length does not raise an error."""

    async def scenario() -> None:
        app = Counting()
        app.is_open.set()
        async with client(app) as http:
            answer = await http.post("/", content=b"{}", headers={"Content-Length": "2".zfill(5000)})
        assert (answer.status_code, answer.text) == (200, "2")

    asyncio.run(scenario())


def test_concurrent_uploads_have_a_limit() -> None:
    """Uploads above the total limit get 503, and other requests are not blocked."""

    async def scenario() -> None:
        app = Counting()
        async with client(app) as http:
            path = "/api/easycontract/sync"
            four = [asyncio.create_task(http.post(path, content=bytes(50 * MIB))) for _ in range(4)]
            for _ in four:
                await app.arrivals.acquire()
            busy = await http.post(path, content=bytes(MIB))
            app.is_open.set()
            assert (await http.post("/api/checklists/1", content=bytes(MIB))).text == str(MIB)
            assert [(await upload).text for upload in four] == [str(50 * MIB)] * 4
            assert (await http.post(path, content=bytes(MIB))).text == str(MIB)
            assert (await http.post(path, content=bytes(50 * MIB + 1))).status_code == 413
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "10")

    asyncio.run(scenario())
