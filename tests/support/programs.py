"""Programs that tests start: their paths, and the skip or failure of a test whose program is missing."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final, NoReturn

import pytest

ROOT: Final = Path(__file__).parents[2]  # of this checkout
_BUILD_S: Final = 1800
_NO_GO: Final = 3  # exit code of policy/tools/build


def require(program: str, remedy: str) -> None:
    """Skip a test where a program is missing, with what to do; in CI the test fails."""
    if not shutil.which(program):
        skip_without(program, remedy)


def skip_without(program: str, remedy: str) -> NoReturn:
    """Skip a test because of a missing program; in CI the test fails."""
    reason = f"{program}: not found. Fix: {remedy}."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def python_of(project: str) -> str:
    """Return the Python that has the packages of a project: PROJECT_PYTHON, or else the one that `uv sync` makes."""
    variable = f"{project.upper()}_PYTHON"
    python = os.environ.get(variable) or str(ROOT / project / ".venv/bin/python")
    require(python, f"'uv sync --project {project}', or {variable} names a Python that has its packages")
    return python


def go_tool(name: str) -> Path:
    """Return the directory of a Go tool of policy/tools, which is built at the first use."""
    command = [str(ROOT / "policy/tools/build"), name]
    build = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_BUILD_S, check=False
    )
    if build.returncode == _NO_GO:
        skip_without("go", "install Go, 1.26 or newer")
    assert build.returncode == 0, build.stderr
    return Path(build.stdout.strip())
