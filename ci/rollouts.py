"""The verbs that look at a group, or change what it serves."""

from collections.abc import Awaitable, Callable
from typing import Annotated, ParamSpec, TypeVar

import dagger
from dagger import Doc, function

from ci import delivery
from ci.arguments import By, Credentials, Env, Format, Group, Project, Repository, Timeout, Zone
from ci.environments import LOCAL
from ci.errors import exit_codes
from ci.steps import registry
from ci.steps.rollout import Target

P = ParamSpec("P")
R = TypeVar("R")


def effect(method: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Register a function that reads or changes the world: its body runs in every call. Dagger's types lack `cache`."""
    return function(cache="never")(method)  # type: ignore[call-overload,no-any-return]


def target(
    env: str, credentials: dagger.Secret | None, project: str, zone: str, group: str, repository: str, by: str = ""
) -> Target:
    """
    Return which group is meant, by what a person typed.

    Raises:
        RefusedError: The repository is not of its form.
    """
    return Target(env, credentials, project, zone, group, registry.name(repository) if repository else "", by)


class Rollouts:
    """What `python -m deploy` does, as verbs of the module."""

    source: dagger.Directory

    @effect
    async def plan(
        self,
        image: Annotated[str, Doc("release to serve, HOST/PATH@sha256:DIGEST or HOST/PATH:TAG")],
        env: Env = LOCAL,
        credentials: Credentials = None,
        project: Project = "",
        zone: Zone = "",
        group: Group = "",
        repository: Repository = "",
        shape: Format = "text",
        exit_code: Annotated[bool, Doc("end with 2 if there is something to do")] = False,
    ) -> str:
        """Say what deploy would do to the group, field by field; write nothing."""
        flags = ["--exit-code"] if exit_code else []
        with exit_codes():
            where = target(env, credentials, project, zone, group, repository)
            return await delivery.run(self.source, where, ["plan", "--image", image, "--format", shape, *flags])

    @effect
    async def rollback(
        self,
        to: Annotated[str, Doc("template, digest or commit (default: the last good release before)")] = "",
        force: Annotated[bool, Doc("allow a release that never was healthy")] = False,
        timeout: Timeout = "",
        env: Env = LOCAL,
        credentials: Credentials = None,
        project: Project = "",
        zone: Zone = "",
        group: Group = "",
        repository: Repository = "",
        shape: Format = "text",
        by: By = "",
    ) -> str:
        """Go back to a release that was good, as fast as the group can."""
        flags = [*(["--to", to] if to else []), *(["--force"] if force else [])]
        flags += ["--timeout", timeout] if timeout else []
        with exit_codes():
            where = target(env, credentials, project, zone, group, repository, by)
            return await delivery.run(self.source, where, ["rollback", "--format", shape, *flags])

    @effect
    async def status(
        self,
        env: Env = LOCAL,
        credentials: Credentials = None,
        project: Project = "",
        zone: Zone = "",
        group: Group = "",
        repository: Repository = "",
        shape: Format = "text",
    ) -> str:
        """Say what the group serves, what each machine does, and what has drifted."""
        with exit_codes():
            where = target(env, credentials, project, zone, group, repository)
            return await delivery.run(self.source, where, ["status", "--format", shape])

    @effect
    async def history(
        self,
        env: Env = LOCAL,
        credentials: Credentials = None,
        project: Project = "",
        zone: Zone = "",
        group: Group = "",
        repository: Repository = "",
        shape: Format = "text",
    ) -> str:
        """List the releases of the group, newest first."""
        with exit_codes():
            where = target(env, credentials, project, zone, group, repository)
            return await delivery.run(self.source, where, ["history", "--format", shape])

    @effect
    async def report(
        self,
        env: Env = LOCAL,
        credentials: Credentials = None,
        project: Project = "",
        zone: Zone = "",
        group: Group = "",
        repository: Repository = "",
        shape: Format = "text",
    ) -> str:
        """Give the report of the last rollout again, also of one that failed."""
        with exit_codes():
            where = target(env, credentials, project, zone, group, repository)
            return await delivery.run(self.source, where, ["report", "--format", shape])

    @effect
    async def reconcile(
        self,
        env: Env = LOCAL,
        credentials: Credentials = None,
        project: Project = "",
        zone: Zone = "",
        group: Group = "",
        repository: Repository = "",
        shape: Format = "text",
    ) -> str:
        """Finish or undo what a call that died has left, and say which."""
        with exit_codes():
            where = target(env, credentials, project, zone, group, repository)
            return await delivery.run(self.source, where, ["reconcile", "--format", shape])

    @effect
    async def prune(
        self,
        env: Env = LOCAL,
        credentials: Credentials = None,
        project: Project = "",
        zone: Zone = "",
        group: Group = "",
        repository: Repository = "",
        shape: Format = "text",
    ) -> str:
        """Delete releases that nobody needs any more."""
        with exit_codes():
            where = target(env, credentials, project, zone, group, repository)
            return await delivery.run(self.source, where, ["prune", "--format", shape])

    @effect
    async def reset_local(self) -> str:
        """Forget the local environment: its group, its releases, its registry."""
        with exit_codes():
            return await delivery.forget()
