"""The command line of acceptance in the process of a test, with other steps."""

import signal
import sys
from pathlib import Path

import pytest

from acceptance import __main__ as program
from acceptance.steps import Command, Step

OK = Step(name="plan", text="a plan", needs_google=False, commands=(Command(arguments=(sys.executable, "-c", "")),))
DESTROY = Step(name="destroy", text="delete", needs_google=True, commands=OK.commands)
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
CONFIRMED = ("--disposable", "disposable-1")
BAD = Step(name="deploy", text="a deploy", needs_google=True, commands=(Command(arguments=("no-such-program",)),))


def call(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> int:
    """Run the program in this process; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["acceptance", "--project", "disposable-1", "--folder", str(folder), *arguments])
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        with pytest.raises(SystemExit) as end:
            program.main()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return int(str(end.value.code))


def with_steps(monkeypatch: pytest.MonkeyPatch, *steps: Step) -> None:
    """Let the program have other steps."""
    monkeypatch.setattr(program, "steps", lambda _: steps)
