"""The embedded registry, and the push: one path for it and for Artifact Registry."""

import re
from dataclasses import dataclass
from typing import Final

import dagger
from dagger import dag

from ci.errors import RefusedError
from ci.steps.base import registry_tools

IMAGE_NAME: Final = "ai-server"
EMBEDDED_HOST: Final = "registry:5000"
EMBEDDED: Final = f"{EMBEDDED_HOST}/dojangkok-ai"

_CONFIG: Final = """\
version: 0.1
log: {level: info, accesslog: {disabled: false}}
storage:
  filesystem: {rootdirectory: /var/lib/registry}
http: {addr: ':5000'}
"""
_REPOSITORY: Final = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+")
_COMMIT: Final = re.compile(r"[0-9a-f]{7,40}")


@dataclass(frozen=True)
class Destination:
    """
    Where an image goes.

    Args:
        repository: Host and path without the image's name, such as `registry:5000/dojangkok-ai`.
        token: Access token of a Google account, or `None` where the registry asks for none.
        tags: In the order of their push. Empty means `dev-<first 12 of the digest>` alone.
    """

    repository: str
    token: dagger.Secret | None
    tags: tuple[str, ...]

    @property
    def is_embedded(self) -> bool:
        """Whether it is the registry that the pipeline brings along."""
        return self.repository.split("/", 1)[0] == EMBEDDED_HOST

    @property
    def name(self) -> str:
        """The image's name in full, without tag or digest."""
        return f"{self.repository}/{IMAGE_NAME}"


def destination(repository: str, commit: str, token: dagger.Secret | None, *, latest: bool) -> Destination:
    """
    Check what a person typed.

    Raises:
        RefusedError: The repository or the commit is not of its form.
    """
    repository = repository or EMBEDDED
    if not _REPOSITORY.fullmatch(repository):
        form = "asia-northeast3-docker.pkg.dev/PROJECT/dojangkok-ai"
        raise RefusedError(
            f"--repository: got '{repository}'. Fix: host and path without image name or tag, such as {form}"
        )
    if commit and not _COMMIT.fullmatch(commit):
        raise RefusedError(
            f"--commit: got '{commit}'. Fix: 7 to 40 lower-case hexadecimal digits, as 'git rev-parse HEAD' says"
        )
    tags = ((commit[:7],) if commit else ("dev-",)) + (("latest",) if latest else ())
    return Destination(repository, token, tags)


def refuse_stand_in(where: Destination, stand_in: str | None, *, allowed: bool) -> None:
    """
    Keep images that were built on stand-ins out of registries that machines pull from.

    Args:
        where: The destination.
        stand_in: The image's label, or nothing where it was built on official images.
        allowed: `--allow-stand-in`.

    Raises:
        RefusedError: The image has the label, and the destination is not the embedded registry.
    """
    if stand_in and not where.is_embedded and not allowed:
        raise RefusedError(
            f"the image is built on a stand-in of {stand_in} and not for {where.repository}. "
            "Fix: build it where the official images can be pulled, or insist with --allow-stand-in"
        )


def embedded() -> dagger.Service:
    """docker-registry on port 5000; what it holds survives in a cache volume."""
    return (
        registry_tools()
        .with_new_file("/etc/registry.yml", _CONFIG)
        .with_mounted_cache("/var/lib/registry", dag.cache_volume("registry"))
        .with_exposed_port(5000)
        .as_service(args=["docker-registry", "serve", "/etc/registry.yml"])
    )


def push(
    image: dagger.Container,
    programs: dagger.Directory,
    where: Destination,
    registry: dagger.Service | None,
    run_id: str,
) -> dagger.Container:
    """
    Push by digest, then the tags, then read the digest back.

    Args:
        image: What was built.
        programs: The folder `inside/`.
        where: The destination.
        registry: The embedded registry, if that is the destination.
        run_id: Fresh in every run, so that no push is ever answered from a cache.

    Returns:
        A container whose stdout is the JSON that inside/push.py prints.
    """
    container = (
        registry_tools()
        .with_mounted_file("/image.tar", image.as_tarball())
        .with_mounted_directory("/inside", programs)
        .with_mounted_temp("/scratch")
        .with_env_variable("RUN_ID", run_id)
    )
    if registry is not None:
        container = container.with_service_binding(EMBEDDED_HOST.split(":")[0], registry)
    if where.token is not None:
        container = container.with_mounted_secret("/run/secrets/registry-token", where.token)
    return container.with_exec(["python", "/inside/push.py", where.name, *where.tags])
