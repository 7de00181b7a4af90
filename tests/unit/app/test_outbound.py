"""Calls of other services: what is repeated, what is not, and when a service is left alone."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import partial
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from app.clients.circuit import Circuit
from app.clients.outbound import Destination, Outbound, _requested_wait_s, shared_client
from app.errors import OutboundError, UnavailableError

ANSWERS = Callable[[httpx.Request], httpx.Response]


class Script:
    """A service that returns the given statuses or raises the given errors in order, and 200 afterwards."""

    def __init__(self, *answers: int | tuple[int, dict[str, str]] | type[httpx.RequestError]) -> None:
        self.answers = list(answers)
        self.at: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.at.append(time.monotonic())
        if not self.answers:
            return httpx.Response(200)
        answer = self.answers.pop(0)
        if isinstance(answer, type):
            raise answer("no", request=request)
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        return httpx.Response(status, headers=headers)


def send(script: Script, calls: int = 1, **destination: Any) -> list[int | type[Exception]]:
    """Call the service some times in a row, and return the statuses or classes of errors."""

    async def call(outbound: Outbound) -> int | type[Exception]:
        try:
            return (await outbound.send("GET", "http://service/")).status_code
        except (OutboundError, UnavailableError) as error:
            return type(error)

    async def scenario() -> list[int | type[Exception]]:
        async with shared_client(httpx.MockTransport(script)) as client:
            outbound = Outbound(client, Destination("tested", answer_s=1, **destination))
            return [await call(outbound) for _ in range(calls)]

    return asyncio.run(scenario())


@pytest.mark.parametrize("answer", [429, 500, 502, 503, 504, httpx.ConnectError, httpx.ReadError, httpx.ConnectTimeout])
def test_what_may_pass_is_repeated(answer: Any) -> None:
    script = Script(answer, answer)
    assert send(script) == [200]
    assert len(script.at) == 3


def test_three_attempts_are_all() -> None:
    script = Script(*[503] * 3)
    assert send(script) == [OutboundError]
    assert not script.answers


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422])
def test_what_is_the_request_s_fault_is_an_answer(status: int) -> None:
    script = Script(status)
    assert send(script) == [status]
    assert len(script.at) == 1


@pytest.mark.parametrize("answer", [501, 301, httpx.ReadTimeout])
def test_what_would_not_get_better_is_not_repeated(answer: Any) -> None:
    script = Script(answer)
    assert send(script) == [OutboundError]
    assert len(script.at) == 1


def test_where_it_costs_little_a_slow_call_is_repeated() -> None:
    assert send(Script(httpx.ReadTimeout), repeats_slow=True) == [200]


def test_a_service_says_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause before the second call is the one that the service asks for."""
    pauses_s: list[float] = []

    async def sleep(pause_s: float) -> None:
        pauses_s.append(pause_s)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert send(Script((503, {"Retry-After": "7"}))) == [200]
    assert pauses_s == [7]


def test_a_date_to_wait_for_is_a_number_of_seconds() -> None:
    in_a_minute = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=60), usegmt=True)
    long_ago = format_datetime(datetime.now(timezone.utc) - timedelta(days=1), usegmt=True)
    assert 50 < _requested_wait_s(in_a_minute) <= 60
    assert [_requested_wait_s(value) for value in (long_ago, "nonsense", "", "-1")] == [0, 0, 0, 0]


def test_a_wait_that_is_no_number_for_anybody_is_none() -> None:
    assert send(Script((503, {"Retry-After": "9" * 5000}))) == [200]


def test_cookies_are_neither_kept_nor_sent() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers)
        return httpx.Response(200, headers={"Set-Cookie": "a=b"})

    async def scenario() -> int:
        async with shared_client(httpx.MockTransport(answer)) as client:
            for _ in range(2):
                await Outbound(client, Destination("tested", answer_s=1)).send("GET", "http://service/")
            return len(client.cookies)

    assert asyncio.run(scenario()) == 0
    assert "cookie" not in asked[1]


def test_a_service_that_keeps_failing_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.clients.outbound.Circuit", partial(Circuit, failing_s=0))
    script = Script(*[503] * 5)
    assert send(script, calls=3) == [OutboundError, UnavailableError, UnavailableError]
    assert len(script.at) == 5
    assert REGISTRY.get_sample_value("ai_circuit_open", {"destination": "tested"}) == 1


def test_a_busy_service_is_not_a_broken_one() -> None:
    assert send(Script(*[429] * 9), calls=4) == [OutboundError, OutboundError, OutboundError, 200]


def test_callbacks_go_on() -> None:
    script = Script(*[503] * 20)
    assert send(script, calls=3, has_circuit=False) == [OutboundError] * 3
    assert len(script.at) == 9


def test_every_call_is_counted_with_its_outcome() -> None:
    def counted(outcome: str) -> float:
        labels = {"destination": "tested", "outcome": outcome}
        return REGISTRY.get_sample_value("ai_outbound_calls_total", labels) or 0

    outcomes = ("status_200", "status_503", "timeout", "unreachable")
    before = {outcome: counted(outcome) for outcome in outcomes}
    send(Script(503, httpx.ConnectError, 200, httpx.ReadTimeout), calls=2)
    after = {outcome: counted(outcome) - before[outcome] for outcome in outcomes}
    assert after == {"status_200": 1, "status_503": 1, "timeout": 1, "unreachable": 1}


def test_no_more_calls_are_open_than_may_be() -> None:
    open_now, most = 0, 0

    async def slow(_: httpx.Request) -> httpx.Response:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0.01)
        open_now -= 1
        return httpx.Response(200)

    async def scenario() -> None:
        async with shared_client(httpx.MockTransport(slow)) as client:
            outbound = Outbound(client, Destination("tested", answer_s=1, at_once=3))
            await asyncio.gather(*(outbound.send("GET", "http://service/") for _ in range(10)))

    asyncio.run(scenario())
    assert most == 3


def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert not shared_client()._mounts


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_after_a_while_calls_may_try_again() -> None:
    clock = Clock()
    circuit = Circuit("tested", failures=2, failing_s=0, open_s=10, clock=clock)
    circuit.failed()
    assert circuit.closed_in_s() == 0
    circuit.failed()
    assert circuit.closed_in_s() == 10
    clock.now_s = 10
    assert [circuit.closed_in_s(), circuit.closed_in_s()] == [0, 0]
    circuit.failed()
    assert circuit.closed_in_s() == 10
    clock.now_s = 20
    assert circuit.closed_in_s() == 0
    circuit.succeeded()
    assert [circuit.closed_in_s(), circuit.closed_in_s()] == [0, 0]
    circuit.failed()
    assert circuit.closed_in_s() == 0


def test_a_blip_of_calls_at_once_opens_no_circuit() -> None:
    """Else the repeats of all that was open at that moment would be refused."""
    clock = Clock()
    circuit = Circuit("tested", failures=2, failing_s=3, clock=clock)
    for _ in range(9):
        circuit.failed()
    assert circuit.closed_in_s() == 0
    clock.now_s = 3
    circuit.failed()
    assert circuit.closed_in_s() > 0
