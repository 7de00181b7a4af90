"""
Make Python environments in PROJECT/.venv, with the pinned uv: `python3 -B .ci/setup.py [PROJECT …]`.

Without a project, all of them. With `--check-locks`, fail where a uv.lock does not match its
pyproject.toml, and make no environment.

A shim of pyenv is no interpreter for uv, so uv is given the interpreter that the local engine would use.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ci.checked_programs import projects
from ci.programs import UV_VERSION
from engine.machine import cpython

PROJECTS = projects(ROOT)


def pinned_uv() -> Path:
    """Return the program uv of the pinned version, which is installed from the package index at first."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "dojangkok-tools" / f"uv-{UV_VERSION}"
    program = folder / "bin/uv"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", f"uv=={UV_VERSION}"], check=True)
    return program


def interpreter(series: str) -> str:
    """Return the path of the Python that the local engine would use; its version where there is none."""
    home = cpython(series)
    return str(home / f"bin/python{series}") if home else series


def sync(uv: Path, project: str, series: str) -> int:
    """Make the environment of a project, with exactly the packages of its lock file; return uv's exit code."""
    command = [str(uv), "sync", "--quiet", "--project", project, "--python", interpreter(series)]
    command += ["--frozen", "--no-install-project"]
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": ".venv"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def check_lock(uv: Path, project: str) -> int:
    """Compare a lock file with its pyproject.toml; return uv's exit code."""
    return subprocess.run(
        [str(uv), "lock", "--check", "--quiet", "--project", project], cwd=ROOT, check=False
    ).returncode


def main(arguments: list[str]) -> int:
    """Make every environment, or check every lock file, to its end; return 1 if one failed."""
    uv = pinned_uv()
    if arguments == ["--check-locks"]:
        failed = [project for project in PROJECTS if check_lock(uv, project)]
    else:
        failed = [project for project in arguments or PROJECTS if sync(uv, project, PROJECTS[project])]
    if failed:
        print(f"setup: failed for {', '.join(failed)}; the reason of uv stands above", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
