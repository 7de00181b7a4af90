"""Commands of a step: their exit codes, what they keep, how they are repeated, and their log."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acceptance import runner
from acceptance.place import AcceptanceError, Place
from acceptance.progress import Progress
from acceptance.runner import StepFailedError, rendered, run_step
from acceptance.steps import Command, Step
from tests.support.waiting import wait_until


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A prepared folder."""
    for name in ("logs", "exchanges"):
        (tmp_path / name).mkdir()
    return Place("disposable-1", tmp_path, "asia-northeast3-a", "host/app", is_http=False)


@pytest.fixture
def _waits_from_ready(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the longest time of a command begin when it has made the file `ready`; then make the file `waits`."""

    class Process(subprocess.Popen[bytes]):
        def wait(self, timeout: float | None = None) -> int:
            wait_until((place.folder / "ready").exists)
            (place.folder / "waits").touch()
            return super().wait(timeout)

    monkeypatch.setattr(subprocess, "Popen", Process)


def python(code: str, *arguments: str, **more: Any) -> Command:
    """Return a command that runs Python code."""
    return Command(arguments=(sys.executable, "-c", code, *arguments), **more)


def step(*commands: Command) -> Step:
    """Return a step with commands."""
    return Step(name="deploy", text="", needs_google=False, commands=commands)


def test_a_kept_value_reaches_later_commands(place: Place) -> None:
    """The last word of stdout is kept under its name, and replaces `<NAME>` in the commands after it."""
    first = python("print('pushed'); print('host/app@sha256:1')", keeps="first")
    second = python("import sys; print(sys.argv[1])", "--image=<first>", keeps="second")
    progress = run_step(step(first, second), place, Progress())
    assert progress.kept == {"first": "host/app@sha256:1", "second": "--image=host/app@sha256:1"}
    assert "pushed" in (place.folder / "logs/deploy.log").read_text()


def test_another_exit_code_fails_the_step(place: Place) -> None:
    """A command that must fail and does not is a failure, with the last lines of its output."""
    code = "print('it serves'); print('password=hunter22-Xq9')"
    with pytest.raises(StepFailedError, match="exit code 0 instead of 7") as failure:
        run_step(step(python(code, exit_codes=(7,))), place, Progress())
    assert "  it serves" in str(failure.value)
    assert "hunter22" not in str(failure.value) + (place.folder / "logs/deploy.log").read_text()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_command_is_repeated_until_its_output_matches(
    place: Place, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    """The command runs again until stdout or stderr has the pattern: deploy reports a failure on stderr."""
    monkeypatch.setattr(runner, "_POLL_S", 0.0)
    code = "import sys; from pathlib import Path; f = Path('count'); f.open('a').write('x'); "
    code += f"print('stable\\n  ', len(f.read_text()), file=sys.{stream})"
    run_step(step(python(code, until="stable 3")), place, Progress())
    assert (place.folder / "count").read_text() == "xxx"


def test_a_pattern_that_never_comes_fails_the_step(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The repetition has an end."""
    monkeypatch.setattr(runner, "_UNTIL_S", 0)
    with pytest.raises(StepFailedError, match="no 'stable yes' within 0 s"):
        run_step(step(python("print('stable no')", until="stable yes")), place, Progress())


def test_a_command_that_prints_nothing_to_keep_fails_the_step(place: Place) -> None:
    """An empty value would make a wrong command later."""
    with pytest.raises(StepFailedError, match="no output"):
        run_step(step(python("", keeps="first")), place, Progress())


def test_a_missing_program_fails_the_step(place: Place) -> None:
    """A program that is not installed is named."""
    with pytest.raises(StepFailedError, match="no-such-program: not found"):
        run_step(step(Command(arguments=("no-such-program",))), place, Progress())


_STAYS = """
import signal, sys, time
from pathlib import Path

def end(*_):
    Path("interrupts").open("a").write("x")
    print("state written", flush=True)
    sys.exit(0)

signal.signal(signal.SIGINT, end)
print("applying", flush=True)
Path("ready").touch()
time.sleep(60)
"""


@pytest.mark.usefixtures("_waits_from_ready")
def test_a_program_without_end_is_interrupted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command gets one interrupt after its longest time, may end in order, and its output is in the log."""
    monkeypatch.setattr(runner, "_COMMAND_S", 0.1)
    with pytest.raises(StepFailedError, match="no end within"):
        run_step(step(python(_STAYS)), place, Progress())
    assert (place.folder / "interrupts").read_text() == "x"
    assert "applying\nstate written" in (place.folder / "logs/deploy.log").read_text()
    assert [file.name for file in (place.folder / "logs").iterdir()] == ["deploy.log"]


@pytest.mark.usefixtures("_waits_from_ready")
def test_a_program_that_ignores_an_interrupt_is_killed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that does not end after its interrupt is killed together with its children."""
    monkeypatch.setattr(runner, "_COMMAND_S", 0.1)
    monkeypatch.setattr(runner, "_INTERRUPTED_S", 0.1)
    code = "trap '' INT; echo applying; touch ready; sleep 60 & wait"
    with pytest.raises(StepFailedError, match="no end within"):
        run_step(step(Command(arguments=("sh", "-c", code))), place, Progress())
    assert "applying" in (place.folder / "logs/deploy.log").read_text()


@pytest.mark.usefixtures("_waits_from_ready")
def test_an_interrupt_of_the_person_reaches_the_command_once(place: Place) -> None:
    """Ctrl-C lets the command end in order, and then ends the step; the log has the output."""

    def interrupt() -> None:
        while not (place.folder / "waits").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    person = threading.Thread(target=interrupt)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where pytest runs in the background
    try:
        person.start()
        with pytest.raises(KeyboardInterrupt):
            run_step(step(python(_STAYS)), place, Progress())
        person.join()
    finally:
        signal.signal(signal.SIGINT, handler)
    assert (place.folder / "interrupts").read_text() == "x"
    assert "state written" in (place.folder / "logs/deploy.log").read_text()


def test_output_that_does_not_match_fails_the_step(place: Place) -> None:
    """The exit code alone does not show why a deploy was refused."""
    command = python("import sys; sys.exit('no such image')", exit_codes=(1,), matches="surge")
    with pytest.raises(StepFailedError, match="no 'surge' in the output"):
        run_step(step(command), place, Progress())
    run_step(step(replace(command, matches="no such")), place, Progress())


def test_variables_of_terraform_do_not_reach_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's TF_* and PKR_VAR_* could name other values, states and folders."""
    monkeypatch.setenv("TF_WORKSPACE", "prod")
    monkeypatch.setenv("PKR_VAR_project_id", "prod")
    code = "import os; print(*(name for name in os.environ if name.startswith(('TF_', 'PKR_'))), 'end')"
    assert run_step(step(python(code, keeps="names")), place, Progress()).kept == {"names": "end"}
    assert "prod" not in (place.folder / "logs/deploy.log").read_text()
    assert "\nend\n" in (place.folder / "logs/deploy.log").read_text()


def test_a_step_that_runs_again_records_from_the_beginning(place: Place) -> None:
    """The recording of an earlier attempt is deleted; folders and names of the step are given to its commands."""
    exchanges = place.folder / "exchanges/deploy.jsonl"
    exchanges.write_text("of the attempt before")
    code = "import sys; from pathlib import Path; Path(sys.argv[1]).open('a').write(sys.argv[2])"
    run_step(step(python(code, "<exchanges>", "<step>")), place, Progress())
    assert exchanges.read_text() == "deploy"


def test_a_value_that_nobody_kept_is_named() -> None:
    """A step whose values are missing says so instead of running with a placeholder."""
    with pytest.raises(AcceptanceError, match="no value 'first' is kept"):
        rendered(Command(arguments=("deploy", "<first>")), {})
