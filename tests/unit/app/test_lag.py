"""The lag of the event loop, and the refusal of requests."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from app.lag import LagPolicy, LoopLag
from tests.support.virtual_loop import VirtualLoop, virtual_loop
from tests.unit.app.app_environment import FAST, AppEnvironment
from tests.unit.app.servers import serving

_POLICY = LagPolicy(longest_s=0.1, period_s=0.01)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> VirtualLoop:
    """A loop whose clock is that of the lag."""
    return virtual_loop(monkeypatch, "app.lag")


def test_lag_is_that_of_a_blocked_loop(loop: VirtualLoop) -> None:
    """A loop that is blocked for 0.3 s has about this lag, and none afterwards."""
    lag, blocked_s = LoopLag(_POLICY), 0.0

    async def scenario() -> None:
        nonlocal blocked_s
        await _block(loop, lag)
        blocked_s = lag.seconds
        await asyncio.sleep(0.1)

    _run_sampled(loop, lag, scenario)
    assert 0.25 <= blocked_s <= 0.3
    assert lag.seconds == pytest.approx(0, abs=1e-6)


def test_a_pause_is_no_load(loop: VirtualLoop) -> None:
    """After a single long lag requests are accepted; a second one in a row is noticed before it has ended."""
    lag = LoopLag(_POLICY)
    is_long = []

    async def scenario() -> None:
        await _block(loop, lag)
        is_long.append(lag.is_long)
        loop.block(0.3)
        is_long.append(lag.is_long)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        is_long.append(lag.is_long)
        await asyncio.sleep(0.1)
        is_long.append(lag.is_long)

    _run_sampled(loop, lag, scenario)
    assert is_long == [False, True, True, False]


def _run_sampled(loop: VirtualLoop, lag: LoopLag, scenario: Callable[[], Awaitable[None]]) -> None:
    async def sampled() -> None:
        lag.start()
        await asyncio.sleep(0.05)
        await scenario()
        lag.stop()

    loop.run(sampled())


async def _block(loop: VirtualLoop, lag: LoopLag) -> None:
    """Block the loop, and let it run what is late."""
    before_s = lag.seconds
    loop.block(0.3)
    while lag.seconds <= max(before_s, 0.1):  # noqa: ASYNC110 - the lag has no event
        await asyncio.sleep(0)


@pytest.mark.parametrize("path", ["/api/checklists/7", "/api/checklists/sync", "/api/easycontract/7"])
def test_requests_are_refused_while_the_lag_is_long(path: str) -> None:
    """Each route of the API answers 503 with a wait, and no work begins; health routes answer as before."""
    environment = AppEnvironment(policies=replace(FAST, lag=LagPolicy(longest_s=-1)))

    async def scenario() -> None:
        async with environment.client() as client:
            refused = await client.post(path, json={})
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
            assert refused.json()["detail"]["error"]["code"] == "UNAVAILABLE"
            assert [(await client.get(path)).status_code for path in ("/health", "/readyz", "/metrics")] == [200] * 3

    asyncio.run(scenario())
    assert not environment.backend.plan.calls


def test_requests_are_refused_over_http_while_the_loop_is_blocked() -> None:
    """With the policy of production, callbacks that block the loop for 0.15 s each give 503 over HTTP, and then 200."""
    environment = AppEnvironment(policies=replace(FAST, lag=LagPolicy()))
    loops: list[asyncio.AbstractEventLoop] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        loops.append(asyncio.get_running_loop())
        await inner(scope, receive, send)

    inner = environment.app()
    with serving(app) as url, httpx.Client(base_url=url, timeout=20) as client:
        assert accepted_again(client) == 200
        is_over = threading.Event()

        def block() -> None:
            time.sleep(0.15)
            if not is_over.is_set():
                loops[0].call_soon(block)

        loops[0].call_soon_threadsafe(block)
        time.sleep(0.5)
        refused = client.post("/api/checklists/sync", json={})
        is_over.set()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        assert refused.json()["detail"]["error"]["code"] == "UNAVAILABLE"
        assert accepted_again(client) == 200


def accepted_again(client: httpx.Client) -> int:
    """Return the status of a request, which is repeated while the computer itself delays the loop."""
    deadline = time.monotonic() + 20
    while (status := client.post("/api/checklists/sync", json={}).status_code) == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    return status
