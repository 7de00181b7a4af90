"""The verbs that a person types: `./daggerw call VERB --help`."""

import asyncio
import uuid
from dataclasses import replace
from typing import Annotated

import dagger
from dagger import DefaultPath, Doc, check, function, object_type

from ci import delivery, environments, release
from ci.arguments import (
    Advisory,
    AllowStandIn,
    By,
    Commit,
    Credentials,
    Env,
    Format,
    Group,
    NoLatest,
    Project,
    RegistryCredentials,
    RegistryToken,
    Repository,
    Timeout,
    Zone,
)
from ci.errors import exit_codes
from ci.release import Programs, Published, Stage
from ci.rollouts import Rollouts, alias, effect, target
from ci.sources import SOURCES, keyed_by_content, only
from ci.steps import check as checks
from ci.steps import fleet, registry, rehearsal
from ci.steps.check import PROGRAMS
from ci.steps.registry import Destination
from ci.steps.rollout import Target
from ci.summary import summary


@object_type
class Ci(Rollouts):
    """The delivery of the AI server: from its sources to the machines that serve it."""

    source: Annotated[
        dagger.Directory, DefaultPath("/"), only(*SOURCES), Doc("the repository, narrowed to what the steps read")
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
            return await release.types(self.source, await self._programs())

    @check
    @function
    async def test(self) -> str:
        """Run the unit tests of every program, with coverage, in the Python that it ships with."""
        with exit_codes():
            return await release.test(self.source, await self._programs())

    @check
    @function
    async def policy(self) -> str:
        """Check stacks, machine images, infrastructure, workflows and the Dockerfile with the tools that know them."""
        with exit_codes():
            parts = await keyed_by_content(self.source, {"judged": fleet.READS, "tools": fleet.TOOL_SOURCES})
            return await release.policy(self.source, **parts)

    @function
    async def tools(self) -> dagger.Directory:
        """Build the Go tools of policy, to have them on this machine: `call tools -o ~/.cache/dojangkok-policy`."""
        parts = await keyed_by_content(self.source, {"tools": fleet.TOOL_SOURCES})
        return fleet.tools(parts["tools"])

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
        """Serve the local environment's Compute Engine, to look at with `call emulator up --ports 8080:8080`."""
        return rehearsal.emulator(self.source, await checks.project(self.source, "emulator"), is_open=True)

    @effect
    async def publish(
        self,
        commit: Commit = "",
        env: Env = environments.LOCAL,
        *,
        credentials: Credentials,
        repository: Repository = "",
        registry_token: RegistryToken = None,
        registry_credentials: RegistryCredentials = None,
        no_latest: NoLatest = False,
        allow_stand_in: AllowStandIn = False,
    ) -> str:
        """Push the image once every gate is green, and print its reference with digest."""
        with exit_codes():
            whose = target(credentials, env, repository=repository, registry_credentials=registry_credentials)
            where = await delivery.destination(self.source, whose, commit, registry_token, latest=not no_latest)
            built, _ = await release.gates(self.source, await self._programs())
            published = await self._publish(built, where, allow_stand_in=allow_stand_in)
            return published.reference

    @effect
    async def deploy(
        self,
        image: Annotated[
            str, Doc("release in the registry, HOST/PATH@sha256:DIGEST or :TAG (default: one made now)")
        ] = "",
        commit: Commit = "",
        timeout: Timeout = "",
        env: Env = environments.LOCAL,
        *,
        credentials: Credentials,
        project: Project = "",
        zone: Zone = "",
        group: Group = "",
        repository: Repository = "",
        shape: Format = "text",
        by: By = "",
        registry_token: RegistryToken = None,
        registry_credentials: RegistryCredentials = None,
        no_latest: NoLatest = False,
        allow_stand_in: AllowStandIn = False,
    ) -> str:
        """Roll a release out, and go back if it does not serve; without --image, gates, build and push come before."""
        with exit_codes():
            whose = replace(target(credentials, env, project, zone, group, repository, registry_credentials), by=by)
            flags = [*_flags(commit, timeout), "--format", shape]
            await delivery.check_target(self.source, whose)
            if image:
                behind = await delivery.pulled(self.source, image) if whose.is_local else None
                return await delivery.deploy(self.source, whose, image, flags, behind)
            where = await delivery.destination(self.source, whose, commit, registry_token, latest=not no_latest)
            built, _ = await self._gates(whose)
            published = await self._publish(built, where, allow_stand_in=allow_stand_in)
            behind = (published.reference, built)
            return await delivery.deploy(self.source, whose, published.reference, flags, behind)

    @effect
    async def pipeline(
        self,
        commit: Commit = "",
        timeout: Timeout = "",
        env: Env = environments.LOCAL,
        *,
        credentials: Credentials,
        project: Project = "",
        zone: Zone = "",
        group: Group = "",
        repository: Repository = "",
        by: By = "",
        registry_token: RegistryToken = None,
        registry_credentials: RegistryCredentials = None,
        no_latest: NoLatest = False,
        allow_stand_in: AllowStandIn = False,
        advisory: Advisory = False,
    ) -> str:
        """Go the whole way of a release: lint, types and test beside build and smoke, then push, rollout, report."""
        with exit_codes():
            whose = replace(target(credentials, env, project, zone, group, repository, registry_credentials), by=by)
            await delivery.check_target(self.source, whose)
            where = await delivery.destination(self.source, whose, commit, registry_token, latest=not no_latest)
            built, stages = await self._gates(whose, advisory=advisory)
            publishing = self._publish(built, where, allow_stand_in=allow_stand_in)
            published, push_s = await release.timed("publish", publishing)
            reference, flags = published.reference, _flags(commit, timeout)
            rolling = delivery.deploy(self.source, whose, reference, flags, (reference, built))
            report, rollout_s = await release.timed("deploy", rolling)
            last = (
                release.Stage("publish", push_s, f"tags {', '.join(published.tags)}"),
                release.Stage("deploy", rollout_s, f"to {whose.env}"),
            )
            return f"{summary([*stages, *last], published)}\n\n{report}"

    # Dagger CLIs from 0.21 on hide a function named `pipeline` (docs/decisions/0001).
    release = alias("release", pipeline)

    async def _gates(self, whose: Target, *, advisory: bool = False) -> tuple[dagger.Container, tuple[Stage, ...]]:
        forgetting = asyncio.create_task(delivery.forget_report(self.source, whose))
        try:
            return await release.gates(self.source, await self._programs(), advisory=advisory)
        finally:
            await forgetting

    async def _publish(self, built: dagger.Container, where: Destination, *, allow_stand_in: bool) -> Published:
        return await release.publish(self.source, built, where, uuid.uuid4().hex, allow_stand_in=allow_stand_in)

    async def _programs(self) -> Programs:
        return await keyed_by_content(self.source, {program.name: program.paths for program in PROGRAMS})


def _flags(commit: str, timeout: str) -> list[str]:
    return [*(["--commit", commit] if commit else []), *(["--timeout", timeout] if timeout else [])]
