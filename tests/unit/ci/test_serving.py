"""Services beside an exec: started before it, stopped after it in every case."""

import asyncio
from typing import Any

import pytest

from ci.serving import serving


class Service:
    """A service that records its start and stop."""

    def __init__(self, name: str, events: list[str], failure: Exception | None = None) -> None:
        self.name, self.events, self.failure = name, events, failure

    async def start(self) -> None:
        if self.failure:
            raise self.failure
        self.events.append(f"start {self.name}")

    async def stop(self) -> None:
        self.events.append(f"stop {self.name}")


async def run(services: list[Any], events: list[str], failure: Exception | None = None) -> None:
    async with serving(*services):
        events.append("exec")
        if failure:
            raise failure


@pytest.mark.parametrize("failure", [None, RuntimeError("the exec failed")])
def test_services_run_exactly_as_long_as_the_exec(failure: Exception | None) -> None:
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
    events: list[str] = []
    with pytest.raises(RuntimeError, match="the state is in use"):
        asyncio.run(run([Service("emulator", events, RuntimeError("the state is in use"))], events))
    assert not events
