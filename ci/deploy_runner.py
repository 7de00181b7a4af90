"""From an image to machines: `python -m deploy`, and for the local environment the emulator that it talks to."""

import uuid
from dataclasses import replace

import dagger
from dagger import dag

from ci import environments, spans
from ci.credentials import VARIABLE, passed_credentials, refuse_unreadable
from ci.errors import DeployError, NotAllowedError, RefusedError
from ci.services import serving
from ci.steps import accessory as accessories
from ci.steps import deployer, emulator, image, python_checks, registry
from ci.steps.accessory import Update
from ci.steps.deployer import Rehearsal, Target
from ci.steps.local_volumes import LocalVolumes

PLAN_DIFFERS = 2
Built = tuple[str, dagger.Container]


async def run(source: dagger.Directory, target: Target, args: list[str], built: Built | None = None) -> str:
    """
    Run one verb of deploy.

    Args:
        source: The repository.
        target: Group and credentials.
        args: The verb and its own flags.
        built: For the local environment, the reference and the image that stand behind the machines of a new release.

    Returns:
        Its stdout: the report, and nothing else.

    Raises:
        DeployError: It ended with another code than 0.
        RefusedError: The local environment could not be started, as when another call holds it for too long.
    """
    target = await check_target(source, target)
    tools = await python_checks.project(source, "deploy")
    rehearsing = await _rehearsal(source, target, built) if target.is_local else None
    ran = deployer.deploy(source, tools, target, args, uuid.uuid4().hex, rehearsing)
    try:
        async with serving(*(rehearsing.services if rehearsing else ())):
            with spans.live_output():
                code = await ran.exit_code()
            stdout, stderr = await ran.stdout(), await ran.stderr()
    except dagger.QueryError as error:
        # No exit code of the command raises here, so its container or a bound service failed.
        raise _not_started(error, target) from error
    if code == 0:
        return stdout
    # A plan that differs is told as a plan; every other code has its report on stderr.
    raise DeployError(code, (stdout if code == PLAN_DIFFERS else "") or stderr)


async def start_emulator(source: dagger.Directory, target: Target, built: Built) -> None:
    """Start the emulator and the container behind its instances, for `run` with the same image; errors as of `run`."""
    try:
        await (await _rehearsal(source, target, built)).emulator.start()
    except dagger.QueryError as error:
        raise _not_started(error, target) from error


async def deploy(
    source: dagger.Directory,
    target: Target,
    reference: str,
    flags: list[str],
    built: Built | None,
) -> str:
    """Roll a release out; arguments, result and errors as of `run`."""
    return await run(source, target, ["deploy", "--image", reference, *flags], built)


async def destination(
    source: dagger.Directory, target: Target, commit: str, token: dagger.Secret | None, *, latest: bool
) -> registry.Destination:
    """
    Return where the image of an environment goes; what can be refused, is, before any work.

    Args:
        source: The repository.
        target: Environment, repository and credentials.
        commit: Becomes the first tag; empty for one by the digest.
        token: Access token for the registry.
        latest: Whether the tag `latest` follows.

    Raises:
        RefusedError: The commit is not of its form, or the environment's file cannot be read.
        NotAllowedError: It is a real environment, and nothing was given to log in with; or a secret cannot be read.
    """
    tags = registry.tags(commit, latest=latest)
    env = await environments.read(source, target.env)
    logins = target.registry_credentials
    name = target.repository or env.image
    volumes = LocalVolumes(target.project or env.project, target.group or env.group)
    where = registry.Destination(name, tags, target.env, token, None, logins, volumes=volumes)
    if token is None and not (target.is_local and where.is_embedded):
        where = replace(where, credentials=await passed_credentials(target.credentials))
    if token is None and logins is None:
        refuse_without_credentials(replace(target, credentials=where.credentials))
    await refuse_unreadable("--credentials", where.credentials)
    await refuse_unreadable("--registry-credentials", logins)
    await refuse_unreadable("--registry-token", token)
    return where


async def check_target(source: dagger.Directory, target: Target) -> Target:
    """
    Refuse what can be refused before any work: the name of the environment first, then the credentials.

    Returns:
        The target with the credentials that a rollout uses: for the local environment none, even if a file was passed.

    Raises:
        RefusedError: There is no such environment.
        NotAllowedError: Credentials are missing, or cannot be read.
    """
    await environments.refuse_unknown(source, target.env)
    checked = replace(target, credentials=None if target.is_local else await passed_credentials(target.credentials))
    refuse_without_credentials(checked)
    await refuse_unreadable("--credentials", checked.credentials)
    await refuse_unreadable("--registry-credentials", checked.registry_credentials)
    return checked


