"""The verbs that look at a group, or change what it serves: each says what `python -m deploy` is told."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar

from dagger import Doc, function

from ci import deploy_runner
from ci.environments import LOCAL
from ci.errors import RefusedError, exit_codes
from ci.inputs import Source
from ci.options import (
    By,
    Commit,
    Credentials,
    Env,
    Format,
    Group,
    Project,
    RegistryCredentials,
    Repository,
    Timeout,
    Zone,
    refuse_odd_name,
)
from ci.steps import registry
from ci.steps.accessory import Update
from ci.steps.deployer import Target

P = ParamSpec("P")
R = TypeVar("R")


def effect(method: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Register a function that reads or changes the world: its body runs in every call. Dagger's types lack `cache`."""
    return function(cache="never")(method)  # type: ignore[call-overload,no-any-return]


def target(
    credentials: Credentials,
    env: Env = LOCAL,
    project: Project = "",
    zone: Zone = "",
    group: Group = "",
    repository: Repository = "",
    registry_credentials: RegistryCredentials = None,
) -> Target:
    """
    Return which group is meant, by what a person typed.

    Raises:
        RefusedError: the repository or a name is not of its form
    """
    for flag, value in (("--project", project), ("--zone", zone), ("--group", group)):
        refuse_odd_name(flag, value)
    name = registry.name(repository) if repository else ""
    return Target(env, credentials, project, zone, group, name, registry_credentials=registry_credentials)


def verb(told: Callable[Concatenate[Any, P], list[str]]) -> Callable[..., Awaitable[str]]:
    """Register a verb of deploy: it takes its own arguments and those of `target`, and returns what deploy prints."""
    own, which = inspect.signature(told).parameters, inspect.signature(target).parameters

    @functools.wraps(told)
    async def run(self: "Rollouts", *given: Any, source: Source, **named: Any) -> str:
        with exit_codes():
            named["credentials"] = named.get("credentials") or self.credentials
            whose = target(**{name: named.pop(name) for name in which if name in named})
            return await deploy_runner.run(source, whose, told(self, *given, **named))

    keyword = inspect.Parameter.KEYWORD_ONLY
    named_only = [inspect.Parameter("source", keyword, annotation=Source), *which.values()]
    parameters = [*own.values(), *(parameter.replace(kind=keyword) for parameter in named_only)]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {**told.__annotations__, **target.__annotations__, "source": Source, "return": str}
    return effect(run)


def alias(name: str, method: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Register a verb under a second name: the arguments, the help text and the body are those of `method`."""

    @functools.wraps(method)
    async def run(*args: P.args, **named: P.kwargs) -> R:
        return await method(*args, **named)

    run.__name__ = name
    return effect(run)


class Rollouts:
    """What `python -m deploy` does, as verbs of the module."""

    credentials: Credentials

    @verb
    def plan(
        self,
        image: Annotated[str, Doc("release to serve, HOST/PATH@sha256:DIGEST or HOST/PATH:TAG")],
        shape: Format = "text",
        exit_code: Annotated[bool, Doc("end with 2 if there is something to do")] = False,
        commit: Commit = "",
        timeout: Timeout = "",
        by: By = "",
    ) -> list[str]:
        """Print what deploy with the same arguments would do to the group, field by field; write nothing."""
        record = [*(["--commit", commit] if commit else []), *(["--by", by] if by else [])]
        limits = [*(["--timeout", timeout] if timeout else []), *(["--exit-code"] if exit_code else [])]
        return ["plan", "--image", image, "--format", shape, *record, *limits]

    @verb
    def rollback(
        self,
        to: Annotated[str, Doc("template, digest or commit (default: the last good release before)")] = "",
        force: Annotated[bool, Doc("allow a release that never was healthy")] = False,
        timeout: Timeout = "",
        shape: Format = "text",
    ) -> list[str]:
        """Go back to a release that was good, as fast as the group can."""
        chosen = [*(["--to", to] if to else []), *(["--force"] if force else [])]
        return ["rollback", "--format", shape, *chosen, *(["--timeout", timeout] if timeout else [])]

    @verb
    def status(self, shape: Format = "text") -> list[str]:
        """Say what the group serves, what each machine does, and what has drifted."""
        return ["status", "--format", shape]

    @verb
    def history(self, shape: Format = "text") -> list[str]:
        """List the releases of the group, newest first."""
        return ["history", "--format", shape]

    @verb
    def report(self, shape: Format = "text") -> list[str]:
        """Give the report of the last rollout again, also of one that failed."""
        return ["report", "--format", shape]

    @verb
    def reconcile(self, shape: Format = "text") -> list[str]:
        """Finish or undo what a call that died has left, and say which."""
        return ["reconcile", "--format", shape]

    @verb
    def prune(self, shape: Format = "text") -> list[str]:
        """Delete releases that nobody needs any more."""
        return ["prune", "--format", shape]

    @effect
    async def accessory(
        self,
        source: Source,
        name: Annotated[str, Doc("machine that cannot roll: vllm or chromadb")],
        env: Annotated[str, Doc("dev or prod: the machine is reached over IAP")],
        *,
        credentials: Credentials,
        image: Annotated[str, Doc("image to serve, HOST/PATH@sha256:DIGEST or :TAG (default: the environment's)")] = "",
        rollback: Annotated[bool, Doc("go back to the image that served before")] = False,
        shape: Format = "text",
        by: By = "",
    ) -> str:
        """Update a single machine, vLLM's or ChromaDB's, and go back if it does not get ready."""
        with exit_codes():
            if env == LOCAL:
                raise RefusedError("--env: 'local' has no such machine. Fix: dev or prod")
            if image and rollback:
                raise RefusedError(f"--rollback: got --image '{image}', too. Fix: leave one of them out")
            return await deploy_runner.accessory(
                source, Update(name, env, credentials or self.credentials, image, rollback, shape, by)
            )
