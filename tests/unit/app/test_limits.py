"""Bodies that are too large, one by one and together."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.limits import BodyLimits

MIB = 2**20


class Counting:
    """An application that says how many bytes it has read, once `is_open`."""

    def __init__(self) -> None:
        self.asked = 0
        self.arrivals = asyncio.Semaphore(0)
        self.is_open = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        read = len(await Request(scope, receive).body())
        self.arrivals.release()
        await self.is_open.wait()
        await PlainTextResponse(str(read))(scope, receive, send)


async def chunks(mib: int) -> AsyncIterator[bytes]:
    for _ in range(mib):
        yield bytes(MIB)


def client(app: Counting) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(BodyLimits(app), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://ai-server")


@pytest.mark.parametrize("path", ["/api/checklists/1", "/api/easycontract/7", "/"])
def test_a_body_above_1_mib_is_not_read(path: str) -> None:
    async def scenario() -> None:
        app = Counting()
        app.is_open.set()
        async with client(app) as asking:
            assert (await asking.post(path, content=bytes(MIB))).text == str(MIB)
            refused = await asking.post(path, content=bytes(MIB + 1))
        assert (refused.status_code, app.asked) == (413, 1)
        assert refused.json()["detail"]["error"]["code"] == "TOO_LARGE"

    asyncio.run(scenario())


def test_a_body_that_does_not_say_its_length_is_cut() -> None:
    async def scenario() -> None:
        app = Counting()
        app.is_open.set()
        async with client(app) as asking:
            assert (await asking.post("/", content=chunks(1))).text == str(MIB)
            refused = await asking.post("/", content=chunks(2))
        assert refused.status_code == 413

    asyncio.run(scenario())


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.limits._BODY_S", 0.2)

    async def slow() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"{"
            await asyncio.sleep(0.05)

    async def scenario() -> None:
        app = Counting()
        app.is_open.set()
        async with client(app) as asking:
            refused = await asking.post("/", content=slow())
            assert (await asking.post("/", content=b"{}")).text == "2"
        assert (refused.status_code, refused.headers["connection"]) == (408, "close")
        assert refused.json()["detail"]["error"]["code"] == "TOO_SLOW"

    asyncio.run(scenario())


def test_a_slow_answer_is_no_slow_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.limits._BODY_S", 0.05)

    async def scenario() -> None:
        app = Counting()
        asyncio.get_running_loop().call_later(0.2, app.is_open.set)
        async with client(app) as asking:
            assert (await asking.post("/", content=b"{}")).text == "2"

    asyncio.run(scenario())


def test_a_length_with_thousands_of_zeros_is_no_error() -> None:
    async def scenario() -> None:
        app = Counting()
        app.is_open.set()
        async with client(app) as asking:
            answer = await asking.post("/", content=b"{}", headers={"Content-Length": "2".zfill(5000)})
        assert (answer.status_code, answer.text) == (200, "2")

    asyncio.run(scenario())


def test_uploads_may_be_larger_but_not_all_at_once() -> None:
    async def scenario() -> None:
        app = Counting()
        async with client(app) as asking:
            path = "/api/easycontract/sync"
            four = [asyncio.create_task(asking.post(path, content=bytes(50 * MIB))) for _ in range(4)]
            for _ in four:
                await app.arrivals.acquire()
            busy = await asking.post(path, content=bytes(MIB))
            app.is_open.set()
            assert (await asking.post("/api/checklists/1", content=bytes(MIB))).text == str(MIB)
            assert [(await one).text for one in four] == [str(50 * MIB)] * 4
            assert (await asking.post(path, content=bytes(MIB))).text == str(MIB)
            assert (await asking.post(path, content=bytes(50 * MIB + 1))).status_code == 413
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "10")

    asyncio.run(scenario())
