"""The way of a release: gates beside build and smoke, both joined before anything is pushed."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import dagger
from opentelemetry import trace

from ci.concurrency import until_first_failure
from ci.errors import GateError, NotAllowedError, PipelineError, RefusedError
from ci.steps import check, fleet, image, registry
from ci.steps.base import TERRAFORM

_INSIDE = "ci/steps/inside"
Programs = Mapping[str, dagger.Directory]
R = TypeVar("R")


@dataclass(frozen=True)
class Stage:
    """
    One stage that ran.

    Args:
        name: Such as `lint`.
        seconds: From its start to its end.
        said: What it has to say in the summary, on one line.
        failure: Why it failed, with the tool's own output; empty where it did not.
    """

    name: str
    seconds: float
    said: str = ""
    failure: str = ""


@dataclass(frozen=True)
class Published:
    """
    An image in a registry.

    Args:
        name: Host and path.
        digest: `sha256:…`, as built, pushed and read back.
        tags: That point to it.
        size_bytes: Of its compressed layers and configuration.
    """

    name: str
    digest: str
    tags: tuple[str, ...]
    size_bytes: int

    @property
    def reference(self) -> str:
        """The one thing that is ever deployed."""
        return f"{self.name}@{self.digest}"


async def lint(source: dagger.Directory) -> str:
    """Run ruff and shellcheck."""
    return await _stdout("lint", check.lint(source, await check.project(source, "ci")))


async def types(source: dagger.Directory, programs: Programs) -> str:
    """Run mypy on every program, side by side."""
    return await _each("types", check.types, source, programs)


async def test(source: dagger.Directory, programs: Programs) -> str:
    """Run the tests of every program, side by side."""
    return await _each("tests", check.test, source, programs)


async def policy(source: dagger.Directory, judged: dagger.Directory, tools: dagger.Directory) -> str:
    """Run the rules over everything that is no Python."""
    try:
        await fleet.terraform().sync()
    except dagger.QueryError as error:
        raise GateError(
            f"policy: {TERRAFORM.reference} can't be had: {error}. "
            "Fix: where no registry is reached, install Terraform before the engine is set up (engine/README.md)"
        ) from error
    return await _stdout("policy", fleet.policy(judged, tools, await check.project(source, "policy")))


async def build(source: dagger.Directory) -> dagger.Container:
    """Build the image, to its end."""
    try:
        return await image.build(source).sync()
    except dagger.QueryError as error:
        raise GateError(f"build: {error}") from error


async def smoke(source: dagger.Directory, built: dagger.Container) -> str:
    """Start the image, ask for its health, and stop it; the first of the two that fails cancels the other."""
    programs, command = source.directory(_INSIDE), await built.default_args()
    stopped = _stdout("smoke, stopped by SIGTERM", image.smoke_lifecycle(built, programs, command))
    asked = _stdout("smoke, asked for its health", image.smoke_health(built, programs))
    return "\n".join(await until_first_failure(stopped, asked))


async def gates(
    source: dagger.Directory, programs: Programs, *, advisory: bool = False
) -> tuple[dagger.Container, tuple[Stage, ...]]:
    """
    Run the gates beside build and smoke.

    Args:
        source: The repository.
        programs: What the checks of each program read, by name.
        advisory: Report failures of lint, types and tests, and go on.

    Returns:
        The built image, and the stages in the order of the way.

    Raises:
        GateError: With every failure, not only the first.
    """
    built: list[dagger.Container] = []

    async def image_build() -> str:
        built.append(await build(source))
        return ""

    async def build_and_smoke() -> list[Stage]:
        building = await _stage("build", image_build())
        if building.failure:
            return [building]
        return [building, await _stage("smoke", smoke(source, built[0]))]

    *checked, shipped = await asyncio.gather(
        _stage("lint", lint(source)),
        _stage("types", types(source, programs)),
        _stage("test", test(source, programs)),
        build_and_smoke(),
    )
    stages = (*checked, *shipped)
    judged = shipped if advisory else stages
    failures = [stage.failure for stage in judged if stage.failure]
    if failures:
        names = ", ".join(stage.name for stage in judged if stage.failure)
        raise GateError("\n\n".join([*failures, f"nothing was pushed; failed: {names}"]))
    return built[0], stages


async def publish(
    source: dagger.Directory,
    built: dagger.Container,
    where: registry.Destination,
    run_id: str,
    *,
    allow_stand_in: bool,
) -> Published:
    """
    Push the image, and read its digest back.

    Raises:
        RefusedError: It is built on a stand-in, and the destination is a real registry; or the registry may not be sent
            the login that was given.
        NotAllowedError: The registry does not accept the credentials.
        GateError: The push failed.
    """
    registry.refuse_stand_in(where, await built.label(image.STAND_IN_LABEL), allowed=allow_stand_in)
    embedded = registry.embedded() if where.is_embedded else None
    pushed = await push(built, source, where, embedded, run_id)
    return Published(where.name, pushed["digest"], tuple(pushed["tags"]), pushed["size_bytes"])


async def push(
    built: dagger.Container,
    source: dagger.Directory,
    where: registry.Destination,
    service: dagger.Service | None,
    run_id: str,
) -> dict[str, Any]:
    """Run inside/push.py, and give its failure a class."""
    tools, app = await check.project(source, "deploy"), await check.project(source, ".")
    try:
        return dict(json.loads(await registry.push(built, source, where, service, run_id, tools, app).stdout()))
    except dagger.ExecError as error:
        kinds: dict[int, type[PipelineError]] = {kind.exit_code: kind for kind in (RefusedError, NotAllowedError)}
        kind = kinds.get(error.exit_code, GateError)
        raise kind(f"publish: {where.name} was not pushed: {error.stderr}".rstrip()) from error


async def timed(name: str, work: Awaitable[R]) -> tuple[R, float]:
    """Do one stage's work, whose failure ends the way; returns what it came to and its seconds."""
    started_at = time.monotonic()
    with _span(name):
        done = await work
    return done, time.monotonic() - started_at


