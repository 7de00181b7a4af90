"""A release: the gates, then the push, then the rollout; nothing is pushed before every gate has passed."""

from contextlib import suppress
from dataclasses import dataclass

import anyio
import dagger
from anyio.abc import TaskGroup

from ci import deploy_runner, gates, publish
from ci.concurrency import task_group
from ci.destination import Destination, refuse_stand_in
from ci.errors import GateError, RefusedError
from ci.gates import Gated
from ci.options import Options
from ci.publish import Layout, Published
from ci.stages import Stage, run_stage
from ci.steps import base, environment, image


@dataclass(frozen=True)
class Release:
    """
    The result of a run.

    Args:
        stages: stages in the order of the run
        published: the pushed image
        report: report that deploy printed; empty where nothing was rolled out
    """

    stages: tuple[Stage, ...]
    published: Published
    report: str = ""


async def publish_image(gated: Gated, destination: Destination, options: Options) -> Release:
    """
    Push the image once every gate has passed.

    Args:
        gated: files that the gates read
        destination: destination of the image
        options: options of the call

    Raises:
        PipelineError: a gate or the push failed
    """
    async with task_group() as group:
        _start_preparing(group, gated, ["deploy"] if destination.logins else [], destination, options)
        stages, layout, _ = await _gate(gated, destination, options)
        published, stage = await publish.push_image(layout, options, destination)
    return Release((*stages, stage), published)


async def roll_out(gated: Gated, destination: Destination, options: Options) -> Release:
    """
    Push the image once every gate has passed, then roll it out; arguments and errors as of `publish_image`.

    Raises:
        PipelineError: a gate, the push or the rollout failed
    """
    projects = ["deploy", *(["emulator"] if options.is_local else [])]
    async with task_group() as beside_push_and_rollout:
        async with task_group() as before_rollout:
            before_rollout.start_soon(_delete_report, options)
            _start_preparing(before_rollout, gated, projects, destination, options)
            stages, layout, container = await _gate(gated, destination, options)
            built = (f"{destination.name}@{layout.digest}", container)
            if options.is_local:
                beside_push_and_rollout.start_soon(_start_emulator, options, built)
            published, stage = await publish.push_image(layout, options, destination)
        flags = options.flags("commit", "timeout", "format", "long")
        work = deploy_runner.deploy(options, published.reference, flags, built)
        report, seconds = await run_stage("deploy", work)
    return Release((*stages, stage, Stage("deploy", seconds, (f"to {options.env}",))), published, report)


async def _gate(
    gated: Gated, destination: Destination, options: Options
) -> tuple[tuple[Stage, ...], Layout, dagger.Container]:
    """Run the gates; return their stages, and the image with its layout."""
    built, stages = await gates.run(gated)
    refuse_stand_in(destination, await image.stand_in(built), is_allowed=options.allow_stand_in)
    return stages, await publish.lay_out(built, gated.source, gated.application, destination.name), built


def _start_preparing(
    group: TaskGroup, gated: Gated, projects: list[str], destination: Destination, options: Options
) -> None:
    """
    Start to lay out the image, to build the environments of the push and the rollout, and the registry.

    A failure is left to the stage that needs the result, so that the gates still end and report theirs. The emulator is
    not started here: other calls would wait for the local environment as long as the gates run.

    Args:
        group: task group that runs the work
        gated: files that the gates read
        projects: names of the projects whose environments are needed
        destination: destination of the image
        options: options of the call
    """

    async def build_environment(name: str) -> None:
        with suppress(dagger.QueryError):
            project = await environment.read_project(options.tools, name)
            await environment.environment(project, base.PYTHON, dev=False).sync()

    async def start_registry() -> None:
        service = publish.embedded_registry(destination)
        with suppress(dagger.QueryError):
            await (base.registry_tools().sync() if service is None else service.start())

    async def prepare_layout() -> None:
        with suppress(dagger.QueryError, GateError, RefusedError):
            built = image.build(gated.context, gated.application)
            await publish.lay_out(built, gated.source, gated.application, destination.name)

    group.start_soon(start_registry)
    group.start_soon(prepare_layout)
    for name in projects:
        group.start_soon(build_environment, name)


async def _start_emulator(options: Options, built: tuple[str, dagger.Container]) -> None:
    """Start the emulator beside the push; a failure does not cancel the push, because the rollout reports it again."""
    with suppress(RefusedError):
        await deploy_runner.start_emulator(options, built)


async def _delete_report(options: Options) -> None:
    """Delete the report of the last run, to its end also when a gate fails."""
    with anyio.CancelScope(shield=True):
        await deploy_runner.delete_report(options)
