"""The shell of a step passes arguments unchanged, and returns the exit code of the call."""

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from policy.workflows import PATHS, command, is_call, read_workflow, steps

# A hostile value for each field of the form of a dispatch, and for each input of a caller.
TYPED: Final = "a b; touch $(echo owned) `echo owned` 'x' \"y\" * \\ >owned --help"
RUNS: Final = [
    pytest.param(path.name, step["run"], id=f"{path.stem}-{'-'.join(step['run'].split()[1:5])}")
    for path in PATHS
    for step in steps(read_workflow(path))
    if is_call(step.get("run", ""))
]


def shell(run: str, folder: Path, code: int = 0) -> tuple[int, list[str]]:
    """
    Run a step's text as GitHub does, with a stand-in for daggerw that records its arguments.

    Args:
        run: text of the step.
        folder: empty working directory.
        code: exit code of the stand-in.

    Returns:
        The exit code of the step, and the recorded arguments.

    Source:
        https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell (read
        2026-11-24): a step without `shell` runs in `bash -e {0}`. Here with `-u` too, which fails on an unset variable.
    """
    stub = folder / command(run)[0]
    stub.parent.mkdir(exist_ok=True)
    stub.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" >arguments\necho shown\nexit {code}\n')
    stub.chmod(0o755)
    (folder / "step.sh").write_text(run)
    names = (
        "TARGET", "PROJECT", "ZONE", "GROUP", "REPOSITORY", "IMAGE", "COMMIT", "TO", "NAME", "ROLLBACK", "SOURCE",
        "SETTINGS", "MODULE", "VERB", "STEP", "FULL",
    )  # fmt: skip
    variables = {
        **dict.fromkeys(names, TYPED),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "GITHUB_TRIGGERING_ACTOR": "octocat",
        "PATH": os.environ["PATH"],
        "RUNNER_TEMP": str(folder),
    }
    result = subprocess.run(["bash", "-eu", "step.sh"], cwd=folder, env=variables, capture_output=True, check=False)
    return result.returncode, (folder / "arguments").read_text().split("\0")[:-1]


@pytest.mark.parametrize(("file", "run"), RUNS)
def test_typed_values_arrive_unchanged(file: str, run: str, tmp_path: Path) -> None:
    """The shell neither splits nor evaluates a value from the form."""
    _, arguments = shell(run, tmp_path)
    for argument, source in zip(arguments, command(run)[1:], strict=True):
        if "$" in source and "GITHUB" not in source:
            assert argument.partition("=")[2] == TYPED or argument == TYPED, (
                f"{file}: {source}: got '{argument}'. Fix: quote it"
            )
    assert not (tmp_path / "owned").exists(), f"{file}: the shell ran the typed value. Fix: quote it"


@pytest.mark.parametrize(("file", "run"), RUNS)
@pytest.mark.parametrize("code", [0, 7, 8])
def test_step_has_the_exit_code_of_the_call(file: str, run: str, code: int, tmp_path: Path) -> None:
    """A failure of the call fails its step."""
    assert shell(run, tmp_path, code)[0] == code, f"{file}: '{run}' hides it. Fix: remove the pipe or '|| true'"


@pytest.mark.parametrize(("file", "run"), RUNS)
def test_only_markdown_goes_into_the_summary(file: str, run: str, tmp_path: Path) -> None:
    """A call with --format markdown appends to the job's summary, and no other call does."""
    _, arguments = shell(run, tmp_path)
    assert (tmp_path / "summary").exists() == ("markdown" in arguments), f"{file}: '{run}'"
