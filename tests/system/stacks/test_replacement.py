"""Servers are replaced under load, with a load balancer and Docker: no accepted work is lost."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.waiting import wait_until
from tests.system.stacks.replacing import (
    ADDRESSES,
    BACKEND,
    NEW_TOKEN,
    OLD_TOKEN,
    VLLM,
    Fleet,
    Outcome,
    run_fleet,
)

_REPLACEMENTS = 20
_LATENCY_S = 2
_MORE_MIB = 100
_AT_WORK = 20  # jobs of the server that is switched off
_DRAIN_S = 2  # the load probes ten times a second, but slower on a busy computer
Check = Callable[[Outcome], None]


@pytest.fixture(scope="module")
def fleet(archive: Path) -> Iterator[Fleet]:
    """Servers whose vLLM takes two seconds."""
    with run_fleet(archive, _LATENCY_S) as running:
        yield running


@pytest.fixture
def check(request: pytest.FixtureRequest, record_testsuite_property: Callable[[str, object], None]) -> Check:
    """A check that every accepted request has exactly one callback, by id and key; the test report gets the figures."""

    def checked(outcome: Outcome) -> None:
        record_testsuite_property(request.node.name, str(outcome.figures))
        assert not outcome.lost, f"{outcome.figures}: {outcome.lost}"
        wrong = outcome.not_called_back_once()
        assert not wrong, f"{outcome.figures}: {wrong}"
        keys = {callback["key"] for callback in outcome.callbacks}
        assert len(keys) == len(outcome.callbacks), f"{outcome.figures}: {len(keys)} keys"
        assert "" not in keys

    return checked


def _tokens(number: int) -> str:
    """Return the tokens of a server, by the steps of a rotation: the old one, both, the new one."""
    if number < _REPLACEMENTS // 3:
        return OLD_TOKEN
    return f"{NEW_TOKEN},{OLD_TOKEN}" if number < 2 * _REPLACEMENTS // 3 else NEW_TOKEN


def test_a_rolling_replacement_loses_no_work(
    fleet: Fleet, check: Check, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """
    Twenty servers are replaced one after the other, and every accepted request gets its checklist.

    Meanwhile the token of the callers is rotated, and at the end the memory is that of the start.
    """
    settings = {"DRAIN_SEC": _DRAIN_S, "FINISH_SEC": 20}
    fleet.start(0, **settings, AI_SERVER_TOKENS=_tokens(0))
    memory_mib = [fleet.memory_mib(0)]
    with fleet.load("rolling") as outcome, ThreadPoolExecutor(1) as stops:
        stopping: list[Future[None]] = []
        for number in range(1, _REPLACEMENTS + 1):
            fleet.start(number, **settings, AI_SERVER_TOKENS=_tokens(number))
            for stop in stopping:
                stop.result()
            if number == _REPLACEMENTS // 2:  # both running servers have both tokens
                fleet.use_token(NEW_TOKEN)
            memory_mib.append(fleet.memory_mib(number - 1))
            stopping = [stops.submit(fleet.stop, number - 1)]
    memory_mib.append(fleet.memory_mib(_REPLACEMENTS))
    fleet.stop(_REPLACEMENTS)
    record_testsuite_property("memory_mib", str([round(mib) for mib in memory_mib]))
    outcome.callbacks = fleet.callbacks("rolling")
    check(outcome)
    assert len(outcome.accepted) > 20 * _REPLACEMENTS, outcome.figures
    assert {address for _, _, address in outcome.accepted} == set(ADDRESSES), outcome.figures
    assert all("checklists" in callback["body"] for callback in outcome.callbacks), outcome.figures
    assert max(memory_mib) < memory_mib[0] + _MORE_MIB, memory_mib


def test_what_is_not_finished_in_time_is_handed_back(fleet: Fleet, check: Check) -> None:
    """Each unfinished request gets a callback with a failure and a retry hint."""
    fleet.plan(VLLM, {"latency_s": 30})
    fleet.start(30, DRAIN_SEC=_DRAIN_S, FINISH_SEC=1)
    with fleet.load("slow") as outcome:
        time.sleep(2)
        fleet.start(31, DRAIN_SEC=_DRAIN_S, FINISH_SEC=1)
        fleet.stop(30)
    fleet.stop(31)
    fleet.plan(VLLM)
    outcome.callbacks = fleet.callbacks("slow")
    check(outcome)
    assert len(outcome.accepted) > 40, outcome.figures
    hints = [callback["body"].get("error", {}).get("retry_after_sec") for callback in outcome.callbacks]
    assert set(hints) == {10}, outcome.figures


def test_a_failing_backend_gets_each_callback_once(fleet: Fleet, check: Check) -> None:
    """A backend that fails twice for each callback is called again with the same key, and records one callback."""
    settings = {"DRAIN_SEC": _DRAIN_S, "FINISH_SEC": 20}
    fleet.start(40, **settings)
    with fleet.load("faulty") as outcome:
        fleet.start(41, **settings)
        fleet.plan(BACKEND, {"status": 503, "attempts": 1}, {"drop": True, "attempts": 1})
        fleet.stop(40)
        fleet.start(42, **settings)
        fleet.stop(41)
    fleet.stop(42)
    outcome.callbacks, attempts = fleet.callbacks("faulty"), fleet.attempts("faulty")
    check(outcome)
    assert len(attempts) > len(outcome.callbacks) + 60, f"{outcome.figures}: {len(attempts)} attempts"
    assert set(attempts) == {(callback["id"], callback["key"]) for callback in outcome.callbacks}, outcome.figures
    assert all("checklists" in callback["body"] for callback in outcome.callbacks), outcome.figures


def test_server_of_a_deleted_vm_finishes_its_work(archive: Path, check: Check) -> None:
    """
    At the end of a VM Docker lets the server finish jobs that take longer than Docker's own ten seconds.

    The server also finishes jobs that take longer than the ten seconds for their callbacks.
    """
    with run_fleet(archive, latency_s=14) as fleet:
        fleet.start(0, DRAIN_SEC=_DRAIN_S)
        with fleet.load("deleted") as outcome:
            wait_until(lambda: fleet.working(0) > _AT_WORK)
        fleet.switch_off()
        deadline = time.monotonic() + 60
        while len(outcome.callbacks) < len(outcome.accepted) and time.monotonic() < deadline:
            time.sleep(0.5)
            outcome.callbacks = fleet.callbacks("deleted")
        check(outcome)
        assert len(outcome.accepted) > _AT_WORK, outcome.figures
        assert all("checklists" in callback["body"] for callback in outcome.callbacks), outcome.figures
