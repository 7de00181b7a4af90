"""The directories that the verbs read: the application's source, this module's programs, and never `.git`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

import dagger
from dagger import DefaultPath, Doc, Ignore, dag

from ci import build_context
from ci.application import FILE, Application, Gate
from ci.checked_programs import ProjectFileError, programs, root_program
from ci.errors import RefusedError
from ci.programs import TOOL_PROGRAMS, Program, path_in
from ci.shell_files import shell_files
from ci.steps import policy_checks
from ci.steps.policy_checks import PolicyInputs
from ci.steps.python_checks import LINT_FILES, Linted

_EXPORTED: Final = "source"
_NEVER: Final = (
    ".git", "**/.venv", "**/node_modules", "**/__pycache__", "**/.*_cache", "**/.hypothesis", "**/.terraform",
    "**/*.tfstate*", "**/*.tfvars", "**/gha-creds-*.json", "**/application_default_credentials.json", "**/*.pem",
    "**/*.key", "**/*.p12", "**/*.pfx", "**/id_rsa", "**/id_ecdsa", "**/id_ed25519", "**/.npmrc", "**/.netrc",
    "**/.pypirc", "**/.git-credentials", "**/.aws/credentials", "**/.docker/config.json",
)  # fmt: skip
# Files of variables, which usually hold secrets. A check reads one only if its row or `reads` names the file; the build
# context has them unless .dockerignore leaves them out, because a build may need one.
_VARIABLES: Final = ("**/.env", "**/.env.*", "**/.envrc")
_LINTED_ALONE: Final = (".ci", "bench", "ruff.toml", "tests")  # no check of a program or of policy reads all of them


def _top_level(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({path.split("/")[0] for path in paths}))


# Programs that run in the containers of the verbs, whatever application they ship. Scripts of ci are in its own files.
TOOL_FILES: Final = ("accessory", "deploy", "emulator", "lib")
# Top-level folders and files of this repository that all checks read.
SOURCES: Final = _top_level(
    [
        *(path for program in TOOL_PROGRAMS for path in (*program.paths, path_in(program.project, "uv.lock"))),
        *policy_checks.READS,
        *_LINTED_ALONE,
    ]
)


def only(*paths: str) -> Ignore:
    """Leave out of a directory everything but some paths; `.git` and state of Terraform are never among them."""
    return Ignore(["**", *(f"!{path}" for path in paths), *_NEVER])


# Arguments of the verbs, and not of the constructor, which would start a Python of its own after every change. The
# engine takes a default path from the repository of this module, also where another repository calls it (v0.19.10).
Source = Annotated[
    dagger.Directory,
    DefaultPath("/"),
    Ignore(list(_NEVER)),
    Doc("repository of the application, with delivery.yaml and environments/"),
]
Checked = Annotated[
    dagger.Directory, DefaultPath("/"), only(*SOURCES), Doc("this repository, narrowed to what the checks read")
]
Tools = Annotated[
    dagger.Directory, DefaultPath("/"), only(*TOOL_FILES), Doc("programs of this module, which no call needs to pass")
]
Settings = Annotated[
    dagger.Directory | None, Doc("folder of the environment files (default: the folder environments of the source)")
]


@dataclass(frozen=True)
class Inputs:
    """
    The parts of the exported repository, each keyed by its own content; a part is loaded when a step uses it.

    Args:
        folder: folder with the repository, below the folder that the function works in
    """

    folder: Path

    def linted(self) -> Linted:
        """Return the files that lint reads: all Python, all shell, and how the source configures the checks of both."""
        shell = shell_files(self.folder)
        return Linted(self._part(*LINT_FILES, *shell), shell)

    def context(self, application: Application) -> dagger.Directory:
        """
        Return the files of the build context, without those that its .dockerignore leaves out.

        Raises:
            RefusedError: the source has no such context or Dockerfile
        """
        context = self.folder / application.context
        if not (context / application.dockerfile).is_file():
            raise RefusedError(
                f"{FILE}: dockerfile: the source has no file '{application.context}/{application.dockerfile}'. "
                "Fix: correct 'context' and 'dockerfile'"
            )
        patterns = build_context.left_out(context, application.dockerfile)
        return dag.current_module().workdir(context.as_posix(), exclude=patterns)

    def command(self, gate: Gate) -> dagger.Directory:
        """
        Return the files that the command of a gate reads.

        Raises:
            RefusedError: the source lacks one of them, so that the gate might judge nothing
        """
        for path in gate.reads:
            if not any(self.folder.glob(path)):
                raise RefusedError(
                    f"{FILE}: gates: '{gate.name}': reads: the source has no '{path}'. Fix: correct the path"
                )
        return self._part(*(PurePosixPath(path).as_posix() for path in gate.reads))

    def programs(self) -> dict[Program, dagger.Directory]:
        """Return the files that the checks of each program read; errors as of `root_program`."""
        with _refused():
            return {program: self._part(*program.paths) for program in programs(self.folder)}

    def root_program(self) -> dict[Program, dagger.Directory]:
        """
        Return the files that the checks of the program at the root of the source read.

        Raises:
            RefusedError: the source has no project, or its pyproject.toml has a wrong value
        """
        with _refused():
            program = root_program(self.folder)
        if program is None:
            raise RefusedError(
                f"{FILE}: gates: 'types' and 'test' need pyproject.toml and uv.lock at the root of the source. "
                "Fix: add them, or write a gate as {name: test, image: …, run: …}"
            )
        return {program: self._part(*program.paths)}

    def policy(self) -> PolicyInputs:
        """
        Return the files that the rules of policy read.

        Raises:
            RefusedError: the source is another repository, which the rules do not know
        """
        if not (self.folder / "policy/pyproject.toml").is_file():
            raise RefusedError("--all-checks: the source has no folder 'policy'. Fix: leave the flag out")
        return PolicyInputs(self._part(*policy_checks.READS), self.tool_sources())

    def tool_sources(self) -> dagger.Directory:
        """Return the sources of policy's Go tools."""
        return self._part(*policy_checks.TOOL_SOURCES)

    def _part(self, *paths: str) -> dagger.Directory:
        patterns = ["**", *(f"!{path}" for path in paths)] if paths else []
        named = (f"!{path}" for path in paths if PurePosixPath(path).name.startswith(".env"))
        patterns += [*_VARIABLES, *named, *_NEVER]
        return dag.current_module().workdir(self.folder.as_posix(), exclude=patterns)


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except ProjectFileError as error:
        raise RefusedError(str(error)) from error


async def export(source: dagger.Directory) -> Inputs:
    """
    Write the repository to the folder that the function works in, and return its parts.

    The engine keys a directory that is filtered from another one by all of that one, and a directory that is loaded
    from the folder that a function works in by its content (v0.19.10, tried).
    """
    await source.export(_EXPORTED)
    return Inputs(Path(_EXPORTED))
