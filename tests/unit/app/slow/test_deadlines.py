"""A call of another service ends at its deadline, however slowly the answer arrives, and within its size."""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.clients.backend import Backend
from app.clients.chroma import Chroma
from app.clients.llm import Llm
from app.clients.ocr import Ocr, OcrPolicy
from app.clients.transport import ServiceClient
from app.errors import OutboundError
from app.jobs import Done
from tests.unit.app.app_environment import fake_settings
from tests.unit.app.internet import Server
from tests.unit.app.scripted_service import NO_WAITS
from tests.unit.app.service_clients import service_client

DEADLINE_S = 0.1
LATEST_S = 20  # the silence of a server lasts for 60 s, its body for longer
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SLOW = {
    "silence": Server(b"", b" ", 60),
    "head": Server(HEAD + b"X-Slow: ", b"x", 0.02),
    "body": Server(HEAD + b"Content-Length: 100000\r\n\r\n", b" ", 0.02),
}
BOMB = gzip.compress(bytes(64 * 2**20))


async def call_llm(client: ServiceClient, url: str, deadline_s: float) -> object:
    settings = fake_settings(vllm_base_url=f"{url}/v1", http_timeout_sec=deadline_s)
    return await Llm(client, settings, NO_WAITS).chat("a", "b", adapter="", max_tokens=1)


async def call_ocr(client: ServiceClient, url: str, deadline_s: float) -> object:
    settings = fake_settings(ocr_url=url, http_timeout_sec=deadline_s)
    return await Ocr(client, settings, OcrPolicy(period_s=0.001), NO_WAITS).read(b"x", "image/png", "a.png")


async def call_backend(client: ServiceClient, url: str, deadline_s: float) -> object:
    settings = fake_settings(backend_callback_base_url=url, http_timeout_sec=deadline_s)
    await Backend(client, settings, NO_WAITS).checklist_complete("7", Done(["a"]))
    return None


async def call_chroma(client: ServiceClient, url: str, deadline_s: float) -> object:
    return await Chroma(client, url, fake_settings(http_timeout_sec=deadline_s), NO_WAITS).is_up()


# Each call with the result of a failure; a failed callback is only logged.
CALLS = [(call_llm, OutboundError), (call_ocr, OutboundError), (call_backend, None), (call_chroma, False)]


def result_of(
    call: Callable[[ServiceClient, str, float], Awaitable[Any]],
    server: Server,
    deadline_s: float = DEADLINE_S,
    scheme: str = "http",
) -> object:
    """Return the result of a call, or the class of its error."""

    async def scenario() -> object:
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        async with listener, service_client() as client:
            try:
                return await call(client, f"{scheme}://127.0.0.1:{listener.sockets[0].getsockname()[1]}", deadline_s)
            except OutboundError as error:
                return type(error)

    return asyncio.run(scenario())


@pytest.mark.parametrize(("call", "failure"), CALLS)
@pytest.mark.parametrize("slow", SLOW)
def test_slow_answer_ends_at_the_deadline(call: Any, failure: object, slow: str) -> None:
    """No head, a head and a body that arrive byte by byte end each attempt at its deadline."""
    started = time.monotonic()
    assert result_of(call, SLOW[slow]) is failure
    assert time.monotonic() - started < LATEST_S


def test_slow_connection_ends_at_the_deadline() -> None:
    """A TLS handshake without an answer counts."""
    started = time.monotonic()
    assert result_of(call_llm, SLOW["silence"], scheme="https") is OutboundError
    assert time.monotonic() - started < LATEST_S


@pytest.mark.parametrize(("call", "failure"), CALLS)
def test_large_answer_fails_the_call(call: Any, failure: object, caplog: pytest.LogCaptureFixture) -> None:
    """A gzip bomb is refused without another attempt."""
    head = HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(BOMB)}\r\n\r\n".encode()
    server = Server(head + BOMB)
    assert result_of(call, server, deadline_s=30) is failure
    assert len(server.heads) == 1
    assert "too_large" in caplog.text
