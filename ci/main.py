"""The verbs that a person types: `./daggerw call VERB --help`."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, ParamSpec, TypeVar

import dagger
from dagger import DefaultPath, Doc, Ignore, check, function, object_type

from ci import release
from ci.errors import exit_codes
from ci.steps import check as checks
from ci.steps import registry, rehearsal
from ci.steps.check import PROGRAM
from ci.summary import summary

P = ParamSpec("P")
R = TypeVar("R")


def only(*paths: str) -> Ignore:
    """Leave out of the repository everything but some paths; `.git` is never among them."""
    return Ignore(["**", *(f"!{path}" for path in paths), "**/.venv", "**/__pycache__", "**/.*_cache"])


# What the build and lint read.
_SOURCES: Final = (
    "app", "ci", "deploy", "emulator", "engine", "environments", "tests", ".ci", ".dockerignore", "Dockerfile",
    "dagger.json", "daggerw", "pyproject.toml", "ruff.toml", "uv.lock",
)  # fmt: skip

Commit = Annotated[
    str,
    Doc("commit of the sources, 7 to 40 digits; its first 7 become the tag (default: dev-<12 digits of the digest>)"),
]
Repository = Annotated[str, Doc("where to push, as HOST/PROJECT/REPOSITORY (default: the embedded registry)")]
RegistryToken = Annotated[dagger.Secret | None, Doc("Google access token for the registry, as env:NAME or file:PATH")]
NoLatest = Annotated[bool, Doc("leave the tag 'latest' alone, for registries with immutable tags")]
AllowStandIn = Annotated[bool, Doc("push to a real registry even what was built on stand-in base images")]


def effect(method: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Register a function that changes the world: its body runs in every call. Dagger's types lack `cache`."""
    return function(cache="never")(method)  # type: ignore[call-overload,no-any-return]


@object_type
class Ci:
    """Lint, types, test, build, smoke and publish of the AI server."""

    source: Annotated[
        dagger.Directory, DefaultPath("/"), only(*_SOURCES), Doc("the repository, narrowed to what the steps read")
    ]
    # What comes as an argument, the engine keys by its content; what is filtered from `source`, by all of `source`.
    app_source: Annotated[
        dagger.Directory, DefaultPath("/"), only(*PROGRAM["app"].paths), Doc("what the checks of app read")
    ]
    ci_source: Annotated[
        dagger.Directory, DefaultPath("/"), only(*PROGRAM["ci"].paths), Doc("what the checks of ci read")
    ]
    deploy_source: Annotated[
        dagger.Directory, DefaultPath("/"), only(*PROGRAM["deploy"].paths), Doc("what the checks of deploy read")
    ]
    emulator_source: Annotated[
        dagger.Directory, DefaultPath("/"), only(*PROGRAM["emulator"].paths), Doc("what the checks of emulator read")
    ]
    engine_source: Annotated[
        dagger.Directory, DefaultPath("/"), only(*PROGRAM["engine"].paths), Doc("what the checks of engine read")
    ]

    @check
    @function
    async def lint(self) -> str:
        """Check all Python here with ruff, rules and format, and all shell with shellcheck."""
        with exit_codes():
            return await release.lint(self.source)

    @check
    @function
    async def types(self) -> str:
        """Check the types of every program with mypy, strictly."""
        with exit_codes():
            return await release.types(self.source, self._programs())

    @check
    @function
    async def test(self) -> str:
        """Run the unit tests of every program, with coverage, in the Python that it ships with."""
        with exit_codes():
            return await release.test(self.source, self._programs())

    @function
    async def build(self) -> dagger.Container:
        """Build the image of the AI server, for linux/amd64."""
        with exit_codes():
            return await release.build(self.source)

    @function
    async def smoke(self) -> str:
        """Start the built image as a machine would, ask for its health, and stop it with SIGTERM."""
        with exit_codes():
            return await release.smoke(self.source, await release.build(self.source))

    @function
    def registry(self) -> dagger.Service:
        """Serve the embedded registry, to look into it with `call registry up --ports 5000:5000`."""
        return registry.embedded()

    @function
    async def emulator(self) -> dagger.Service:
        """Serve the Compute Engine emulator with the dojangkok world, with `call emulator up --ports 8080:8080`."""
        return rehearsal.emulator(self.source, await checks.project(self.source, "emulator"))

    @effect
    async def publish(
        self,
        commit: Commit = "",
        repository: Repository = "",
        registry_token: RegistryToken = None,
        no_latest: NoLatest = False,
        allow_stand_in: AllowStandIn = False,
    ) -> str:
        """Push the image once every gate is green, and print its reference with digest."""
        with exit_codes():
            where = registry.destination(repository, commit, registry_token, latest=not no_latest)
            built, _ = await release.gates(self.source, self._programs())
            published = await release.publish(
                self.source, built, where, uuid.uuid4().hex, allow_stand_in=allow_stand_in
            )
            return published.reference

    @effect
    async def pipeline(
        self,
        commit: Commit = "",
        repository: Repository = "",
        registry_token: RegistryToken = None,
        no_latest: NoLatest = False,
        allow_stand_in: AllowStandIn = False,
        advisory: Annotated[bool, Doc("report failures of lint, types and tests without stopping for them")] = False,
    ) -> str:
        """Go the whole way of a release: lint, types and test beside build and smoke, then publish."""
        with exit_codes():
            where = registry.destination(repository, commit, registry_token, latest=not no_latest)
            built, stages = await release.gates(self.source, self._programs(), advisory=advisory)
            publishing = release.publish(self.source, built, where, uuid.uuid4().hex, allow_stand_in=allow_stand_in)
            published, pushed = await release.publish_stage(publishing)
            return summary([*stages, pushed], published)

    def _programs(self) -> release.Programs:
        return {
            "app": self.app_source,
            "ci": self.ci_source,
            "deploy": self.deploy_source,
            "emulator": self.emulator_source,
            "engine": self.engine_source,
        }
