"""
Requests that a rollout loses: none; and an image with errors, which an analysis rolls back.

The other scenarios and the million requests are those of bench/loss.py.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.dockerd import Machine
from tests.system.loss.machine import perform, run_machine

_LEAST: Final = 20_000
_ERRORS: Final = "3 % errors, caught by the analysis"


@pytest.fixture(scope="module")
def machine(archive: Path) -> Iterator[Machine]:
    """A machine with the image and the fakes."""
    with run_machine(archive) as running:
        yield running


def test_a_rollout_loses_no_request(
    machine: Machine, tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """
    All instances are replaced by `deploy` under load, without retries by the balancer or by callers.

    The requests are those that the balancer has counted; every answer is right, every accepted checklist has one
    callback, and every server ends by itself.
    """
    (outcome,) = perform(machine, tmp_path / "loss", scenarios=("good rollout",), around_s=8)
    figures = {key: outcome[key] for key in ("requests", "lost", "duplicated", "at_most_lost", "short", "seconds")}
    record_testsuite_property("loss", str(figures))
    assert not outcome["problems"], outcome["problems"]
    assert not outcome["lost"], f"{figures}: {outcome['samples']}"
    assert not outcome["duplicated"], figures
    assert outcome["requests"] > _LEAST, figures
    assert outcome["balancer"]["2xx"] == outcome["requests"], outcome["balancer"]
    assert len(outcome["ended"]) == 3, outcome["ended"]


def test_an_image_with_errors_is_rolled_back(machine: Machine, tmp_path: Path) -> None:
    """
    A container that answers 3 % errors and stays healthy is one of four behind the balancer, and is rolled back.

    A real Prometheus scrapes the containers of all instances; the report has the chart of the check. No other request
    is lost than those that the container answered with 500.
    """
    (outcome,) = perform(machine, tmp_path / "errors", scenarios=(_ERRORS,), short=200)
    assert not outcome["problems"], outcome["problems"]
    assert 0 < outcome["lost"] == outcome["balancer"]["5xx"] < 0.02 * outcome["requests"], outcome["samples"]
    assert all("status 500" in sample for sample in outcome["samples"]), outcome["samples"]
