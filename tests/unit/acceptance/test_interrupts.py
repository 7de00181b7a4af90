"""Interrupts, and errors that no step expects: nothing is hidden, and what is left in the project is named."""

import os
import re
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from acceptance import __main__ as program
from acceptance.progress import Progress
from tests.unit.acceptance.calls import CONFIRMED, OK, SIGNALS, call, with_steps


def test_an_interrupt_between_two_steps_advises_on_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C while no command runs ends with 1, without a traceback, and names the costs."""

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with_steps(monkeypatch, OK, OK)
    monkeypatch.setattr(program, "write_report", interrupt)
    assert call(monkeypatch, tmp_path, *CONFIRMED) == 1
    error = capsys.readouterr().err
    assert error.startswith("interrupted\ncontinue: ")
    assert "resources that cost money" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_interrupts_the_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    """A closed terminal and a TERM interrupt the step as Ctrl-C does, also where the shell has ignored Ctrl-C."""

    def run(*_: object) -> Progress:
        os.kill(os.getpid(), number)
        time.sleep(20)
        raise AssertionError

    with_steps(monkeypatch, OK)
    monkeypatch.setattr(program, "run_step", run)
    handlers = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGHUP: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # ignored where pytest runs under nohup
    }
    try:
        assert call(monkeypatch, tmp_path, *CONFIRMED) == 1
    finally:
        for changed, handler in handlers.items():
            signal.signal(changed, handler)
    assert re.match(r"✗ plan  \d+ s\ninterrupted\nthe output: ", capsys.readouterr().err)


def test_an_interrupt_of_the_question_begins_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C instead of the id of the project ends with 3, and no folder is made."""

    def interrupt() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(readline=interrupt))
    assert call(monkeypatch, tmp_path / "run") == 3
    assert capsys.readouterr().err.splitlines()[-1] == "interrupted: nothing was begun"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("error", [OSError("no space"), UnicodeError("no text")], ids=["disk", "text"])
def test_an_error_in_a_step_advises_on_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    """A disk without space or a text that cannot be read ends a step with 1, and names the costs."""

    def fail(*_: object) -> Progress:
        raise error

    with_steps(monkeypatch, OK)
    monkeypatch.setattr(program, "run_step", fail)
    assert call(monkeypatch, tmp_path, *CONFIRMED) == 1
    assert "resources that cost money" in capsys.readouterr().err
