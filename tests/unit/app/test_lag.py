"""The lag of the event loop, and the refusal of requests."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from app.lag import LagPolicy, LoopLag
from tests.unit.app.app_environment import FAST, AppEnvironment

_POLICY = LagPolicy(longest_s=0.1, period_s=0.01)


def test_lag_is_that_of_a_blocked_loop() -> None:
    """A loop that is blocked for 0.3 s has about this lag, and none afterwards."""
    lag, blocked_s = LoopLag(_POLICY), 0.0

    async def scenario() -> None:
        nonlocal blocked_s
        await _block(lag)
        blocked_s = lag.seconds
        await asyncio.sleep(0.1)

    asyncio.run(_sampled(lag, scenario))
    assert blocked_s >= 0.25
    assert lag.seconds <= 0.1


def test_a_pause_is_no_load() -> None:
    """After a single long lag requests are accepted; a second one in a row is noticed before it has ended."""
    lag = LoopLag(_POLICY)
    is_long = []

    async def scenario() -> None:
        await _block(lag)
        is_long.append(lag.is_long)
        time.sleep(0.3)  # noqa: ASYNC251 - blocks the loop
        is_long.append(lag.is_long)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        is_long.append(lag.is_long)
        await asyncio.sleep(0.1)
        is_long.append(lag.is_long)

    asyncio.run(_sampled(lag, scenario))
    assert is_long == [False, True, True, False]


async def _sampled(lag: LoopLag, scenario: Callable[[], Awaitable[None]]) -> None:
    lag.start()
    await asyncio.sleep(0.05)
    await scenario()
    lag.stop()


async def _block(lag: LoopLag) -> None:
    """Block the loop, and let it run what is late."""
    before_s = lag.seconds
    time.sleep(0.3)  # noqa: ASYNC251 - blocks the loop
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
