"""Lint, types and tests: each program in the Python that it ships with."""

import shlex
from dataclasses import dataclass
from typing import Final

import dagger
from dagger import dag

from ci.programs import Program
from ci.shell_files import SHELLCHECK
from ci.steps.base import PYTHON, WORKDIR, python_image
from ci.steps.environment import Project, environment

# What ruff checks, and the configuration files of ruff and shellcheck, which each reads beside a file and above it.
LINT_FILES: Final = (
    "**/*.py", "**/*.pyi", "**/*.ipynb", "**/pyproject.toml", "**/ruff.toml", "**/.ruff.toml", "**/.shellcheckrc",
    "**/shellcheckrc",
)  # fmt: skip
RUFF: Final = ("ruff check --no-cache .", "ruff format --no-cache --check --diff .")
_MYPY_CACHE: Final = "/var/cache/mypy"


@dataclass(frozen=True)
class Linted:
    """
    The files that lint reads.

    Args:
        source: the repository, narrowed to LINT_FILES and the shell files
        shell_files: paths of the shell files
    """

    source: dagger.Directory
    shell_files: tuple[str, ...]


def lint(linted: Linted, project: Project) -> dagger.Container:
    """Check all Python with ruff, rules and format, and all shell with shellcheck; all of them run before it fails."""
    commands = [*RUFF, *([shlex.join([*SHELLCHECK, "--", *linted.shell_files])] if linted.shell_files else [])]
    script = " ; ".join(["failed=0", *(f"{command} || failed=1" for command in commands), "exit $failed"])
    return (
        environment(project, PYTHON, only_group="lint")
        .with_mounted_directory(WORKDIR, linted.source)
        .with_exec(["sh", "-c", script])
    )


def types(source: dagger.Directory, program: Program, project: Project) -> dagger.Container:
    """Run mypy, strict, over a program; its cache, checked by content, makes the next run short."""
    return (
        _checkout(source, program, project)
        .with_mounted_cache(_MYPY_CACHE, dag.cache_volume(f"mypy-{program.name}"))
        .with_exec([*program.types_command, "--cache-dir", _MYPY_CACHE])
    )


def test(source: dagger.Directory, program: Program, project: Project) -> dagger.Container:
    """Run pytest over the tests of a program that a release waits for."""
    return _checkout(source, program, project).with_exec(program.release_test_command)


def test_with_coverage(source: dagger.Directory, program: Program, project: Project) -> dagger.Container:
    """Run pytest over the tests of a program, and fail where they reach fewer of its lines than they must."""
    return _checkout(source, program, project).with_exec(program.coverage_command)


def _checkout(source: dagger.Directory, program: Program, project: Project) -> dagger.Container:
    """Return a program's environment with the files that its checks read, which are the key of the check."""
    return environment(project, python_image(program.python)).with_mounted_directory(WORKDIR, source)
