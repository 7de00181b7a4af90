"""Errors leave a function with their text and their code."""

import dagger
import pytest

from ci.errors import DeployError, GateError, NotAllowedError, PipelineError, RefusedError, exit_codes


@pytest.mark.parametrize(("error", "code"), [(RefusedError, 3), (NotAllowedError, 4), (GateError, 6)])
def test_exit_code_and_text(error: type[PipelineError], code: int) -> None:
    """The message is what a terminal shows, stderr what is printed elsewhere."""
    with pytest.raises(dagger.ExecError) as left, exit_codes():
        raise error("lint: failed")
    assert (left.value.exit_code, str(left.value), left.value.stderr) == (code, "lint: failed", "lint: failed")


def test_report_of_deploy_leaves_as_it_is() -> None:
    """deploy filters its report itself, and the report may be JSON."""
    with pytest.raises(dagger.ExecError) as left, exit_codes():
        raise DeployError(7, '{"state": "rolled back"}\n')
    assert (left.value.exit_code, left.value.stderr) == (7, '{"state": "rolled back"}\n')


def test_origin_of_an_error_of_the_engine_is_left_out() -> None:
    """Dagger would show the span of that origin in place of the text."""
    origin = "[traceparent:0123456789abcdef0123456789abcdef-0123456789abcdef]"
    with pytest.raises(dagger.ExecError) as left, exit_codes():
        raise GateError(f"build: exit code: 9 {origin}\n\nnothing was pushed; failed: build")
    assert str(left.value) == "build: exit code: 9\n\nnothing was pushed; failed: build"


def test_other_errors_are_our_bugs() -> None:
    """Their traceback is what a developer needs."""
    with pytest.raises(ZeroDivisionError), exit_codes():
        raise ZeroDivisionError
