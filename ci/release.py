"""A release: the gates, then the push, then the rollout; nothing is pushed before every gate has passed."""

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import anyio
import dagger
from anyio.abc import TaskGroup

from ci import delivery, gates
from ci.concurrency import task_group
from ci.errors import GateError, NotAllowedError, PipelineError, RefusedError
from ci.gates import Gated
from ci.stages import Stage, run_stage
from ci.steps import base, check, image, registry
from ci.steps.registry import Destination
from ci.steps.rollout import Target


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


@dataclass(frozen=True)
class Release:
    """
    What one run made.

    Args:
        stages: In the order of the run.
        published: What was pushed.
        report: What deploy printed; empty where nothing was rolled out.
    """

    stages: tuple[Stage, ...]
    published: Published
    report: str = ""


async def publish(gated: Gated, where: Destination, *, allow_stand_in: bool) -> Release:
    """
    Push the image once every gate has passed.

    Args:
        gated: What must pass.
        where: The destination.
        allow_stand_in: Push what was built on stand-in images to any registry.

    Raises:
        PipelineError: As of `gates.run` and `push`.
    """
    async with task_group() as group:
        _start_preparing(group, gated.source, ["deploy"] if where.logins else [], where)
        built, stages = await gates.run(gated)
        published, pushed = await _push_stage(built, gated.source, where, allow_stand_in=allow_stand_in)
    return Release((*stages, pushed), published)


async def roll_out(
    gated: Gated, where: Destination, target: Target, flags: list[str], *, allow_stand_in: bool
) -> Release:
    """
    Push the image once every gate has passed, then roll it out.

    Args:
        gated: What must pass.
        where: The destination of the image.
        target: Group and credentials.
        flags: Flags of deploy.
        allow_stand_in: Push what was built on stand-in images to any registry.

    Raises:
        PipelineError: As of `gates.run`, `push` and `delivery.deploy`.
    """
    source = gated.source
    async with task_group() as group:
        group.start_soon(_forget_report, source, target)
        _start_preparing(group, source, ["deploy", *(["emulator"] if target.is_local else [])], where)
        built, stages = await gates.run(gated)
        published, pushed = await _push_stage(built, source, where, allow_stand_in=allow_stand_in)
    rollout = delivery.deploy(source, target, published.reference, flags, (published.reference, built))
    report, seconds = await run_stage("deploy", rollout)
    return Release((*stages, pushed, Stage("deploy", seconds, (f"to {target.env}",))), published, report)


async def push(
    built: dagger.Container,
    source: dagger.Directory,
    where: Destination,
    service: dagger.Service | None,
    run_id: str,
) -> dict[str, Any]:
    """
    Run inside/push.py.

    Raises:
        RefusedError: The registry may not be sent the login that was given.
        NotAllowedError: The registry does not accept the credentials.
        GateError: The push failed.
    """
    tools, app = await check.project(source, "deploy"), await check.project(source, ".")
    try:
        return dict(json.loads(await registry.push(built, source, where, service, run_id, tools, app).stdout()))
    except dagger.ExecError as error:
        kinds: dict[int, type[PipelineError]] = {kind.exit_code: kind for kind in (RefusedError, NotAllowedError)}
        kind = kinds.get(error.exit_code, GateError)
        raise kind(f"publish: {where.name} was not pushed: {error.stderr}".rstrip()) from error


async def _push_stage(
    built: dagger.Container, source: dagger.Directory, where: Destination, *, allow_stand_in: bool
) -> tuple[Published, Stage]:
    """Push, unless the image is built on a stand-in and the destination is a real registry, which is refused."""

    async def push_allowed() -> dict[str, Any]:
        registry.refuse_stand_in(where, await built.label(image.STAND_IN_LABEL), allowed=allow_stand_in)
        return await push(built, source, where, _service(where), uuid.uuid4().hex)

    pushed, seconds = await run_stage("publish", push_allowed())
    published = Published(where.name, pushed["digest"], tuple(pushed["tags"]), pushed["size_bytes"])
    return published, Stage("publish", seconds, (f"tags {', '.join(published.tags)}",))


def _start_preparing(group: TaskGroup, source: dagger.Directory, projects: list[str], where: Destination) -> None:
    """
    Start to build, beside the gates, what the push and the rollout run in; start the embedded registry.

    A failure is left to the stage that needs it, so that the gates still end and report theirs. The emulator is not
    started here: it would keep other calls from the local environment as long as the gates run.

    Args:
        group: Runs it.
        source: The repository.
        projects: Names of the projects whose environments are needed.
        where: The destination of the image.
    """

    async def build_environment(name: str) -> None:
        with suppress(dagger.QueryError):
            await check.environment(await check.project(source, name), base.PYTHON, dev=False).sync()

    async def start_registry() -> None:
        service = _service(where)
        with suppress(dagger.QueryError):
            await (base.registry_tools().sync() if service is None else service.start())

    group.start_soon(start_registry)
    for name in projects:
        group.start_soon(build_environment, name)


async def _forget_report(source: dagger.Directory, target: Target) -> None:
    """Delete the report of the last run, to its end also when a gate fails."""
    with anyio.CancelScope(shield=True):
        await delivery.forget_report(source, target)


def _service(where: Destination) -> dagger.Service | None:
    return registry.embedded(where.volumes) if where.is_embedded else None
