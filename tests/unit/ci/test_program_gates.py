"""Types and tests of several programs side by side: what each counted, and the text of several failures."""

import asyncio

import dagger
import pytest

from ci import gates
from ci.errors import GateError
from ci.programs import Program
from ci.steps import environment, python_checks
from ci.steps.environment import Project
from tests.unit.ci.doubles import PROJECT, SOURCE, query_error


class Ran:
    """A container that ends with an output or an error."""

    def __init__(self, outcome: str | Exception) -> None:
        self.outcome = outcome

    async def stdout(self) -> str:
        await asyncio.sleep(0)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def exec_error(code: int, stdout: str) -> dagger.QueryError:
    """Return the error that the SDK raises for a command that failed."""
    return query_error("exit code", _type="EXEC_ERROR", cmd=["pytest"], exitCode=code, stdout=stdout, stderr="")


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | Exception]:
    """Output or error of the tests and of the types of each program."""
    ended: dict[str, str | Exception] = {}

    async def read_project(*_: object) -> Project:
        return PROJECT

    def step(_: object, program: Program, __: object) -> Ran:
        return Ran(ended[program.name])

    monkeypatch.setattr(environment, "read_project", read_project)
    monkeypatch.setattr(python_checks, "test", step)
    monkeypatch.setattr(python_checks, "types", step)
    return ended


def programs(*names: str) -> dict[Program, dagger.Directory]:
    rows = (Program(name=name, project=".", coverage=None, types=(), tests=()) for name in names)
    return dict.fromkeys(rows, SOURCE)


def test_every_program_is_named_with_its_counts(outcomes: dict[str, str | Exception]) -> None:
    """The types of tests without a program are not checked."""
    outcomes.update(
        app="====== 487 passed in 14.20s ======\n", lib="=== 95 passed, 1 skipped in 70.61s (0:01:10) ===\n"
    )
    assert asyncio.run(gates.test(SOURCE, programs("app", "lib"))) == ("app 487 passed", "lib 95 passed, 1 skipped")
    outcomes.update(
        app="Success: no issues found in 28 source files\n", lib="Success: no issues found in 1 source file\n"
    )
    assert asyncio.run(gates.types(SOURCE, programs("app", "lib"))) == ("app 28 files", "lib 1 file")


def test_failed_programs_are_named_beside_those_that_passed(outcomes: dict[str, str | Exception]) -> None:
    """The last line of the failure lists both."""
    outcomes.update(app="== 487 passed in 1.00s ==", deploy=exec_error(1, "1 failed"), lib=query_error("no memory"))
    with pytest.raises(GateError) as failed:
        asyncio.run(gates.test(SOURCE, programs("app", "deploy", "lib")))
    assert str(failed.value) == (
        "tests of deploy: failed with code 1\n1 failed\n\ntests of lib: could not run\nno memory\n\n"
        "tests: failed: deploy, lib; passed: app 487 passed"
    )
