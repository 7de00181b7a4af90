"""Gates beside build and smoke: what stops a release, and the text of it."""

import asyncio
from typing import Any

import dagger
import pytest
from dagger import dag

from ci import gates, vulnerability_gate
from ci.application import NAMED_CHECKS, Gate
from ci.errors import GateError, NotRunError
from ci.gates import Gated
from ci.stages import Stage
from ci.steps import image
from ci.steps.policy_checks import PolicyInputs
from ci.steps.python_checks import Linted
from tests.unit.ci.doubles import APPLICATION, SOURCE, query_error

LINTED = Linted(SOURCE, ("daggerw",))


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> dict[str, Exception]:
    """Failure of each gate; all pass until a test sets one."""
    failing: dict[str, Exception] = {}

    def gate(name: str) -> None:
        async def run(*_: object) -> object:
            await asyncio.sleep(0)
            if name in failing:
                raise failing[name]
            return dag.container() if name == "build" else (f"{name} passed",)

        monkeypatch.setattr(*((vulnerability_gate, "search") if name == "vulnerabilities" else (gates, name)), run)

    for name in (
        "lint",
        "types",
        "test",
        "test_with_coverage",
        "policy",
        "command",
        "vulnerabilities",
        "build",
        "smoke",
    ):
        gate(name)
    return failing


def run(
    *names: str, advisory: bool = False, policy: PolicyInputs | None = None
) -> tuple[dagger.Container, tuple[Stage, ...]]:
    """Run the gates of these names, beside a command where one is `audit`; without a name those of this repository."""
    chosen = [Gate(name, *(("alpine:3", "audit") if name == "audit" else ())) for name in names or NAMED_CHECKS]
    commands = {gate.name: SOURCE for gate in chosen if gate.command}
    gated = Gated(SOURCE, APPLICATION, SOURCE, tuple(chosen), LINTED, {}, commands, policy, advisory)
    return asyncio.run(gates.run(gated))


def test_stages_are_in_the_order_of_the_release(failures: dict[str, Exception]) -> None:
    """The order of their ends does not matter."""
    assert not failures
    built, stages = run()
    assert built == dag.container()
    assert [(stage.name, stage.results) for stage in stages] == [
        ("lint", ("lint passed",)),
        ("types", ("types passed",)),
        ("test", ("test passed",)),
        ("vulnerabilities", ("vulnerabilities passed",)),
        ("build", ()),
        ("smoke", ("smoke passed",)),
    ]


def test_policy_is_a_gate_where_it_is_asked_for(failures: dict[str, Exception]) -> None:
    """A release without --all-checks runs no rule of policy."""
    policy = PolicyInputs(SOURCE, SOURCE)
    _, stages = run(*NAMED_CHECKS, "policy", policy=policy)
    assert [stage.name for stage in stages] == ["lint", "types", "test", "policy", "vulnerabilities", "build", "smoke"]
    failures["policy"] = GateError("policy: a rule is broken")
    with pytest.raises(GateError, match="nothing was pushed; failed: policy"):
        run(*NAMED_CHECKS, "policy", policy=policy)
    run()


def test_command_is_a_gate_beside_the_checks_of_this_module(failures: dict[str, Exception]) -> None:
    """delivery.yaml decides which gates run, and in which order the summary lists them."""
    _, stages = run("audit", "lint")
    assert [(stage.name, stage.results) for stage in stages][:2] == [
        ("audit", ("command passed",)),
        ("lint", ("lint passed",)),
    ]
    failures["command"] = GateError("audit: failed with code 1")
    with pytest.raises(GateError, match="audit: failed with code 1\n\nnothing was pushed; failed: audit"):
        run("audit", "lint")


def test_application_without_gates_is_built_and_smoked(failures: dict[str, Exception]) -> None:
    """Build, smoke and the search for known vulnerabilities are gates of every release."""
    assert not failures
    gated = Gated(SOURCE, APPLICATION, SOURCE, (), LINTED)
    _, stages = asyncio.run(gates.run(gated))
    assert [stage.name for stage in stages] == ["vulnerabilities", "build", "smoke"]


