"""Operations that run for minutes: `operations.wait` holds a request until they are done, for up to two minutes."""

from dataclasses import replace

import pytest

from deploy.compute_engine.client import Compute
from deploy.documents.resource import Document
from tests.integration.deploy.faulty import inject_fault
from tests.integration.deploy.rig import Rig, new_rig

WAIT = "globalOperations.wait"


def slow_insert(operation_s: float) -> tuple[Rig, Compute, Document]:
    """Return a rig whose operations run for some seconds, the API, and the operation of an insert."""
    rig = new_rig()
    environment = rig.emulator.environment
    environment.options = replace(environment.options, operation_s=operation_s)
    compute = rig.compute()
    return rig, compute, compute.write("POST", "global/instanceTemplates", {"name": "t", "properties": {}})


def waits(rig: Rig) -> int:
    """Return how many requests waited for an operation."""
    entries = rig.emulator.environment.store.entries(kind="request")
    return sum(entry["method"] == WAIT for entry in entries)


@pytest.mark.parametrize(("operation_s", "requests"), [(20.0, 1), (100.0, 1), (119.0, 1), (170.0, 2)])
def test_operation_is_waited_for_until_it_is_done(operation_s: float, requests: int) -> None:
    """The read timeout of a wait is longer than the two minutes for which the server holds the request."""
    rig, compute, operation = slow_insert(operation_s)
    began_s = compute.time.now_s()
    assert compute.wait(operation).state == "done"
    assert operation_s <= compute.time.now_s() - began_s < operation_s + 2
    assert waits(rig) == requests


def test_operation_that_is_still_running_after_the_budget_is_unknown() -> None:
    """A wait ends at its budget of 180 s, in the middle of a request that the server holds longer."""
    _, compute, operation = slow_insert(400.0)
    began_s = compute.time.now_s()
    assert compute.wait(operation).state == "unknown"
    assert 180 <= compute.time.now_s() - began_s < 181


def test_wait_is_repeated_after_transient_errors_within_its_whole_budget() -> None:
    """Transient answers for the first two minutes do not end a wait, because its budget has a minute left."""
    rig, compute, operation = slow_insert(150.0)
    inject_fault(rig, on=WAIT, count=4, delay_s=29.0, status=503)
    assert compute.wait(operation).state == "done"
