"""Rollouts: `python -m deploy` in its container, and for the local environment the emulator that it talks to."""

import re
import uuid
from dataclasses import replace
from typing import Final

import dagger
from dagger import dag

from ci import application_file, credentials, environments, local_seed, spans
from ci.application import Application, read_text
from ci.destination import without_tag
from ci.environments import Environment
from ci.errors import DeployError, RefusedError
from ci.options import Options
from ci.services import serving
from ci.steps import deployer, emulator, image, registry
from ci.steps.deployer import Rehearsal
from ci.steps.environment import read_project
from ci.steps.local_volumes import LocalVolumes

PLAN_DIFFERS: Final = 2
_SHIPPED_SEED: Final = re.compile(r"[a-z0-9-]+")  # no path has this form, because a seed file ends in .yaml
Built = tuple[str, dagger.Container]


async def run(options: Options, arguments: list[str], built: Built | None = None) -> str:
    """
    Run a verb of deploy.

    Args:
        options: options of the call
        arguments: the verb and its own flags
        built: for the local environment, the reference and the image behind the instances of a new release

    Returns:
        Its stdout: the report, and nothing else.

    Raises:
        DeployError: deploy ended with another code than 0
        RefusedError: the local environment could not start, as when another call holds it for too long
    """
    options = replace(await checked(options), module=await _module(options))
    project = await read_project(options.tools, "deploy")
    rehearsal = await _rehearsal(options, built) if options.is_local else None
    container = deployer.deploy(project, options, arguments, uuid.uuid4().hex, rehearsal)
    try:
        async with serving(*(rehearsal.services if rehearsal else ())):
            with spans.live_output():
                code = await container.exit_code()
            stdout, stderr = await container.stdout(), await container.stderr()
    except dagger.QueryError as error:
        # No exit code of the command raises here, so its container or a bound service failed.
        raise _not_started(error, options) from error
    if code == 0:
        return stdout
    # A plan that differs is printed on stdout; every other code has its report on stderr.
    raise DeployError(code, (stdout if code == PLAN_DIFFERS else "") or stderr)


async def start_emulator(options: Options, built: Built) -> None:
    """Start the emulator and the container behind its instances, for `run` with the same image; errors as of `run`."""
    try:
        await (await _rehearsal(options, built)).emulator.start()
    except dagger.QueryError as error:
        raise _not_started(error, options) from error


async def deploy(options: Options, reference: str, flags: list[str], built: Built | None) -> str:
    """Roll a release out; arguments, result and errors as of `run`."""
    return await run(options, ["deploy", "--image", reference, *flags], built)


async def checked(options: Options) -> Options:
    """
    Refuse what can be refused before any work: the name of the environment first, then the credentials.

    Returns:
        The options with the credentials that a rollout uses: none in the local environment, even if a file was passed;
        and no token of Prometheus if it is empty.

    Raises:
        RefusedError: there is no such environment
        NotAllowedError: credentials are missing, or cannot be read
    """
    await environments.refuse_unknown(options.environment_files, options.env)
    google = None if options.is_local else await credentials.given_credentials(options.credentials)
    if not options.is_local:
        credentials.refuse_missing(options.env, google)
    await credentials.refuse_unreadable("--credentials", google)
    await credentials.refuse_unreadable("--registry-credentials", options.registry_credentials)
    token = await credentials.given_token("--prometheus-token", options.prometheus_token)
    return replace(options, credentials=google, prometheus_token=token)


async def pull(options: Options, reference: str) -> Built | None:
    """
    Pull an image from the embedded registry, to stand behind instances; None where the registry does not have it.

    deploy itself refuses an image that is not in the registry, as it does with any other registry.
    """
    volumes = volumes_of(await local_environment(options.environment_files, options.project, options.group))
    container = registry.pulled(reference, volumes, uuid.uuid4().hex)
    try:
        if await container.exit_code() != 0:
            return None
    except dagger.QueryError as error:
        raise _not_started(error, options) from error
    archive, digest = container.file("/image.tar"), (await container.stdout()).strip()
    return f"{without_tag(reference)}@{digest}", dag.container(platform=image.PLATFORM).import_(archive)


async def delete_report(options: Options) -> None:
    """Delete the report of the group's last run, so that `report` prints this run's or what the group shows."""
    env = await environments.read(options.environment_files, options.env)
    location = options.zone or options.region or env.location
    names = (options.project or env.project, location, options.group or env.group)
    volumes = LocalVolumes(names[0], names[2]) if options.is_local else None
    await deployer.delete_report(options.env, names, volumes, uuid.uuid4().hex).sync()


async def local_environment(files: dagger.Directory, project: str = "", group: str = "") -> Environment:
    """
    Return the local environment.

    Args:
        files: folder of the environment files
        project: project instead of that of environments/local.yaml; empty for that of the file
        group: group instead of that of environments/local.yaml; empty for that of the file

    Raises:
        RefusedError: the file cannot be read
    """
    env = await environments.read(files, environments.LOCAL)
    return replace(env, project=project or env.project, group=group or env.group)


async def seed_text(
    source: dagger.Directory, tools: dagger.Directory, application: Application, local: Environment
) -> str:
    """
    Return the seed of the emulator: a file of the source, one that the emulator ships, or a group for the application.

    Raises:
        RefusedError: the file that delivery.yaml names cannot be read
    """
    if not application.seed:
        return local_seed.text(local, application)
    fix = "correct 'seed' of delivery.yaml: a path in the source, or the name of a file in emulator/seeds"
    if _SHIPPED_SEED.fullmatch(application.seed):
        return await read_text(tools, f"emulator/seeds/{application.seed}.yaml", fix)
    return await read_text(source, application.seed, fix)


async def _module(options: Options) -> str:
    """Return what a person types behind -m: a placeholder where the source has no `./daggerw` to call instead."""
    if options.module or "daggerw" in await options.source.entries():
        return options.module
    return "MODULE"


def _not_started(error: dagger.QueryError, options: Options) -> RefusedError:
    subject = "the local environment" if options.is_local else "deploy: the group is unchanged, because its container"
    return RefusedError(f"{subject} did not start: {getattr(error, 'stderr', '') or error}")


async def _rehearsal(options: Options, built: Built | None) -> Rehearsal:
    project = await read_project(options.tools, "emulator")
    application = await application_file.read(options.source)
    local = await local_environment(options.environment_files, options.project, options.group)
    volumes, seed = volumes_of(local), await seed_text(options.source, options.tools, application, local)
    if built is None:
        return Rehearsal(emulator.service(options.tools, project, volumes, seed, is_open=False), volumes)
    reference, container = built
    instance = emulator.instance(container, application, reference)
    service = emulator.service(options.tools, project, volumes, seed, is_open=False, release=instance)
    return Rehearsal(service, volumes, f"{reference}={emulator.health_url(application)}")


def volumes_of(local: Environment) -> LocalVolumes:
    """Return the cache volumes of a local environment."""
    return LocalVolumes(local.project, local.group)
