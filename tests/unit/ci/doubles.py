"""Readers of lazy chains, and doubles of the engine's objects, for the tests of ci."""

from pathlib import Path
from typing import Any

import dagger
from dagger._exceptions import QueryErrorValue
from gql import GraphQLRequest

from ci.application import Application
from ci.options import Options
from ci.steps.environment import Project
from ci.steps.local_volumes import LocalVolumes

SOURCE = dagger.dag.directory()
TOOLS = SOURCE.with_new_directory("tools")
PROJECT = Project(".", "[project]", "version = 1")
VOLUMES = LocalVolumes("project", "group")
APPLICATION = Application(image="ai-server", port=8000, health="/health", environment={"OWN_IMAGE": "${IMAGE}"})


def options(
    env: str = "local", *, source: Any = SOURCE, tools: Any = TOOLS, credentials: Any = None, **values: Any
) -> Options:
    """Return options of a call; directories and credentials are objects of the engine or doubles of them."""
    return Options(env=env, source=source, tools=tools, credentials=credentials, **values)


def calls(chain: object) -> list[tuple[str, dict[str, Any]]]:
    """Return names and arguments of a chain's calls, in order."""
    return [(field.name, dict(field.args)) for field in chain._ctx.selections]  # type: ignore[attr-defined]


def executed(container: object) -> list[list[str]]:
    """Return the command lines of a container, in order."""
    return [args["args"] for name, args in calls(container) if name == "withExec"]


def secret_paths(container: dagger.Container) -> list[str]:
    """Return the paths of the secrets that are mounted into a container."""
    return [args["path"] for name, args in calls(container) if name == "withMountedSecret"]


def query_error(text: str, **extensions: object) -> dagger.QueryError:
    """Return the error that the SDK raises for an answer of the engine that is an error."""
    return dagger.QueryError([QueryErrorValue(text, extensions=extensions)], GraphQLRequest("{ version }"))


class Folder:
    """A directory of this computer in place of a directory of the engine."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def directory(self, name: str) -> "Folder":
        return Folder(self.path / name)

    def file(self, name: str) -> "Folder":
        return Folder(self.path / name)

    async def entries(self) -> list[str]:
        try:
            return [path.name for path in self.path.iterdir()]
        except OSError as error:
            raise query_error(str(error)) from error

    async def contents(self) -> str:
        try:
            return self.path.read_text()
        except (OSError, ValueError) as error:
            raise query_error(str(error)) from error


REPOSITORY: Any = Folder(Path())
