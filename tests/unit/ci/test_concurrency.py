"""Task groups: results in order, one error instead of a group, and its exit code."""

import ast
import asyncio
from pathlib import Path

import anyio
import dagger
import pytest

from ci.concurrency import side_by_side, task_group
from ci.errors import GateError, NotAllowedError, PipelineError, RefusedError, exit_codes


async def after(turns: int, outcome: str | Exception) -> str:
    for _ in range(turns):
        await anyio.lowlevel.checkpoint()
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


async def raised_together(*errors: Exception) -> None:
    """Raise errors in tasks of one group, all in the same turn."""

    async def fail(error: Exception) -> None:
        raise error

    async with task_group() as group:
        for error in errors:
            group.start_soon(fail, error)


def test_results_are_in_the_order_of_the_works() -> None:
    """The order of the ends does not matter."""
    works = [lambda: after(3, "slow"), lambda: after(0, "fast")]
    assert asyncio.run(side_by_side(*works)) == ["slow", "fast"]


def test_first_failure_cancels_the_others() -> None:
    """A failure ends the group at once."""
    ended: list[str] = []

    async def endless() -> str:
        try:
            await anyio.sleep(60)
        finally:
            ended.append("cancelled")
        return ""

    with pytest.raises(GateError, match="no answer"):
        asyncio.run(side_by_side(endless, lambda: after(2, GateError("no answer"))))
    assert ended == ["cancelled"]


@pytest.mark.parametrize(("error", "code"), [(RefusedError, 3), (NotAllowedError, 4), (GateError, 6)])
def test_exit_code_of_an_error_in_a_task_stays(error: type[PipelineError], code: int) -> None:
    """Without the unwrapping, an exception group would leave with code 1."""
    with pytest.raises(dagger.ExecError) as left, exit_codes():
        asyncio.run(raised_together(error("lint: failed")))
    assert (left.value.exit_code, left.value.stderr) == (code, "lint: failed")


def test_errors_of_several_tasks_are_all_printed() -> None:
    """The exit code is that of the first error."""
    with pytest.raises(dagger.ExecError) as left, exit_codes():
        asyncio.run(raised_together(GateError("lint: failed"), NotAllowedError("publish: denied")))
    assert (left.value.exit_code, left.value.stderr) == (6, "lint: failed\n\npublish: denied")


def test_equal_texts_are_printed_once() -> None:
    """The emulator is started beside the rollout, which uses it: both fail with the same text."""
    text = "the local environment did not start"
    with pytest.raises(dagger.ExecError) as left, exit_codes():
        asyncio.run(raised_together(RefusedError(text), RefusedError(text)))
    assert (left.value.exit_code, left.value.stderr) == (3, text)


def test_error_of_a_group_in_a_group_stays_itself() -> None:
    """Nested groups raise the same error as a single group."""

    async def outer() -> None:
        async with task_group() as group:
            group.start_soon(raised_together, GateError("lint: failed"))

    with pytest.raises(GateError, match="lint: failed"):
        asyncio.run(outer())


def test_bug_goes_before_other_failures_which_are_its_notes() -> None:
    """A bug of this program must not hide behind an expected failure."""
    with pytest.raises(ZeroDivisionError) as failed, exit_codes():
        asyncio.run(raised_together(GateError("lint: failed"), ZeroDivisionError("a bug")))
    assert failed.value.__notes__ == ["lint: failed"]


def test_error_of_the_body_cancels_the_tasks() -> None:
    """The tasks do not outlive the block."""

    async def body_fails() -> None:
        async with task_group() as group:
            group.start_soon(anyio.sleep, 60)
            raise RefusedError("--env: got 'x'")

    with pytest.raises(RefusedError, match="--env: got 'x'"):
        asyncio.run(body_fails())


def test_no_module_of_ci_starts_tasks_outside_a_task_group() -> None:
    """A gathered task goes on after a failure of another one; asyncio itself is not imported."""
    files = [file for file in Path("ci").rglob("*.py") if ".venv" not in file.parts]
    assert Path("ci/main.py") in files
    for file in files:
        imports = [
            node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        modules = {getattr(node, "module", None) or alias.name for node in imports for alias in node.names}
        assert not {"asyncio", "concurrent.futures"} & modules, file
