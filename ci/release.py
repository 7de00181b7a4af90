"""A release: the gates, then the push, then the rollout; nothing is pushed before every gate has passed."""

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import anyio
import dagger
from anyio.abc import TaskGroup

from ci import deploy_runner, gates
from ci.concurrency import task_group
from ci.errors import GateError, NotAllowedError, PipelineError, RefusedError
from ci.gates import Gated
from ci.stages import Stage, run_stage
from ci.steps import base, image, python_checks, registry
from ci.steps.deployer import Target
from ci.steps.registry import Destination


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
class Layout:
    """
    What is pushed.

    Args:
        folder: OCI layouts of the image and of its bill of materials, as scripts/oci_layout.py makes them.
        digest: digest of the image, `sha256:…`
    """

    folder: dagger.Directory
    digest: str


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
        PipelineError: a gate or the push failed
    """
    async with task_group() as group:
        _start_preparing(group, gated.source, ["deploy"] if where.logins else [], where)
        built, stages = await gates.run(gated)
        await _refuse_stand_in(built, where, allowed=allow_stand_in)
        published, pushed = await _push_stage(await lay_out(built, gated.source, where), gated.source, where)
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
        PipelineError: a gate, the push or the rollout failed
    """
    source = gated.source
    async with task_group() as beside_push_and_rollout:
        async with task_group() as before_rollout:
            before_rollout.start_soon(_forget_report, source, target)
            _start_preparing(before_rollout, source, ["deploy", *(["emulator"] if target.is_local else [])], where)
            built, stages = await gates.run(gated)
            await _refuse_stand_in(built, where, allowed=allow_stand_in)
            laid_out = await lay_out(built, source, where)
            release = (f"{where.name}@{laid_out.digest}", built)
            if target.is_local:
                beside_push_and_rollout.start_soon(_start_emulator, source, target, release)
            published, pushed = await _push_stage(laid_out, source, where)
        rollout = deploy_runner.deploy(source, target, published.reference, flags, release)
        report, seconds = await run_stage("deploy", rollout)
    return Release((*stages, pushed, Stage("deploy", seconds, (f"to {target.env}",))), published, report)


async def lay_out(built: dagger.Container, source: dagger.Directory, where: Destination) -> Layout:
    """
    Lay out an image and its bill of materials for the push; the digest is known before it.

    Raises:
        GateError: The image cannot be laid out, as when it has no Python.
    """
    layout = registry.layout(built, source, where.name, await python_checks.project(source, "."))
    try:
        return Layout(layout.directory(registry.LAYOUT), json.loads(await layout.stdout())["digest"])
    except dagger.QueryError as error:
        text = error.stderr if isinstance(error, dagger.ExecError) else str(error)
        raise GateError(f"publish: {where.name} was not pushed: {text}".rstrip()) from error


async def push(
    laid_out: Layout, source: dagger.Directory, where: Destination, service: dagger.Service | None, run_id: str
) -> dict[str, Any]:
    """
    Run scripts/push.py.

    Raises:
        RefusedError: The registry may not be sent the login that was given.
        NotAllowedError: The registry does not accept the credentials.
        GateError: The push failed.
    """
    tools = await python_checks.project(source, "deploy")
    try:
        pushing = registry.push(laid_out.folder, source, where, service, run_id, tools)
        return dict(json.loads(await pushing.stdout()))
    except dagger.ExecError as error:
        kinds: dict[int, type[PipelineError]] = {kind.exit_code: kind for kind in (RefusedError, NotAllowedError)}
        kind = kinds.get(error.exit_code, GateError)
        raise kind(f"publish: {where.name} was not pushed: {error.stderr}".rstrip()) from error


async def _refuse_stand_in(built: dagger.Container, where: Destination, *, allowed: bool) -> None:
    """Refuse an image that is built on a stand-in where the destination is a real registry."""
    registry.refuse_stand_in(where, await built.label(image.STAND_IN_LABEL), allowed=allowed)


async def _push_stage(laid_out: Layout, source: dagger.Directory, where: Destination) -> tuple[Published, Stage]:
    pushing = push(laid_out, source, where, _service(where), uuid.uuid4().hex)
    pushed, seconds = await run_stage("publish", pushing)
    published = Published(where.name, pushed["digest"], tuple(pushed["tags"]), pushed["size_bytes"])
    return published, Stage("publish", seconds, (f"tags {', '.join(published.tags)}",))


def _start_preparing(group: TaskGroup, source: dagger.Directory, projects: list[str], where: Destination) -> None:
    """
    Start, beside the gates, to build what is pushed and what the push and the rollout run in; start the registry.

    A failure is left to the stage that needs it, so that the gates still end and report theirs. The emulator is not
    started here: other calls would wait for the local environment as long as the gates run.

    Args:
        group: task group that runs the work
        source: The repository.
        projects: Names of the projects whose environments are needed.
        where: The destination of the image.
    """

    async def build_environment(name: str) -> None:
        with suppress(dagger.QueryError):
            await python_checks.environment(await python_checks.project(source, name), base.PYTHON, dev=False).sync()

    async def start_registry() -> None:
        service = _service(where)
        with suppress(dagger.QueryError):
            await (base.registry_tools().sync() if service is None else service.start())

    async def prepare_layout() -> None:
        with suppress(dagger.QueryError, GateError):
            await lay_out(image.build(source), source, where)

    group.start_soon(start_registry)
    group.start_soon(prepare_layout)
    for name in projects:
        group.start_soon(build_environment, name)


async def _start_emulator(source: dagger.Directory, target: Target, release: tuple[str, dagger.Container]) -> None:
    """Start the emulator beside the push; a failure does not cancel the push, because the rollout reports it again."""
    with suppress(RefusedError):
        await deploy_runner.start_emulator(source, target, release)


async def _forget_report(source: dagger.Directory, target: Target) -> None:
    """Delete the report of the last run, to its end also when a gate fails."""
    with anyio.CancelScope(shield=True):
        await deploy_runner.forget_report(source, target)


def _service(where: Destination) -> dagger.Service | None:
    return registry.embedded(where.volumes) if where.is_embedded else None
