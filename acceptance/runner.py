"""Runs the commands of a step, and keeps their output in a log file."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from acceptance.place import ROOT, AcceptanceError, Place
from acceptance.progress import Progress
from acceptance.steps import Command, Step
from lib.redaction import redacted, redacted_tail
from lib.streams import write_error

_POLL_S: Final = 2.0
_UNTIL_S: Final = 1_800
_COMMAND_S: Final = 3 * 3_600  # Packer and Terraform; deploy has a deadline of its own
_INTERRUPTED_S: Final = 600  # for an orderly end: Terraform writes its state, and Packer deletes its VM
_REDIRECTING: Final = ("TF_", "PKR_VAR_")  # variables with other values, states and folders for Terraform and Packer
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
        output = " ".join((done.stdout + done.stderr).split())  # deploy breaks its lines between words
        if not re.search(command.matches, output):
            raise StepFailedError(_failure(arguments, f"no '{command.matches}' in the output", done))
        if re.search(command.until, output):
            if command.keeps and not done.stdout.strip():
                raise StepFailedError(_failure(arguments, "no output", done))
            return done.stdout
        if time.monotonic() > ends_s:
            raise StepFailedError(_failure(arguments, f"no '{command.until}' within {_UNTIL_S} s", done))
        time.sleep(_POLL_S)


def _run_once(command: Command, arguments: list[str], place: Place, log: Path) -> "subprocess.CompletedProcess[str]":
    """
    Run a command once, and add its output to the log without its secrets, however the command ends.

    The command writes into files of its own, so that it can end in order although this program has ended.
    """
    folder = ROOT if command.folder == "repository" else place.folder
    files = [log.with_suffix(suffix) for suffix in (".stdout", ".stderr")]
    with contextlib.ExitStack() as stack:
        stack.callback(_keep, files, arguments, log)
        stdout, stderr = (stack.enter_context(os.fdopen(_created(file), "wb")) for file in files)
        try:
            process = subprocess.Popen(
                arguments, cwd=folder, env=_environment(arguments, place), stdin=subprocess.DEVNULL, stdout=stdout,
                stderr=stderr, start_new_session=True,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise StepFailedError(f"{arguments[0]}: not found") from error
        try:
            code = process.wait(_COMMAND_S)
        except subprocess.TimeoutExpired as error:
            _interrupt(process, arguments[0])
            raise StepFailedError(f"{arguments[0]}: no end within {_COMMAND_S} s") from error
        except KeyboardInterrupt:
            _interrupt(process, arguments[0])
            raise
        return subprocess.CompletedProcess(arguments, code, *(file.read_text(errors="replace") for file in files))


def _environment(arguments: list[str], place: Place) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_REDIRECTING)}
    environment["DEPLOY_RESULTS"] = str(place.folder / "results")
    if "-m" in arguments:  # a program of this repository; gcloud is written in Python too, and gets its own modules
        environment["PYTHONPATH"] = str(ROOT)
    return environment


def _created(file: Path) -> int:
    """Create an empty file that other accounts cannot read, because output may contain secrets."""
    file.unlink(missing_ok=True)
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)


def _interrupt(process: "subprocess.Popen[bytes]", program: str) -> None:
    """Interrupt a command and its children once, and kill them if they do not end, or after another interrupt."""
    write_error(f"{program}: interrupted; its end takes up to {_INTERRUPTED_S} s. Another Ctrl-C kills it.")
    try:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.wait(_INTERRUPTED_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _keep(files: list[Path], arguments: list[str], log: Path) -> None:
    """Add the output of a command to the log, without its secrets, and delete the files with the output itself."""
    output = "".join(file.read_text(errors="replace") for file in files if file.exists())
    with log.open("a") as written:
        written.write(redacted(f"$ {' '.join(arguments)}\n{output}\n"))
    for file in files:
        file.unlink(missing_ok=True)


def _failure(arguments: list[str], reason: str, done: "subprocess.CompletedProcess[str]") -> str:
    lines = redacted_tail(done.stdout + done.stderr).splitlines()[-_SHOWN_LINES:]
    return "\n".join([f"{redacted_tail(' '.join(arguments))}: {reason}", *(f"  {line}" for line in lines)])
