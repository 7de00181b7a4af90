"""Runs the commands of a step, and keeps their output in a log file."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from acceptance.place import ROOT, AcceptanceError, Place
from acceptance.progress import Progress
from acceptance.steps import Command, Step
from lib.redaction import redacted_tail

_POLL_S: Final = 2.0
_UNTIL_S: Final = 1_800
_COMMAND_S: Final = 3 * 3_600  # Packer and Terraform; deploy has a deadline of its own
_SHOWN_LINES: Final = 20


class StepFailedError(Exception):
    """A command of a step that did not end as it must, with the last lines of its output."""


def run_step(step: Step, place: Place, progress: Progress) -> Progress:
    """
    Run a step; return the progress with the values that its commands printed.

    Args:
        step: step to run.
        place: where the run takes place.
        progress: what the run has done.

    Raises:
        StepFailedError: a command ended with another exit code than it must, or too late.
    """
    exchanges, log = place.folder / f"exchanges/{step.name}.jsonl", place.folder / f"logs/{step.name}.log"
    exchanges.unlink(missing_ok=True)
    log.write_text("")
    with tempfile.TemporaryDirectory() as scratch:
        for number, command in enumerate(step.commands):
            values = {"exchanges": str(exchanges), "step": step.name, "scratch": f"{scratch}/{number}"}
            output = _run(command, rendered(command, {**progress.kept, **values}), place, log)
            if command.keeps:
                progress = progress.with_value(command.keeps, output.split()[-1])
    return progress


def rendered(command: Command, values: Mapping[str, str]) -> list[str]:
    """
    Return the arguments of a command with the values that they name.

    Args:
        command: command of a step.
        values: values by name.

    Raises:
        AcceptanceError: no earlier step has kept a value of such a name.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise AcceptanceError(f"no value '{match[1]}' is kept. Fix: run the step that prints it.")
        return values[match[1]]

    return [re.sub(r"<([a-z-]+)>", value, argument) for argument in command.arguments]


def _run(command: Command, arguments: list[str], place: Place, log: Path) -> str:
    """Run a command to its end, or until its output contains the pattern; return its stdout."""
    ends_s = time.monotonic() + _UNTIL_S
    while True:
        done = _run_once(command, arguments, place, log)
        if done.returncode not in command.exit_codes:
            expected = " or ".join(map(str, command.exit_codes))
            raise StepFailedError(_failure(arguments, f"exit code {done.returncode} instead of {expected}", done))
        if re.search(command.until, done.stdout):
            if command.keeps and not done.stdout.strip():
                raise StepFailedError(_failure(arguments, "no output", done))
            return done.stdout
        if time.monotonic() > ends_s:
            raise StepFailedError(_failure(arguments, f"no '{command.until}' within {_UNTIL_S} s", done))
        time.sleep(_POLL_S)


def _run_once(command: Command, arguments: list[str], place: Place, log: Path) -> "subprocess.CompletedProcess[str]":
    folder = ROOT if command.folder == "repository" else place.folder
    environment = {**os.environ, "DEPLOY_RESULTS": str(place.folder / "results")}
    if "-m" in arguments:  # a program of this repository; gcloud is written in Python too, and gets its own modules
        environment["PYTHONPATH"] = str(ROOT)
    try:
        done = subprocess.run(
            arguments, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=_COMMAND_S, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise StepFailedError(f"{arguments[0]}: not found") from error
    except subprocess.TimeoutExpired as error:
        raise StepFailedError(f"{arguments[0]}: no end within {_COMMAND_S} s") from error
    with log.open("a") as written:
        written.write(redacted_tail(f"$ {' '.join(arguments)}\n{done.stdout}{done.stderr}\n"))
    return done


def _failure(arguments: list[str], reason: str, done: "subprocess.CompletedProcess[str]") -> str:
    lines = redacted_tail(done.stdout + done.stderr).splitlines()[-_SHOWN_LINES:]
    return "\n".join([f"{redacted_tail(' '.join(arguments))}: {reason}", *(f"  {line}" for line in lines)])
