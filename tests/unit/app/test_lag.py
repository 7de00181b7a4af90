"""The lag of the event loop, and the refusal of requests."""

import asyncio
import time
from dataclasses import replace

import pytest

from app.lag import LagPolicy, LoopLag
from tests.unit.app.app_environment import FAST, AppEnvironment


def test_lag_is_that_of_a_blocked_loop() -> None:
    """A loop that is blocked for 0.3 s has about this lag, and none afterwards."""

    async def scenario() -> tuple[float, bool, float]:
        lag = LoopLag(LagPolicy(longest_s=0.1, period_s=0.01))
        lag.start()
        await asyncio.sleep(0.05)
        time.sleep(0.3)  # noqa: ASYNC251 - blocks the loop
        assert lag.is_long, "the lag is noticed only after the callbacks that are late"
        for _ in range(3):
            await asyncio.sleep(0)
        blocked_s, is_long = lag.seconds, lag.is_long
        while lag.is_long:  # noqa: ASYNC110 - the lag has no event
            await asyncio.sleep(0.01)
        lag.stop()
        return blocked_s, is_long, lag.seconds

    blocked_s, is_long, after_s = asyncio.run(scenario())
    assert blocked_s >= 0.25
    assert is_long
    assert after_s <= 0.1


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
