"""Waits before another attempt, as the answer of another service requests them."""

import asyncio
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from unittest.mock import AsyncMock

import httpx
import pytest

from app.clients.outbound import Destination, Outbound, _requested_wait_s
from app.errors import OutboundError
from tests.support.virtual_loop import VirtualLoop
from tests.unit.app.scripted_service import NO_WAITS, Script, send
from tests.unit.app.service_clients import service_client


def test_retry_after_sets_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause before the second attempt is that of Retry-After."""
    pauses_s: list[float] = []

    async def sleep(pause_s: float) -> None:
        pauses_s.append(pause_s)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert send(Script((503, {"Retry-After": "7"}))) == [200]
    assert pauses_s == [7]


def test_retry_after_may_be_a_date() -> None:
    """A date in the future is a number of seconds, other texts are 0."""
    in_a_minute = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=60), usegmt=True)
    long_ago = format_datetime(datetime.now(timezone.utc) - timedelta(days=1), usegmt=True)
    assert 50 < _requested_wait_s(in_a_minute) <= 60
    assert [_requested_wait_s(value) for value in (long_ago, "nonsense", "", "-1")] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("retry_after", "expected_s"),
    [
        ("9999999999999999999999", 300),
        ("9" * 5000, 300),
        ("301", 300),
        ("300", 300),
        ("0" * 5000 + "7", 7),
        (" 7 ", 7),
        ("\u0667", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300),
    ],
)
def test_retry_after_is_an_integer_of_at_most_300(retry_after: str, expected_s: int) -> None:
    """A huge number or date of another service is 300 seconds; digits of other scripts are invalid."""
    assert _requested_wait_s(retry_after) == expected_s


def test_error_passes_on_at_most_300_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of a failed call has a bounded wait, which becomes a header and a member of the callback."""
    monkeypatch.setattr(asyncio, "sleep", AsyncMock())
    script = Script(*[(503, {"Retry-After": "9999999999999999999999"})] * 3)

    async def scenario() -> None:
        async with service_client(httpx.MockTransport(script)) as client:
            await Outbound(client, Destination("tested", answer_s=1), NO_WAITS).send("GET", "http://service/")

    with pytest.raises(OutboundError) as raised:
        asyncio.run(scenario())
    assert raised.value.retry_after_s == 300


def test_waiting_call_holds_no_place() -> None:
    """A call that waits for its next attempt, or for a rate, does not delay another call."""
    script = Script((503, {"Retry-After": "30"}))

    async def never() -> None:
        await asyncio.Event().wait()

    async def scenario() -> int:
        async with service_client(httpx.MockTransport(script)) as client:
            outbound = Outbound(client, Destination("tested", answer_s=1, at_once=1), NO_WAITS)
            waits = [
                asyncio.create_task(outbound.send("GET", "http://service/")),
                asyncio.create_task(outbound.send("GET", "http://service/", before=never)),
            ]
            await asyncio.sleep(0.01)
            answer = await asyncio.wait_for(outbound.send("GET", "http://service/"), 5)
            assert not any(wait.done() for wait in waits)
            for wait in waits:
                wait.cancel()
            return answer.status

    assert VirtualLoop().run(scenario()) == 200
