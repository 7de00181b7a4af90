"""The verbs that a person types: `./daggerw call VERB --help`."""

from dataclasses import replace
from typing import Annotated

import dagger
from dagger import DefaultPath, Doc, check, function, object_type

from ci import deploy_runner, environments, gates, release
from ci.deploy_verbs import Rollouts, alias, effect, target
from ci.errors import RefusedError, exit_codes
from ci.gates import Gated, Policy, Programs
from ci.inputs import Source, keyed_by_content, only
from ci.local_environment import LocalEnvironment
from ci.options import (
    Advisory,
    AllChecks,
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
from ci.steps import image, policy_checks
from ci.steps import python_checks as checks
from ci.steps.python_checks import PROGRAMS, SHIPPED
from ci.summary import summary

Linted = Annotated[dagger.Directory, DefaultPath("/"), only(*checks.LINTED), Doc("what lint reads")]
Shipped = Annotated[dagger.Directory, DefaultPath("/"), only(*image.READS), Doc("what build and smoke read")]


@object_type
class Ci(Rollouts, LocalEnvironment):
    """The delivery of the AI server: from its sources to the machines that serve it."""

    credentials: Credentials

    @check
    @function
    async def lint(self, source: Linted) -> str:
        """Check all Python here with ruff, rules and format, and all shell with shellcheck."""
        with exit_codes():
            return "\n".join(await gates.lint(source))

    @check
    @function
    async def types(self, source: Source) -> str:
        """Check the types of every program with mypy, strictly."""
        with exit_codes():
            return "\n".join(await gates.types(source, await _programs(source)))

    @check
    @function
    async def test(self, source: Source) -> str:
        """Run the unit tests of every program, with coverage, in the Python that it ships with."""
        with exit_codes():
            return "\n".join(await gates.test_with_coverage(source, await _programs(source)))

    @check
    @function
    async def policy(self, source: Source) -> str:
        """Check stacks, machine images, infrastructure, workflows and the Dockerfile with the tools that know them."""
        with exit_codes():
            parts = await keyed_by_content(source, {"judged": policy_checks.READS, "tools": policy_checks.TOOL_SOURCES})
            return "\n".join(await gates.policy(source, Policy(**parts)))

    @function
    async def tools(self, source: Source) -> dagger.Directory:
        """Build the Go tools of policy, to have them on this machine: `call tools -o ~/.cache/dojangkok-policy`."""
        parts = await keyed_by_content(source, {"tools": policy_checks.TOOL_SOURCES})
        return policy_checks.tools(parts["tools"])

    @function
    async def build(self, source: Shipped) -> dagger.Container:
        """Build the image of the AI server, for linux/amd64."""
        with exit_codes():
            return await gates.build(source)

    @function
    async def smoke(self, source: Shipped) -> str:
        """Start the built image as a machine would, ask for its health, and stop it with SIGTERM."""
        with exit_codes():
            return "\n".join(await gates.smoke(source, await gates.build(source)))

    @effect
    async def publish(
        self,
        source: Source,
        commit: Commit = "",
        env: Env = environments.LOCAL,
        *,
        credentials: Credentials,
        repository: Repository = "",
        registry_token: RegistryToken = None,
        registry_credentials: RegistryCredentials = None,
        no_latest: NoLatest = False,
        allow_stand_in: AllowStandIn = False,
        all_checks: AllChecks = False,
    ) -> str:
        """Push the image once lint, the app's types and tests, and smoke have passed; print its reference."""
        with exit_codes():
            whose = target(
                credentials or self.credentials, env, repository=repository, registry_credentials=registry_credentials
            )
            where = await deploy_runner.destination(source, whose, commit, registry_token, latest=not no_latest)
            gated = await _gated(source, all_checks)
            return (await release.publish(gated, where, allow_stand_in=allow_stand_in)).published.reference

    @effect
    async def deploy(
        self,
        source: Source,
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
        all_checks: AllChecks = False,
    ) -> str:
        """Roll a release out, and go back if it does not serve; without --image, gates, build and push come before."""
        with exit_codes():
            whose = replace(
                target(credentials or self.credentials, env, project, zone, group, repository, registry_credentials),
                by=by,
            )
            flags = [*_flags(commit, timeout), "--format", shape]
            await deploy_runner.check_target(source, whose)
            if image and all_checks:
                raise RefusedError("--all-checks: got --image, a release that is built. Fix: leave one of them out")
            if image:
                behind = await deploy_runner.pulled(source, whose, image) if whose.is_local else None
                return await deploy_runner.deploy(source, whose, image, flags, behind)
            where = await deploy_runner.destination(source, whose, commit, registry_token, latest=not no_latest)
            gated = await _gated(source, all_checks)
            return (await release.roll_out(gated, where, whose, flags, allow_stand_in=allow_stand_in)).report

    @effect
    async def pipeline(
        self,
        source: Source,
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
        all_checks: AllChecks = False,
    ) -> str:
        """Run a whole release: lint, the app's types and tests beside build and smoke, then push, rollout, report."""
        with exit_codes():
            whose = replace(
                target(credentials or self.credentials, env, project, zone, group, repository, registry_credentials),
                by=by,
            )
            await deploy_runner.check_target(source, whose)
            where = await deploy_runner.destination(source, whose, commit, registry_token, latest=not no_latest)
            gated, flags = await _gated(source, all_checks, advisory=advisory), _flags(commit, timeout)
            made = await release.roll_out(gated, where, whose, flags, allow_stand_in=allow_stand_in)
            return f"{summary(made)}\n\n{made.report}"

    # Dagger CLIs from 0.21 on hide a function named `pipeline` (docs/decisions/0001).
    release = alias("release", pipeline)


async def _gated(source: dagger.Directory, all_checks: bool, *, advisory: bool = False) -> Gated:
    """Return what must pass before a release ships: the app's checks, with --all-checks those of every program."""
    programs = {program.name: program.paths for program in PROGRAMS if all_checks or program.name in SHIPPED}
    policy = {"judged": policy_checks.READS, "tools": policy_checks.TOOL_SOURCES} if all_checks else {}
    shipping = {"linted": checks.LINTED, "shipped": image.READS}
    parts = await keyed_by_content(source, {**shipping, **programs, **policy})
    judged = Policy(**{name: parts[name] for name in policy}) if all_checks else None
    gated = {name: parts[name] for name in programs}
    return Gated(source, parts["linted"], parts["shipped"], gated, judged, advisory)


async def _programs(source: dagger.Directory) -> Programs:
    return await keyed_by_content(source, {program.name: program.paths for program in PROGRAMS})


def _flags(commit: str, timeout: str) -> list[str]:
    return [*(["--commit", commit] if commit else []), *(["--timeout", timeout] if timeout else [])]
