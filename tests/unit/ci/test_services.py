"""Services beside an exec: started before it, stopped after it in every case."""

import asyncio
from typing import Any

import pytest

from ci.services import serving
from tests.unit.ci.doubles import query_error


class Service:
    """A service that records its start and stop."""

    def __init__(self, name: str, events: list[str], failure: Exception | None = None) -> None:
        self.name, self.events, self.failure = name, events, failure
        self.failure_of_stop: Exception | None = None

    async def start(self) -> None:
        if self.failure:
            raise self.failure
        self.events.append(f"start {self.name}")

    async def stop(self) -> None:
        if self.failure_of_stop:
            raise self.failure_of_stop
        self.events.append(f"stop {self.name}")


async def run(services: list[Any], events: list[str], failure: Exception | None = None) -> None:
    async with serving(*services):
        events.append("exec")
        if failure:
            raise failure


@pytest.mark.parametrize("failure", [None, RuntimeError("the exec failed")])
def test_services_run_exactly_as_long_as_the_exec(failure: Exception | None) -> None:
    """They are stopped after a failure too."""
    events: list[str] = []
    services = [Service("emulator", events), Service("registry", events)]
    if failure:
        with pytest.raises(RuntimeError, match="the exec failed"):
            asyncio.run(run(services, events, failure))
    else:
        asyncio.run(run(services, events))
    assert set(events[:2]) == {"start emulator", "start registry"}
    assert events[2] == "exec"
    assert set(events[3:]) == {"stop emulator", "stop registry"}


def test_exec_does_not_run_without_its_services() -> None:
    """A service that starts is stopped again."""
    events: list[str] = []
    services = [Service("registry", events), Service("emulator", events, RuntimeError("the state is in use"))]
    with pytest.raises(RuntimeError, match="the state is in use"):
        asyncio.run(run(services, events))
    assert "exec" not in events
    assert "stop registry" in events


def test_service_that_cannot_be_stopped_does_not_hide_the_result_of_the_exec() -> None:
    """The engine ends the service with the session."""
    events: list[str] = []
    service = Service("emulator", events)
    service.failure_of_stop = query_error("the emulator is gone")
    asyncio.run(run([service], events))
    assert events == ["start emulator", "exec"]
