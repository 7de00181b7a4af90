"""The wrapper of the Dagger CLI: the names of checks that it refuses."""

import os
import subprocess
from pathlib import Path

import pytest

CHECKS = ("lint", "policy", "test", "types")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", "nosuch"], 3),
        (["check", "lint", "nosuch"], 3),
        (["check", "lint", "tes"], 3),
        (["check", "lint, policy"], 3),
        (["check", ""], 3),
        (["checks", "nosuch"], 3),
        (["--progress", "plain", "--silent", "check", "-l", "nosuch"], 3),
        (["check", "--progress", "plain", "nosuch"], 3),
        (["-m", ".", "check", "nosuch"], 3),
        (["check", "--mod=.", "nosuch"], 3),
        (["check"], 0),
        (["-m", "other", "check", "nosuch"], 0),
        (["check", *CHECKS], 0),
        (["check", "test", "test", "--progress", "plain"], 0),
        (["check", "--progress=plain", "lint"], 0),
        (["check", "--mod", "other", "nosuch"], 0),
        (["call", "nosuch"], 0),
        (["call", "status", "check", "nosuch"], 0),
        (["--help"], 0),
    ],
)
def test_unknown_check_is_refused_and_other_arguments_are_passed_on(
    tmp_path: Path, arguments: list[str], code: int
) -> None:
    """daggerw runs a program in place of dagger that prints its arguments."""
    home = subprocess.run(
        ["engine/home"], env={**os.environ, "DOJANGKOK_ENGINE_HOME": str(tmp_path)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    dagger_program = Path(home.stdout.strip()) / "bin/dagger"
    dagger_program.parent.mkdir(parents=True)
    dagger_program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    dagger_program.chmod(0o755)
    environment = {"DOJANGKOK_ENGINE_HOME": str(tmp_path), "_EXPERIMENTAL_DAGGER_RUNNER_HOST": "unix:///nowhere"}
    completed = subprocess.run(
        ["./daggerw", *arguments], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert completed.returncode == code, completed.stderr
    if code:
        name = arguments[-1]
        assert completed.stderr == f"daggerw: check: got '{name}'. Fix: one of lint policy test types\n"
    else:
        assert completed.stdout.splitlines() == arguments