async def _stage(name: str, work: Awaitable[str]) -> Stage:
    started_at = time.monotonic()
    try:
        with _span(name):
            said = await work
    except PipelineError as error:
        return Stage(name, time.monotonic() - started_at, failure=str(error))
    lines = said.strip().splitlines()
    return Stage(name, time.monotonic() - started_at, said=lines[-1] if lines else "")


async def _each(
    kind: str,
    step: Callable[[dagger.Directory, check.Program, check.Project], dagger.Container],
    source: dagger.Directory,
    programs: Programs,
) -> str:
    """Run one step for every program."""

    async def of(name: str) -> str:
        program = check.PROGRAM[name]
        tools = await check.project(source, program.project)
        return await _stdout(f"{kind} of {name}", step(programs[name], program, tools))

    return await _all(*map(of, programs))


async def _stdout(gate: str, container: dagger.Container) -> str:
    try:
        return await container.stdout()
    except dagger.ExecError as error:
        output = "\n".join(text for text in (error.stdout, error.stderr) if text)
        raise GateError(f"{gate}: failed with code {error.exit_code}\n{output}") from error
    except dagger.QueryError as error:
        raise GateError(f"{gate}: could not run\n{error}") from error


async def _all(*works: Awaitable[str]) -> str:
    """Await all, and raise one error with the texts of all that failed."""
    results = await asyncio.gather(*works, return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    unexpected = [failure for failure in failures if not isinstance(failure, GateError)]
    if unexpected:
        raise unexpected[0]
    if failures:
        raise GateError("\n\n".join(map(str, failures)))
    return "\n".join(str(result) for result in results)


def _span(name: str) -> Any:
    """A line of its own in dagger's progress."""
    return trace.get_tracer(__name__).start_as_current_span(name)
