"""Errors leave a function with their text and their code."""

import pytest

from ci.errors import GateError, NotAllowedError, PipelineError, RefusedError, exit_codes


@pytest.mark.parametrize(("error", "code"), [(RefusedError, 3), (NotAllowedError, 4), (GateError, 6)])
def test_exit_code_and_text(error: type[PipelineError], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left, exit_codes():
        raise error("lint: failed")
    assert left.value.code == code
    assert capsys.readouterr().err == "lint: failed\n"


def test_other_errors_are_our_bugs() -> None:
    with pytest.raises(ZeroDivisionError), exit_codes():
        raise ZeroDivisionError
