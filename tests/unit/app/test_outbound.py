"""Calls of other services: retries, waits and the circuit breaker."""

import asyncio
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from app.clients.circuit import Circuit, CircuitPolicy
from app.clients.outbound import Destination, Outbound, OutboundPolicy
from app.errors import OutboundError, UnavailableError
from tests.unit.app.bodies import Body
from tests.unit.app.scripted_service import NO_WAITS, Script, send
from tests.unit.app.service_clients import service_client


@pytest.mark.parametrize("answer", [429, 500, 502, 503, 504, httpx.ConnectError, httpx.ReadError, httpx.ConnectTimeout])
def test_temporary_failure_is_repeated(answer: Any) -> None:
    """Busy and failing servers and connection errors are retried."""
    script = Script(answer, answer)
    assert send(script) == [200]
    assert len(script.times) == 3


def test_call_has_three_attempts() -> None:
    """After three failures the call raises OutboundError."""
    script = Script(*[503] * 3)
    assert send(script) == [OutboundError]
    assert not script.answers


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422])
def test_client_error_is_returned(status: int) -> None:
    """A 4xx other than 429 is returned without a retry."""
    script = Script(status)
    assert send(script) == [status]
    assert len(script.times) == 1


@pytest.mark.parametrize("answer", [501, 301, httpx.ReadTimeout])
def test_permanent_failure_is_not_repeated(answer: Any) -> None:
    """Other statuses and a read timeout are not retried."""
    script = Script(answer)
    assert send(script) == [OutboundError]
    assert len(script.times) == 1


def test_slow_call_is_repeated_if_configured() -> None:
    """With repeats_slow a read timeout is retried."""
    assert send(Script(httpx.ReadTimeout), repeats_slow=True) == [200]


def test_failing_service_is_not_called() -> None:
    """After five failures the circuit opens and calls fail at once."""
    script, policy = Script(*[503] * 5), OutboundPolicy(backoff_s=0, circuit=CircuitPolicy(failing_s=0))
    assert send(script, calls=3, policy=policy) == [OutboundError, UnavailableError, UnavailableError]
    assert len(script.times) == 5
    assert REGISTRY.get_sample_value("ai_circuit_open", {"destination": "tested"}) == 1


def test_busy_service_does_not_open_the_circuit() -> None:
    """A 429 does not count as a failure."""
    assert send(Script(*[429] * 9), calls=4) == [OutboundError, OutboundError, OutboundError, 200]


def test_destination_without_a_circuit_is_always_called() -> None:
    """Without a circuit each call has all its attempts."""
    script = Script(*[503] * 20)
    assert send(script, calls=3, has_circuit=False) == [OutboundError] * 3
    assert len(script.times) == 9


def test_every_call_is_counted_with_its_outcome() -> None:
    """The metric counts each attempt by its outcome."""

    def counted(outcome: str) -> float:
        labels = {"destination": "tested", "outcome": outcome}
        return REGISTRY.get_sample_value("ai_outbound_calls_total", labels) or 0

    outcomes = ("status_200", "status_503", "timeout", "unreachable")
    before = {outcome: counted(outcome) for outcome in outcomes}
    send(Script(503, httpx.ConnectError, 200, httpx.ReadTimeout), calls=2)
    after = {outcome: counted(outcome) - before[outcome] for outcome in outcomes}
    assert after == {"status_200": 1, "status_503": 1, "timeout": 1, "unreachable": 1}


def test_concurrent_calls_have_a_limit() -> None:
    """At most at_once calls are open."""
    open_calls, largest = 0, 0

    async def slow(_: httpx.Request) -> httpx.Response:
        nonlocal open_calls, largest
        open_calls += 1
        largest = max(largest, open_calls)
        await asyncio.sleep(0.01)
        open_calls -= 1
        return httpx.Response(200, stream=Body())

    async def scenario() -> None:
        async with service_client(httpx.MockTransport(slow)) as client:
            outbound = Outbound(client, Destination("tested", answer_s=1, at_once=3), NO_WAITS)
            await asyncio.gather(*(outbound.send("GET", "http://service/") for _ in range(10)))

    asyncio.run(scenario())
    assert largest == 3


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_circuit_allows_calls_after_its_time() -> None:
    """The first answer closes the circuit, the first failure opens it again."""
    clock = Clock()
    circuit = Circuit("tested", CircuitPolicy(failures=2, failing_s=0, open_s=10), clock=clock)
    circuit.failed()
    assert circuit.closed_in_s() == 0
    circuit.failed()
    assert circuit.closed_in_s() == 10
    clock.seconds = 10
    assert [circuit.closed_in_s(), circuit.closed_in_s()] == [0, 0]
    circuit.failed()
    assert circuit.closed_in_s() == 10
    clock.seconds = 20
    assert circuit.closed_in_s() == 0
    circuit.succeeded()
    assert [circuit.closed_in_s(), circuit.closed_in_s()] == [0, 0]
    circuit.failed()
    assert circuit.closed_in_s() == 0


def test_short_fault_does_not_open_the_circuit() -> None:
    """Failures of concurrent calls within a short time do not open the circuit, so that retries are allowed."""
    clock = Clock()
    circuit = Circuit("tested", CircuitPolicy(failures=2, failing_s=3), clock=clock)
    for _ in range(9):
        circuit.failed()
    assert circuit.closed_in_s() == 0
    clock.seconds = 3
    circuit.failed()
    assert circuit.closed_in_s() > 0
