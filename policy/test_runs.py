"""What the shell of a step does: arguments arrive as they were typed, and the call's exit code is the step's."""

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from policy.workflows import PATHS, command, document, steps

# What somebody might type into the form of a dispatch.
TYPED: Final = "a b; touch $(echo owned) `echo owned` 'x' \"y\" * \\ >owned --help"
RUNS: Final = [
    pytest.param(path.name, step["run"], id=f"{path.stem}-{'-'.join(step['run'].split()[1:3])}")
    for path in PATHS
    for step in steps(document(path))
    if step.get("run", "").startswith("./daggerw ")
]


def shell(run: str, folder: Path, code: int = 0) -> tuple[int, list[str]]:
    """
    Run a step's text as GitHub does, with a module that only writes down what it is told.

    Args:
        run: The text.
        folder: An empty one, to work in.
        code: What the module ends with.

    Returns:
        Exit code of the step, and the arguments.

    Source:
        https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell (read
        2026-11-24): where no shell is named, `bash -e {0}`. Here with `-u`, which finds a variable that nobody set.
    """
    stub = folder / "daggerw"
    stub.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" >told\necho shown\nexit {code}\n')
    stub.chmod(0o755)
    (folder / "step.sh").write_text(run)
    names = ("TARGET", "PROJECT", "ZONE", "GROUP", "REPOSITORY", "IMAGE", "COMMIT", "TO", "NAME", "ROLLBACK")
    variables = {
        **dict.fromkeys(names, TYPED),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "GITHUB_TRIGGERING_ACTOR": "somebody",
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(["bash", "-eu", "step.sh"], cwd=folder, env=variables, capture_output=True, check=False)
    return done.returncode, (folder / "told").read_text().split("\0")[:-1]


@pytest.mark.parametrize(("file", "run"), RUNS)
def test_what_was_typed_arrives_as_it_was_typed(file: str, run: str, tmp_path: Path) -> None:
    _, told = shell(run, tmp_path)
    for word, meant in zip(told, command(run)[1:], strict=True):
        if "$" in meant and "GITHUB" not in meant:
            assert word.partition("=")[2] == TYPED or word == TYPED, f"{file}: {meant}: got '{word}'. Fix: quote it"
    assert not (tmp_path / "owned").exists(), f"{file}: ran what was typed. Fix: quote it"


@pytest.mark.parametrize(("file", "run"), RUNS)
@pytest.mark.parametrize("code", [0, 7, 8])
def test_exit_code_of_the_call_is_the_step_s(file: str, run: str, code: int, tmp_path: Path) -> None:
    assert shell(run, tmp_path, code)[0] == code, f"{file}: '{run}' hides it. Fix: neither a pipe nor '|| true'"


@pytest.mark.parametrize(("file", "run"), RUNS)
def test_markdown_goes_into_the_summary_and_nothing_else_does(file: str, run: str, tmp_path: Path) -> None:
    _, told = shell(run, tmp_path)
    assert (tmp_path / "summary").exists() == ("markdown" in told), f"{file}: '{run}'"
