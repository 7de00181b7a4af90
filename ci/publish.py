"""The push of an image: where it goes, its layout with the bill of materials, the push itself."""

import json
import uuid
from dataclasses import dataclass, replace
from typing import Any

import dagger

from ci import credentials, environments
from ci.application import Application
from ci.destination import Destination, push_tags
from ci.errors import GateError, NotAllowedError, PipelineError, RefusedError
from ci.options import Options
from ci.stages import Stage, run_stage
from ci.steps import push, registry, sbom
from ci.steps.environment import read_project
from ci.steps.local_volumes import LocalVolumes


@dataclass(frozen=True)
class Published:
    """
    An image in a registry.

    Args:
        name: host and path
        digest: `sha256:…`, as built, pushed and read back
        tags: tags that pointed to the image after the push
        size_bytes: size of its compressed layers and configuration
    """

    name: str
    digest: str
    tags: tuple[str, ...]
    size_bytes: int

    @property
    def reference(self) -> str:
        """The reference that is deployed, by digest."""
        return f"{self.name}@{self.digest}"

    @property
    def outputs(self) -> str:
        """Lines of NAME=VALUE, as a step of a workflow writes its outputs."""
        return f"name={self.name}\ndigest={self.digest}\nreference={self.reference}"


@dataclass(frozen=True)
class Layout:
    """
    An image, laid out for the push.

    Args:
        folder: OCI layouts of the image and of its bill of materials, as scripts/oci_layout.py writes them
        digest: digest of the image, `sha256:…`
    """

    folder: dagger.Directory
    digest: str


async def destination(options: Options) -> Destination:
    """
    Return the destination of an image, after every refusal that needs no work.

    Args:
        options: options of the call

    Raises:
        RefusedError: the commit is not of its form, or the environment's file cannot be read
        NotAllowedError: a real environment has nothing to log in with, or a secret cannot be read
    """
    tags = push_tags(options.commit, latest=not options.no_latest)
    env = await environments.read(options.environment_files, options.env)
    chosen = Destination(
        options.repository or env.image,
        tags,
        options.env,
        token=options.registry_token,
        registry_credentials=options.registry_credentials,
        volumes=LocalVolumes(options.project or env.project, options.group or env.group),
    )
    if chosen.token is None and not (options.is_local and chosen.is_embedded):
        chosen = replace(chosen, credentials=await credentials.given_credentials(options.credentials))
    if not options.is_local and not chosen.logins:
        credentials.refuse_missing(options.env, chosen.credentials)
    await credentials.refuse_unreadable("--credentials", chosen.credentials)
    await credentials.refuse_unreadable("--registry-credentials", chosen.registry_credentials)
    await credentials.refuse_unreadable("--registry-token", chosen.token)
    return chosen


async def lay_out(built: dagger.Container, source: dagger.Directory, application: Application, name: str) -> Layout:
    """
    Lay out an image and its bill of materials for the push; the digest is known before the push.

    Args:
        built: the built image
        source: repository of the application
        application: the application
        name: host and path of the image

    Raises:
        GateError: the image cannot be laid out, as when a line of its requirements has no version
        RefusedError: the file for the bill of materials cannot be read
    """
    layout = push.layout(built, name, await sbom.packages(source, application))
    try:
        return Layout(layout.directory(push.LAYOUT), json.loads(await layout.stdout())["digest"])
    except dagger.QueryError as error:
        text = error.stderr if isinstance(error, dagger.ExecError) else str(error)
        raise GateError(f"publish: {name} was not pushed: {text}".rstrip()) from error


async def push_image(layout: Layout, options: Options, chosen: Destination) -> tuple[Published, Stage]:
    """Push a layout, as a stage of the release; errors as of `run_push`."""
    work = run_push(layout, options, chosen, embedded_registry(chosen), uuid.uuid4().hex)
    pushed, seconds = await run_stage("publish", work)
    published = Published(chosen.name, pushed["digest"], tuple(pushed["tags"]), pushed["size_bytes"])
    moved = (f"{', '.join(pushed['moved'])}: the registry serves another image by now",) if pushed["moved"] else ()
    return published, Stage("publish", seconds, (f"tags {', '.join(published.tags)}", *moved))


async def run_push(
    layout: Layout, options: Options, chosen: Destination, service: dagger.Service | None, run_id: str
) -> dict[str, Any]:
    """
    Run scripts/push.py.

    Raises:
        RefusedError: the registry may not be sent the login that was passed
        NotAllowedError: the registry does not accept the credentials
        GateError: the push failed
    """
    deploy = await read_project(options.tools, "deploy")
    try:
        container = push.push(layout.folder, options, chosen, service, run_id, deploy)
        return dict(json.loads(await container.stdout()))
    except dagger.ExecError as error:
        kinds: dict[int, type[PipelineError]] = {kind.exit_code: kind for kind in (RefusedError, NotAllowedError)}
        kind = kinds.get(error.exit_code, GateError)
        raise kind(f"publish: {chosen.name} was not pushed: {error.stderr}".rstrip()) from error


def embedded_registry(chosen: Destination) -> dagger.Service | None:
    """Return the embedded registry, if it is the destination."""
    return registry.embedded(chosen.volumes) if chosen.is_embedded else None
