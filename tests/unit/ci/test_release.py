"""Gates beside build and smoke: what stops a release, and what it says."""

import asyncio
import time
from typing import Any

import dagger
import pytest
from dagger import dag

from ci import release
from ci.errors import GateError
from ci.steps import image
from tests.unit.ci.test_delivery import query_error

SOURCE = dag.directory()


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Failure text of each gate; all pass until a test says otherwise."""
    failures: dict[str, str] = {}

    def gate(name: str) -> None:
        async def run(*_: object) -> object:
            if name in failures:
                raise GateError(failures[name])
            return dag.container() if name == "build" else f"{name} passed"

        monkeypatch.setattr(release, name, run)

    for name in ("lint", "types", "test", "build", "smoke"):
        gate(name)
    return failures


def gates(*, advisory: bool = False) -> tuple[dagger.Container, tuple[release.Stage, ...]]:
    return asyncio.run(release.gates(SOURCE, {}, advisory=advisory))


def test_all_green(outcomes: dict[str, str]) -> None:
    assert not outcomes
    built, stages = gates()
    assert built == dag.container()
    assert [(stage.name, stage.said) for stage in stages] == [
        ("lint", "lint passed"),
        ("types", "types passed"),
        ("test", "test passed"),
        ("build", ""),
        ("smoke", "smoke passed"),
    ]


def test_every_failure_is_reported(outcomes: dict[str, str]) -> None:
    outcomes.update(lint="lint: E501", smoke="smoke: no answer")
    with pytest.raises(GateError) as failed:
        gates()
    assert str(failed.value) == "lint: E501\n\nsmoke: no answer\n\nnothing was pushed; failed: lint, smoke"


def test_no_smoke_without_a_build(outcomes: dict[str, str]) -> None:
    outcomes.update(build="build: exit code 2", smoke="never asked")
    with pytest.raises(GateError) as failed:
        gates()
    assert str(failed.value) == "build: exit code 2\n\nnothing was pushed; failed: build"


def test_advisory_reports_and_goes_on(outcomes: dict[str, str]) -> None:
    outcomes.update(lint="lint: E501", types="types: wrong", test="test: one failed")
    _, stages = gates(advisory=True)
    assert [stage.failure for stage in stages] == ["lint: E501", "types: wrong", "test: one failed", "", ""]


class Half:
    """A container of a smoke that fails at once, or runs until it is cancelled."""

    def __init__(self, failure: str, events: list[str]) -> None:
        self.failure, self.events = failure, events

    async def stdout(self) -> str:
        if self.failure:
            raise query_error(self.failure)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.events.append("cancelled")
            raise
        return ""


@pytest.mark.parametrize("failing", ["smoke_health", "smoke_lifecycle"])
def test_half_of_a_smoke_that_fails_cancels_the_other(monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    events: list[str] = []

    class Built:
        async def default_args(self) -> list[str]:
            return ["serve"]

    for half in ("smoke_health", "smoke_lifecycle"):
        failure = "nothing listens on 8000" if half == failing else ""
        monkeypatch.setattr(image, half, lambda *_, failure=failure: Half(failure, events))
    built: Any = Built()
    began_s = time.monotonic()
    with pytest.raises(GateError, match=r"smoke, (.|\n)*nothing listens on 8000") as failed:
        asyncio.run(release.smoke(SOURCE, built))
    assert time.monotonic() - began_s < 5
    assert (events, failed.value.exit_code) == (["cancelled"], 6)


@pytest.mark.parametrize("gate", ["build", "smoke"])
def test_advisory_does_not_excuse_the_image(outcomes: dict[str, str], gate: str) -> None:
    outcomes[gate] = "broken"
    with pytest.raises(GateError):
        gates(advisory=True)
