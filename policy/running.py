"""Running a tool over the repository."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
_LONGEST_S: Final = 600


def tool_path(tool: str) -> Path:
    """Return where a tool is; every one is on PATH."""
    path = shutil.which(tool)
    if path is None:
        pytest.fail(
            f"{tool}: not found. Fix: './daggerw call policy' brings it; policy/README.md says how to have it here"
        )
    return Path(path)


def run(
    *command: str | Path, folder: Path = ROOT, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """
    Run a tool to its end.

    Args:
        command: The tool and its arguments.
        folder: Where it runs.
        environment: Variables beside the inherited ones.
    """
    tool_path(str(command[0]))
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LONGEST_S,
        check=False,
    )


def passes(*command: str | Path, folder: Path = ROOT, environment: Mapping[str, str] | None = None) -> str:
    """Run a tool that must find nothing, and return its stdout; what it found is the failure's text."""
    done = run(*command, folder=folder, environment=environment)
    if done.returncode != 0:
        pytest.fail(
            f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}{done.stderr}", pytrace=False
        )
    return done.stdout