def refuse_without_credentials(target: Target) -> None:
    """
    Say early what would fail late.

    Raises:
        NotAllowedError: It is a real environment, and nobody said who asks.
    """
    if not target.is_local and target.credentials is None:
        raise NotAllowedError(
            f"--credentials: '{target.env}' needs a Google credential file. Fix: set {VARIABLE} to its path, as "
            "google-github-actions/auth does, or pass --credentials file:PATH; your own, after "
            "'gcloud auth application-default login', is "
            "file:$HOME/.config/gcloud/application_default_credentials.json"
        )


async def accessory(source: dagger.Directory, update: Update) -> str:
    """
    Update a machine that cannot roll.

    Returns:
        The report, and nothing else.

    Raises:
        DeployError: It ended with another code than 0.
        RefusedError: There is no such environment or accessory, or its container could not be made; the instance was
            not asked.
        NotAllowedError: Credentials are missing, or cannot be read.
    """
    known = (await environments.read(source, update.env)).accessories
    if update.name not in known:
        raise RefusedError(
            f"--name: got '{update.name}', which environments/{update.env}.yaml has not under 'accessories'. "
            f"Fix: one of {', '.join(sorted(known)) or 'none'}"
        )
    update = replace(update, credentials=await passed_credentials(update.credentials))
    if update.credentials is None:
        raise NotAllowedError(
            f"--credentials: '{update.env}' needs a Google credential file, of a service account. Fix: set {VARIABLE} "
            "to its path, as google-github-actions/auth does, or pass --credentials file:PATH; as yourself: "
            "accessory/README.md"
        )
    await refuse_unreadable("--credentials", update.credentials)
    tools = await python_checks.project(source, "accessory")
    ran = accessories.run(source, tools, update, uuid.uuid4().hex)
    try:
        code = await ran.exit_code()
    except dagger.QueryError as error:
        raise RefusedError(
            f"accessory: its container could not be made, and the machine was not asked: {error}"
        ) from error
    if code == 0:
        return await ran.stdout()
    raise DeployError(code, await ran.stderr())


async def pulled(source: dagger.Directory, target: Target, reference: str) -> Built | None:
    """
    Take an image from the embedded registry, to stand behind machines; None where it is not there.

    What is missing there, deploy refuses itself, as it does with any other registry.
    """
    volumes = await local_volumes(source, target.project, target.group)
    pull = registry.pulled(reference, source.directory("ci/scripts"), volumes, uuid.uuid4().hex)
    try:
        if await pull.exit_code() != 0:
            return None
    except dagger.QueryError as error:
        raise _not_started(error, target) from error
    archive, digest = pull.file("/image.tar"), (await pull.stdout()).strip()
    return f"{registry.without_tag(reference)}@{digest}", dag.container(platform=image.PLATFORM).import_(archive)


async def forget_report(source: dagger.Directory, target: Target) -> None:
    """Delete the report of the group's last run, so that `report` prints this run's or what the group shows."""
    env = await environments.read(source, target.env)
    names = (target.project or env.project, target.zone or env.zone, target.group or env.group)
    volumes = LocalVolumes(names[0], names[2]) if target.is_local else None
    await deployer.forget_report(target.env, names, volumes, uuid.uuid4().hex).sync()


async def local_volumes(source: dagger.Directory, project: str = "", group: str = "") -> LocalVolumes:
    """
    Return where a local environment is kept.

    Args:
        source: The repository.
        project: Instead of the one in environments/local.yaml, as the group; empty where the file's holds.
        group: Name of the group.

    Raises:
        RefusedError: The file cannot be read.
    """
    env = await environments.read(source, environments.LOCAL)
    return LocalVolumes(project or env.project, group or env.group)


def _not_started(error: dagger.QueryError, target: Target) -> RefusedError:
    what = "the local environment" if target.is_local else "deploy: the group was not changed, because its container"
    return RefusedError(f"{what} did not start: {getattr(error, 'stderr', '') or error}")


async def _rehearsal(source: dagger.Directory, target: Target, built: Built | None) -> Rehearsal:
    tools = await python_checks.project(source, "emulator")
    volumes = await local_volumes(source, target.project, target.group)
    if built is None:
        return Rehearsal(emulator.emulator(source, tools, volumes, is_open=False), volumes)
    reference, container = built
    machine = emulator.machine(container, reference)
    tie = f"{reference}={emulator.health_url()}"
    return Rehearsal(emulator.emulator(source, tools, volumes, is_open=False, release=machine), volumes, tie)
