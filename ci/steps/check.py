"""Lint, types and tests: per program, in the Python that it ships with."""

from dataclasses import dataclass
from typing import Final

import dagger

from ci.steps.base import APP_PYTHON, PYTHON, WORKDIR, Image, python


@dataclass(frozen=True)
class Program:
    """
    A program of this repository.

    Args:
        name: Its folder, and the folder of its tests below tests/unit.
        project: Folder of the pyproject.toml and uv.lock that it is checked with; `.` is the root.
        image: The Python that it ships with.
        coverage: Percent of its lines and branches that its unit tests must reach.
        reads: What its tests read beside its own folder and their own.
    """

    name: str
    project: str
    image: Image
    coverage: int
    reads: tuple[str, ...] = ()


PROGRAMS: Final = (
    Program("app", ".", APP_PYTHON, coverage=90),
    Program("ci", "ci", PYTHON, coverage=70, reads=("Dockerfile", "dagger.json", "engine")),
    Program("engine", "ci", PYTHON, coverage=40, reads=("dagger.json",)),
)
_PYTHON: Final = ["**/*.py", "**/pyproject.toml", "ruff.toml"]
_SHELL: Final = ["daggerw", "engine/home", "engine/stop", "engine/namespace.sh", ".ci/run"]


def lint(source: dagger.Directory) -> dagger.Container:
    """Check all Python with ruff, rules and format, and all shell with shellcheck; all speak before it fails."""
    commands = ["ruff check --no-cache .", "ruff format --no-cache --check --diff .", f"shellcheck {' '.join(_SHELL)}"]
    script = " ; ".join(["failed=0", *(f"{command} || failed=1" for command in commands), "exit $failed"])
    return (
        _environment(source, "ci", PYTHON)
        .with_mounted_directory(WORKDIR, source.filter(include=[*_PYTHON, *_SHELL]))
        .with_exec(["sh", "-c", script])
    )


def types(source: dagger.Directory, program: Program) -> dagger.Container:
    """Run mypy, strict, over one program."""
    config = _path(program.project, "pyproject.toml")
    return _checkout(source, program, [program.name]).with_exec(["mypy", "--config-file", config, program.name])


def test(source: dagger.Directory, program: Program) -> dagger.Container:
    """Run pytest with coverage, over the unit tests of one program."""
    config = _path(program.project, "pyproject.toml")
    pytest = ["pytest", "-c", config, f"--rootdir={WORKDIR}", "-p", "no:cacheprovider"]
    coverage = [f"--cov={program.name}", f"--cov-config={config}", f"--cov-fail-under={program.coverage}"]
    read = [program.name, f"tests/unit/{program.name}", *program.reads]
    return _checkout(source, program, read).with_exec([*pytest, *coverage, f"tests/unit/{program.name}"])


def _checkout(source: dagger.Directory, program: Program, read: list[str]) -> dagger.Container:
    """A program's environment with the files and folders that a check of it reads, and no others: they are its key."""
    include = [pattern for path in read for pattern in (path, f"{path}/**")]
    return _environment(source, program.project, program.image).with_mounted_directory(
        WORKDIR, source.filter(include=[*include, _path(program.project, "pyproject.toml")])
    )


def _environment(source: dagger.Directory, project: str, image: Image) -> dagger.Container:
    """Python with everything that a project's lock file names; rebuilt only when that file changes."""
    lock = [_path(project, "pyproject.toml"), _path(project, "uv.lock")]
    sync = ["uv", "sync", "--project", project, "--frozen", "--no-install-project", "--compile-bytecode"]
    return python(image).with_mounted_directory(WORKDIR, source.filter(include=lock)).with_exec(sync)


def _path(project: str, name: str) -> str:
    return name if project == "." else f"{project}/{name}"
