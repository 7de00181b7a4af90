"""The error of a refused command line is one line with the value."""

import pytest
import typer

from lib.usage import usage_error

_app = typer.Typer()


@_app.command()
def wait(seconds: float, *, tries: int = 1) -> None:
    """Accept a number and an option."""


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["soon"], "Invalid value for 'seconds': {number}, got 'soon'"),
        (["1", "--tries", "x"], "Invalid value for '--tries': {integer}, got 'x'"),
        ([], "Missing argument 'seconds'"),
        (["1", "--nonsense"], "No such option: --nonsense"),
    ],
)
def test_usage_error_is_a_line_with_the_value(arguments: list[str], problem: str) -> None:
    """The line contains the option, the reason, the value and a fix."""
    with pytest.raises(typer.TyperException) as refused:
        _app(arguments, standalone_mode=False)
    problem = problem.format(
        number="Input should be a valid number, unable to parse string as a number",
        integer="Input should be a valid integer, unable to parse string as an integer",
    )
    assert usage_error(refused.value) == f"usage: {problem}. Fix: see --help."
