"""Tools that the policy tests run over the repository."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
_TIMEOUT_S: Final = 600


def tool_path(tool: str) -> Path:
    """Return the path of a tool, which must be on PATH; its absence fails the test."""
    path = shutil.which(tool)
    if path is None:
        pytest.fail(
            f"{tool}: not found on PATH. Fix: './daggerw call policy' brings every tool; policy/README.md says how to"
            " install them on this computer"
        )
    return Path(path)


def run(
    *command: str | Path, folder: Path = ROOT, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """
    Run a tool until it exits, with any exit code.

    Args:
        command: name of the tool, and its arguments.
        folder: working directory.
        environment: variables in addition to the inherited ones.
    """
    tool_path(str(command[0]))
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )


def run_checked(*command: str | Path, folder: Path = ROOT, environment: Mapping[str, str] | None = None) -> str:
    """
    Run a tool that must exit with 0, and return its stdout; otherwise its output is the text of the failure.

    Args:
        command: name of the tool, and its arguments.
        folder: working directory.
        environment: variables in addition to the inherited ones.
    """
    result = run(*command, folder=folder, environment=environment)
    if result.returncode != 0:
        text = f"{' '.join(map(str, command))}: exit code {result.returncode}\n{result.stdout}{result.stderr}"
        pytest.fail(text, pytrace=False)
    return result.stdout