def test_every_failure_is_reported(failures: dict[str, Exception]) -> None:
    """The last line lists the gates that failed."""
    failures.update(lint=GateError("lint: E501"), smoke=GateError("smoke: no answer"))
    with pytest.raises(GateError) as failed:
        run()
    assert str(failed.value) == "lint: E501\n\nsmoke: no answer\n\nnothing was pushed; failed: lint, smoke"


def test_error_of_the_engine_fails_its_gate_and_the_others_end(failures: dict[str, Exception]) -> None:
    """An unreadable file fails lint, and smoke still reports its failure."""
    failures.update(lint=query_error("no such file uv.lock"), smoke=GateError("smoke: no answer"))
    with pytest.raises(GateError) as failed:
        run()
    assert str(failed.value) == (
        "lint: could not run\nno such file uv.lock\n\nsmoke: no answer\n\nnothing was pushed; failed: lint, smoke"
    )


def test_no_smoke_without_a_build(failures: dict[str, Exception]) -> None:
    """The failure of the build is the only one that is reported."""
    failures.update(build=GateError("build: exit code 2"), smoke=GateError("never asked"))
    with pytest.raises(GateError) as failed:
        run()
    assert str(failed.value) == "build: exit code 2\n\nnothing was pushed; failed: build"


def test_advisory_reports_and_goes_on(failures: dict[str, Exception]) -> None:
    """The failures stand in the stages."""
    failures.update(lint=GateError("lint: E501"), types=GateError("types: wrong"), test=GateError("test: one failed"))
    _, stages = run(advisory=True)
    assert [stage.failure for stage in stages] == ["lint: E501", "types: wrong", "test: one failed", "", "", ""]


def test_search_for_vulnerabilities_stops_a_release_only_where_it_was_answered(failures: dict[str, Exception]) -> None:
    """A search without an answer is reported as not run, and a vulnerability stops like any gate."""
    failures["vulnerabilities"] = NotRunError("the service did not answer")
    _, stages = run()
    assert [stage.results for stage in stages if stage.name == "vulnerabilities"] == [
        ("not run: the service did not answer",)
    ]
    failures["vulnerabilities"] = GateError("vulnerabilities: jinja2 2.10")
    with pytest.raises(GateError, match=r"jinja2 2\.10\n\nnothing was pushed; failed: vulnerabilities"):
        run()
    _, stages = run(advisory=True)
    assert [stage.failure for stage in stages if stage.failure] == ["vulnerabilities: jinja2 2.10"]


@pytest.mark.parametrize("gate", ["build", "smoke"])
def test_advisory_does_not_excuse_the_image(failures: dict[str, Exception], gate: str) -> None:
    """An image that cannot be built or started is never pushed."""
    failures[gate] = GateError("broken")
    with pytest.raises(GateError):
        run(advisory=True)


def test_bug_in_a_gate_leaves_as_itself(failures: dict[str, Exception]) -> None:
    """An exception group would leave with the text of a group instead of the error's."""
    failures["types"] = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError, match="a bug"):
        run()


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
    """The other half would wait for a server that never listens."""
    events: list[str] = []

    class Built:
        async def entrypoint(self) -> list[str]:
            return []

        async def default_args(self) -> list[str]:
            return ["serve"]

    for half in ("smoke_health", "smoke_lifecycle"):
        failure = "nothing listens on 8000" if half == failing else ""
        monkeypatch.setattr(image, half, lambda *_, failure=failure: Half(failure, events))
    built: Any = Built()
    with pytest.raises(GateError, match=r"smoke, (.|\n)*nothing listens on 8000") as failed:
        asyncio.run(gates.smoke(built, APPLICATION))
    assert (events, failed.value.exit_code) == (["cancelled"], 6)
