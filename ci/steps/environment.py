"""Python environments: the packages of a project's lock file, in a container."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import dagger

from ci.programs import path_in
from ci.steps.base import WORKDIR, Image, python

_MODULE: Final = Path(__file__).parents[1]


@dataclass(frozen=True)
class Project:
    """
    The files that decide a Python environment.

    Their texts, not the files, go into the environment's container: the engine keys a file by the directory that it was
    taken from (v0.19.10, tried), so that a change of any source would install everything anew.

    Args:
        folder: folder of the pyproject.toml and uv.lock; `.` is the root
        pyproject: text of the pyproject.toml
        lock: text of the uv.lock
    """

    folder: str
    pyproject: str
    lock: str

    @property
    def config(self) -> str:
        """Path of the pyproject.toml, which also configures mypy, pytest and coverage."""
        return path_in(self.folder, "pyproject.toml")


def own_project() -> Project:
    """Return the project of this module, from the module's own files: its lock file has the tools of lint."""
    return Project("ci", *((_MODULE / name).read_text() for name in ("pyproject.toml", "uv.lock")))


async def read_project(source: dagger.Directory, folder: str) -> Project:
    """Read the files that decide an environment."""
    pyproject, lock = (source.file(path_in(folder, name)) for name in ("pyproject.toml", "uv.lock"))
    return Project(folder, await pyproject.contents(), await lock.contents())


def environment(project: Project, image: Image, *, dev: bool = True, only_group: str = "") -> dagger.Container:
    """
    Return Python with the packages of a project's lock file; rebuilt only when that file changes.

    Args:
        project: the project
        image: image of the Python
        dev: whether the packages of the dependency group `dev` are among them
        only_group: name of the dependency group whose packages are the only ones; empty for all groups
    """
    sync = ["uv", "sync", "--project", project.folder, "--frozen", "--no-install-project", "--compile-bytecode"]
    sync += [] if dev else ["--no-dev"]
    sync += ["--only-group", only_group] if only_group else []
    return (
        python(image)
        .with_new_file(f"{WORKDIR}/{project.config}", project.pyproject)
        .with_new_file(f"{WORKDIR}/{path_in(project.folder, 'uv.lock')}", project.lock)
        .with_exec(sync)
    )
