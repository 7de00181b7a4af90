"""The parts of the repository that the verbs read: never all of it, and never `.git`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import dagger
from dagger import DefaultPath, Doc, Ignore, dag

from ci.programs import PROGRAMS, path_in
from ci.shell_files import shell_files
from ci.steps import image, policy_checks
from ci.steps.policy_checks import PolicyInputs
from ci.steps.python_checks import PYTHON_FILES, Linted

_EXPORTED: Final = "source"
_NEVER: Final = (".git", "**/.venv", "**/__pycache__", "**/.*_cache", "**/.terraform", "**/*.tfstate*", "**/*.tfvars")
_LINTED_ALONE: Final = (".ci", "bench", "ruff.toml", "tests")  # no check of a program or of policy reads all of them


def _top_level(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({path.split("/")[0] for path in paths}))


# Top-level folders and files that the build and all checks read.
SOURCES: Final = _top_level(
    [
        *(path for program in PROGRAMS for path in (*program.paths, path_in(program.project, "uv.lock"))),
        *image.READS,
        *policy_checks.READS,
        *_LINTED_ALONE,
    ]
)


def only(*paths: str) -> Ignore:
    """Leave out of the repository everything but some paths; `.git` and state of Terraform are never among them."""
    return Ignore(["**", *(f"!{path}" for path in paths), *_NEVER])


# An argument of every verb, and not of the constructor, which would start a Python of its own after every change.
Source = Annotated[
    dagger.Directory, DefaultPath("/"), only(*SOURCES), Doc("the repository, narrowed to what the steps read")
]
Shipped = Annotated[dagger.Directory, DefaultPath("/"), only(*image.READS), Doc("the files that build and smoke read")]


@dataclass(frozen=True)
class Inputs:
    """
    The parts of the exported repository, each keyed by its own content; a part is loaded when a step uses it.

    Args:
        folder: folder with the repository, below the folder that the function works in
    """

    folder: Path

    def linted(self) -> Linted:
        """Return the files that lint reads: all Python and all shell."""
        shell = shell_files(self.folder)
        return Linted(self._part(*PYTHON_FILES, *shell), shell)

    def shipped(self) -> dagger.Directory:
        """Return the files that build and smoke read."""
        return self._part(*image.READS)

    def programs(self, *, are_shipped: bool = False) -> dict[str, dagger.Directory]:
        """
        Return the files that the checks of each program read, by the program's name.

        Args:
            are_shipped: leave out the programs that are not shipped
        """
        chosen = [program for program in PROGRAMS if program.is_shipped or not are_shipped]
        return {program.name: self._part(*program.paths) for program in chosen}

    def policy(self) -> PolicyInputs:
        """Return the files that the rules of policy read."""
        return PolicyInputs(self._part(*policy_checks.READS), self.tool_sources())

    def tool_sources(self) -> dagger.Directory:
        """Return the sources of policy's Go tools."""
        return self._part(*policy_checks.TOOL_SOURCES)

    def _part(self, *paths: str) -> dagger.Directory:
        return dag.current_module().workdir(self.folder.as_posix(), exclude=only(*paths).patterns)


async def export(source: dagger.Directory) -> Inputs:
    """
    Write the repository to the folder that the function works in, and return its parts.

    The engine keys a directory that is filtered from another one by all of that one, and a directory that is loaded
    from the folder that a function works in by its content (v0.19.10, tried).
    """
    await source.export(_EXPORTED)
    return Inputs(Path(_EXPORTED))
