"""Lint, types and tests: per program, in the Python that it ships with."""

from dataclasses import dataclass
from typing import Final

import dagger
from dagger import dag

from ci.steps.base import APP_PYTHON, PYTHON, WORKDIR, Image, python


@dataclass(frozen=True)
class Program:
    """
    A program of this repository, or tests over the whole repository.

    Args:
        name: The program's folder, and the folder of its tests below tests/unit; of tests alone, their folder in tests.
        project: Folder of the pyproject.toml and uv.lock that it is checked with; `.` is the root.
        image: The Python that it ships with.
        coverage: Percent of its lines that its unit tests must reach, and of its branches in app; None for tests alone.
        reads: What its tests read beside its own folder and their own.
        more_suites: Folders of tests beside tests/unit.
    """

    name: str
    project: str
    image: Image
    coverage: int | None
    reads: tuple[str, ...] = ()
    more_suites: tuple[str, ...] = ()

    @property
    def suites(self) -> list[str]:
        """Folders of all its tests."""
        folder = "tests" if self.coverage is None else "tests/unit"
        return [f"{folder}/{self.name}", *self.more_suites]

    @property
    def paths(self) -> list[str]:
        """Everything that its checks read."""
        config = _path(self.project, "pyproject.toml")
        program = [] if self.coverage is None else [self.name]
        return [config, *program, *self.suites, *self.reads]


@dataclass(frozen=True)
class Project:
    """
    What a Python environment is made of.

    Its texts, not its files, go into the environment's container: the engine keys a file by the directory that it was
    taken from (v0.19.10, tried), so that a change of any source would install everything anew.

    Args:
        folder: Of the pyproject.toml and uv.lock; `.` is the root.
        pyproject: Text of the pyproject.toml.
        lock: Text of the uv.lock.
    """

    folder: str
    pyproject: str
    lock: str

    @property
    def config(self) -> str:
        """Path of the pyproject.toml, which also configures mypy, pytest and coverage."""
        return _path(self.folder, "pyproject.toml")


_READ_BY_CI: Final = (
    ".env", ".github/workflows/nightly.yml", "Dockerfile", "dagger.json", "daggerw", "engine", "environments", "lib",
    "policy/tools",
)  # fmt: skip
_READ_BY_DEPLOY: Final = ("emulator", "environments", "lib", "tests/support", "tests/unit/lib")
_READ_BY_ARCHITECTURE: Final = (
    "accessory", "app", "bench", "ci", "deploy", "docs/faults.md", "emulator", "engine", "lib", "policy", "tests",
)  # fmt: skip
PROGRAMS: Final = (
    Program("accessory", "accessory", PYTHON, coverage=85, reads=("environments", "lib", "tests/unit/lib")),
    Program("app", ".", APP_PYTHON, coverage=90, reads=("docs/ai-server.openapi.json", "tests/support/app_fakes")),
    Program("ci", "ci", PYTHON, coverage=78, reads=_READ_BY_CI),
    Program("engine", "ci", PYTHON, coverage=43, reads=("dagger.json",)),
    Program(
        "deploy",
        "deploy",
        PYTHON,
        coverage=91,
        reads=_READ_BY_DEPLOY,
    ),
    Program("emulator", "emulator", PYTHON, coverage=92, more_suites=("tests/contract",)),
    Program("lib", "deploy", PYTHON, coverage=95),
    Program("architecture", "ci", PYTHON, coverage=None, reads=_READ_BY_ARCHITECTURE),
)
PROGRAM: Final = {program.name: program for program in PROGRAMS}
SHIPPED: Final = ("app",)  # the programs whose checks gate a release; all others are tools
_PYTHON: Final = ["**/*.py", "**/pyproject.toml", "ruff.toml"]
_MYPY_CACHE: Final = "/var/cache/mypy"
_SHELL: Final = [
    ".ci/outdated", ".ci/run", "daggerw", "engine/home", "engine/stop", "engine/namespace.sh",
    "ci/scripts/pull.sh", "policy/tools/build", "accessory/remote/machine.sh", "accessory/remote/receive.sh",
    "accessory/remote/update.sh", "tests/support/dockerd.sh",
]  # fmt: skip

LINTED: Final = (*_PYTHON, *_SHELL, "ci/uv.lock")


async def project(source: dagger.Directory, folder: str) -> Project:
    """Read what an environment is made of."""
    pyproject, lock = (source.file(_path(folder, name)) for name in ("pyproject.toml", "uv.lock"))
    return Project(folder, await pyproject.contents(), await lock.contents())


def lint(source: dagger.Directory, tools: Project) -> dagger.Container:
    """Check all Python with ruff, rules and format, and all shell with shellcheck; all speak before it fails."""
    commands = ["ruff check --no-cache .", "ruff format --no-cache --check --diff .", f"shellcheck {' '.join(_SHELL)}"]
    script = " ; ".join(["failed=0", *(f"{command} || failed=1" for command in commands), "exit $failed"])
    return (
        environment(tools, PYTHON, only_group="lint")
        .with_mounted_directory(WORKDIR, source.filter(include=[*_PYTHON, *_SHELL]))
        .with_exec(["sh", "-c", script])
    )


def types(source: dagger.Directory, program: Program, tools: Project) -> dagger.Container:
    """Run mypy, strict, over one program; its cache, checked by content, makes the next run short."""
    mypy = ["mypy", "--config-file", tools.config, "--cache-dir", _MYPY_CACHE, program.name]
    return (
        _checkout(source, program, tools)
        .with_mounted_cache(_MYPY_CACHE, dag.cache_volume(f"mypy-{program.name}"))
        .with_exec(mypy)
    )


def test(source: dagger.Directory, program: Program, tools: Project) -> dagger.Container:
    """Run pytest over the tests of one program."""
    return _checkout(source, program, tools).with_exec(_pytest(program, tools, ()))


def test_with_coverage(source: dagger.Directory, program: Program, tools: Project) -> dagger.Container:
    """Run pytest over the tests of one program, and refuse less coverage of its lines than it has to reach."""
    coverage = (f"--cov={program.name}", f"--cov-config={tools.config}", f"--cov-fail-under={program.coverage}")
    return _checkout(source, program, tools).with_exec(
        _pytest(program, tools, () if program.coverage is None else coverage)
    )


def _pytest(program: Program, tools: Project, options: tuple[str, ...]) -> list[str]:
    """Return the command line of pytest."""
    return ["pytest", "-c", tools.config, f"--rootdir={WORKDIR}", "-p", "no:cacheprovider", *options, *program.suites]


def _checkout(source: dagger.Directory, program: Program, tools: Project) -> dagger.Container:
    """A program's environment with what its checks read, and no more: that is their key."""
    return environment(tools, program.image).with_mounted_directory(WORKDIR, source)


def environment(tools: Project, image: Image, *, dev: bool = True, only_group: str = "") -> dagger.Container:
    """
    Return Python with the packages of a project's lock file; rebuilt only when that file changes.

    Args:
        tools: The project.
        image: The Python.
        dev: Whether the packages of the dependency group `dev` are among them.
        only_group: A dependency group whose packages are the only ones.
    """
    sync = ["uv", "sync", "--project", tools.folder, "--frozen", "--no-install-project", "--compile-bytecode"]
    sync += [] if dev else ["--no-dev"]
    sync += ["--only-group", only_group] if only_group else []
    return (
        python(image)
        .with_new_file(f"{WORKDIR}/{tools.config}", tools.pyproject)
        .with_new_file(f"{WORKDIR}/{_path(tools.folder, 'uv.lock')}", tools.lock)
        .with_exec(sync)
    )


def _path(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder}/{name}"
