"""Requests that wait for an operation: one call, one entry of the request log, and an answer at the operation's end."""

import asyncio
import json
import time
from typing import Any

import pytest

from emulator.api.messages import Answer, Request
from emulator.emulator import Emulator, Waiting
from emulator.environment.clock import Clock
from emulator.environment.environment import Environment
from emulator.environment.operations import OperationWait, ended
from emulator.environment.options import Options
from emulator.environment.store import Store
from emulator.server.operation_waits import OperationWaits
from tests.integration.emulator.process import EmulatorProcess
from tests.integration.emulator.seeded import GROUP, SEED, TEMPLATES

WAIT = "globalOperations.wait"


def running(operation_s: float = 1.0, speed: float = 1.0) -> tuple[Emulator, str]:
    """Return an emulator on a clock that runs, and the path of an operation that it has begun."""
    emulator = Emulator(Environment(Store(), Clock(1.8e9, speed), Options(operation_s=operation_s)))
    answer = emulator.handle(Request("POST", f"/{TEMPLATES}", {}, b'{"name": "t", "properties": {}}'))
    link = json.loads(answer.body)["selfLink"]
    return emulator, link[link.index("projects/") :]


def log_of_waits(emulator: EmulatorProcess) -> list[dict[str, Any]]:
    """Return the entries of the request log about waits."""
    lines = emulator.client.get("/emulator/request-log?kind=request").text.splitlines()
    return [entry for entry in map(json.loads, lines) if entry["method"].endswith("Operations.wait")]


@pytest.mark.parametrize("faults", [[], [{"on": WAIT, "nth": [2], "status": 503}]], ids=["no faults", "a second call"])
def test_a_wait_is_one_call_for_faults_and_request_log(faults: list[dict[str, Any]]) -> None:
    """A wait of half a second is counted once: a fault of the second call does not happen to the first."""
    emulator = EmulatorProcess("--open", "--seed", SEED, "--operation-s", "0.5")
    try:
        if faults:
            emulator.client.post("/emulator/faults", json={"faults": faults})
        path = emulator.insert_template("t")["selfLink"].partition("/compute/v1/")[2]
        answer = emulator.client.post(f"/{path}/wait")
        assert (answer.status_code, answer.json()["status"]) == (200, "DONE")
        assert [entry["status"] for entry in log_of_waits(emulator)] == [200]
        assert [plan["matched"] for plan in emulator.client.get("/emulator/faults").json()] == [[1]] * len(faults)
    finally:
        emulator.kill()


def test_a_wait_ends_when_a_group_is_deleted() -> None:
    """The operation of a deletion has no end of its own; its wait ends with the group's last instance."""
    emulator = EmulatorProcess("--open", "--seed", SEED, "--speed", "60")
    try:
        path = emulator.client.delete(f"/{GROUP}").json()["selfLink"].partition("/compute/v1/")[2]
        answer = emulator.client.post(f"/{path}/wait")
        assert answer.json()["status"] == "DONE"
        assert emulator.client.get(f"/{GROUP}").status_code == 404
        assert len(log_of_waits(emulator)) == 1
    finally:
        emulator.kill()


def test_a_wait_sleeps_until_the_end_of_its_operation() -> None:
    """A wait ends at the end of its operation, not before."""
    emulator, path = running(operation_s=0.3)
    began_s = time.monotonic()
    wait = OperationWait(path, emulator.environment.now_s + 120)
    asyncio.run(OperationWaits(emulator.environment).until_done(wait))
    operation = emulator.environment.operation(path)
    assert operation is not None
    assert operation.ends_at_s is not None
    assert emulator.environment.clock.now_s() >= operation.ends_at_s
    assert time.monotonic() - began_s < 20


def test_a_wait_ends_at_its_own_limit() -> None:
    """A wait for an operation that runs longer than the wait ends at the limit of the wait."""
    emulator, path = running(operation_s=10_000)
    wait = OperationWait(path, emulator.environment.clock.now_s() + 0.2)
    asyncio.run(OperationWaits(emulator.environment).until_done(wait))
    assert wait.until_s <= emulator.environment.clock.now_s() < wait.until_s + 20


def test_a_changed_operation_wakes_all_its_waits() -> None:
    """When an operation ends early, every wait for it ends, and the wait for another operation goes on."""
    emulator, path = running(operation_s=10_000)
    environment = emulator.environment
    answer = emulator.handle(Request("POST", f"/{TEMPLATES}", {}, b'{"name": "u", "properties": {}}'))
    other = json.loads(answer.body)["selfLink"].partition("/compute/v1/")[2]
    waits = OperationWaits(environment)

    async def end_early() -> bool:
        until_s = environment.now_s + 1_000
        first, second = (asyncio.create_task(waits.until_done(OperationWait(path, until_s))) for _ in range(2))
        third = asyncio.create_task(waits.until_done(OperationWait(other, until_s)))
        await asyncio.sleep(0.05)
        operation = environment.operation(path)
        assert operation is not None
        environment.put_operation(ended(operation, environment.clock.now_s()))
        await asyncio.wait_for(asyncio.gather(first, second), 20)
        goes_on = not third.done()
        third.cancel()
        return goes_on

    assert asyncio.run(end_early())


def test_an_operation_that_is_removed_meanwhile_is_not_found() -> None:
    """A wait whose operation vanishes is answered with 404, as a read of the operation would be."""
    emulator, path = running(operation_s=10_000)
    begun = emulator.begin(Request("POST", f"/{path}/wait"))
    assert isinstance(begun, Waiting)
    emulator.environment.store.remove(path)
    answer = emulator.finish(begun)
    assert answer.status == 404
    [entry] = [entry for entry in emulator.environment.store.entries() if entry.get("method") == WAIT]
    assert (entry["status"], entry["reason"]) == (404, "notFound")


def test_a_request_that_does_not_wait_is_answered_at_once() -> None:
    """`handle` answers a wait with the running operation, and `begin` answers every other request."""
    emulator, path = running(operation_s=10_000)
    assert json.loads(emulator.handle(Request("POST", f"/{path}/wait")).body)["status"] == "RUNNING"
    assert isinstance(emulator.begin(Request("GET", f"/{path}")), Answer)
