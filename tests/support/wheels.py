"""Wheels of the programs, each installed into an environment that holds nothing else."""

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.programs import ROOT

_OLDEST_PYTHON: Final = "3.11"  # of `requires-python`
_INSTALL_S: Final = 300
_PINNED_UV: Final = "import sys; sys.path.insert(0, '.ci'); import setup; print(setup.pinned_uv())"


@dataclass(frozen=True)
class Wheel:
    """
    A wheel of a program, and where it is installed.

    Args:
        name: name of the distribution and of its command, such as `mig-deploy`.
        file: the wheel.
        environment: folder of the Python environment.
    """

    name: str
    file: Path
    environment: Path

    @property
    def command(self) -> Path:
        """The installed command."""
        return self.environment / "bin" / self.name

    def files(self) -> set[str]:
        """Return the names of all files in the wheel."""
        with zipfile.ZipFile(self.file) as archive:
            return set(archive.namelist())


def install(program: str, folder: Path) -> Wheel:
    """
    Build the wheel of a program, and install it with the versions of the program's lock file.

    Args:
        program: folder of the program.
        folder: empty folder for the wheel and its environment.
    """
    uv, versions = pinned_uv(), locked_versions(program, folder)
    environment = folder / "environment"
    _run(uv, "build", "--quiet", "--wheel", "--out-dir", folder, program)
    _run(uv, "venv", "--quiet", "--no-project", "--python", _OLDEST_PYTHON, environment)
    [file] = folder.glob("*.whl")
    _run(uv, "pip", "install", "--quiet", "--python", environment, "--constraints", versions, file)
    return Wheel(f"mig-{program}", file, environment)


def pinned_uv() -> Path:
    """Return the program uv in the version of this repository."""
    return Path(_run(sys.executable, "-B", "-c", _PINNED_UV).strip())


def locked_versions(program: str, folder: Path) -> Path:
    """Write the versions in the lock file of a program to a file of constraints in a folder; return the file."""
    versions = folder / f"{program}-versions.txt"
    exported = ("--frozen", "--no-dev", "--no-emit-project", "--no-hashes", "--output-file", versions)
    _run(pinned_uv(), "export", "--quiet", "--project", program, *exported)
    return versions


def _run(*command: str | Path) -> str:
    """Run a command from the root of the repository; return its output."""
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")}
    done = subprocess.run(
        command, cwd=ROOT, env=kept, capture_output=True, text=True, timeout=_INSTALL_S, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def tracked_files(*folders: str) -> set[str]:
    """Return the files of folders that git tracks."""
    assert shutil.which("git")
    return set(_run("git", "ls-files", *folders).split())
