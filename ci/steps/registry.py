"""The embedded registry, and the push: one path for it and for Artifact Registry."""

import re
from dataclasses import dataclass, field
from typing import Final

import dagger
from dagger import dag

from ci.environments import LOCAL
from ci.errors import RefusedError
from ci.steps.base import PYTHON, VENV, WORKDIR, registry_tools
from ci.steps.image import python_bill, system_bill
from ci.steps.local_volumes import LocalVolumes
from ci.steps.python_checks import Project, environment

EMBEDDED_HOST: Final = "registry:5000"
STORAGE: Final = "/var/lib/registry"
LAYOUT: Final = "/layout"

_CONFIG: Final = f"""\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {STORAGE}}}
http: {{addr: ':5000'}}
"""
_REPOSITORY: Final = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+")
_ARTIFACT_REGISTRY_PARTS: Final = 3
_COMMIT: Final = re.compile(r"[0-9a-f]{7,40}")


@dataclass(frozen=True)
class Destination:
    """
    Where an image goes.

    Args:
        name: The image's name in full, without tag or digest, such as `registry:5000/dojangkok-ai/ai-server`.
        tags: In the order of their push; `dev-` is completed with the first 12 digits of the digest.
        env: Name of a file in environments/, whose rules say which login the registry is sent.
        token: Access token of a Google account.
        credentials: Google credential file, from which a token is minted where none is given.
        registry_credentials: Logins of registries, as `docker login` writes them.
        volumes: Of the local environment that the embedded registry belongs to.
    """

    name: str
    tags: tuple[str, ...]
    env: str = LOCAL
    token: dagger.Secret | None = None
    credentials: dagger.Secret | None = None
    registry_credentials: dagger.Secret | None = None
    volumes: LocalVolumes = field(kw_only=True)

    @property
    def logins(self) -> dict[str, dagger.Secret]:
        """What the registry may be sent, by the names of the files in /run/secrets; a token goes before credentials."""
        google = ("registry-token", self.token) if self.token else ("credentials", self.credentials)
        given = (google, ("registry-credentials", self.registry_credentials))
        return {name: secret for name, secret in given if secret is not None}

    @property
    def is_embedded(self) -> bool:
        """Whether it is the registry that the pipeline brings along."""
        return self.name.split("/", 1)[0] == EMBEDDED_HOST


def name(repository: str) -> str:
    """
    Return the image's name that a person typed.

    Raises:
        RefusedError: The text is no full name: HOST/PATH, on Artifact Registry HOST/PROJECT/REPOSITORY/IMAGE.
    """
    host, *path = repository.split("/")
    is_full = bool(re.search(r"[.:]", host)) or host == "localhost"
    if host.endswith("pkg.dev"):
        is_full = len(path) >= _ARTIFACT_REGISTRY_PARTS
    if not is_full or not _REPOSITORY.fullmatch(repository):
        raise RefusedError(
            f"--repository: got '{repository}'. Fix: the image's full name without tag, HOST/PROJECT/REPOSITORY/IMAGE, "
            "such as asia-northeast3-docker.pkg.dev/PROJECT/dojangkok-ai/ai-server"
        )
    return repository


def without_tag(reference: str) -> str:
    """Return host and path of a reference."""
    host, _, path = reference.partition("@")[0].partition("/")
    return f"{host}/{path.partition(':')[0]}"


def tags(commit: str, *, latest: bool) -> tuple[str, ...]:
    """
    Return the tags of a push, in its order.

    Args:
        commit: Becomes the first; empty for one by the digest.
        latest: Whether `latest` follows.

    Raises:
        RefusedError: The commit is not of its form.
    """
    if commit and not _COMMIT.fullmatch(commit):
        raise RefusedError(
            f"--commit: got '{commit}'. Fix: 7 to 40 lower-case hexadecimal digits, as 'git rev-parse HEAD' says"
        )
    return ((commit[:7],) if commit else ("dev-",)) + (("latest",) if latest else ())


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
            f"the image is built on a stand-in of {stand_in} and not for {where.name}. "
            "Fix: build it where the official images can be pulled, or insist with --allow-stand-in"
        )


def embedded(volumes: LocalVolumes) -> dagger.Service:
    """docker-registry on port 5000; what it holds survives in a cache volume."""
    return (
        registry_tools()
        .with_new_file("/etc/registry.yml", _CONFIG)
        .with_mounted_cache(STORAGE, volumes.registry)
        .with_exposed_port(5000)
        .as_service(args=["docker-registry", "serve", "/etc/registry.yml"])
    )


def pulled(reference: str, programs: dagger.Directory, volumes: LocalVolumes, run_id: str) -> dagger.Container:
    """Pull from the embedded registry: /image.tar, an OCI archive, and the digest on stdout; or skopeo's own error."""
    return (
        registry_tools()
        .with_service_binding(EMBEDDED_HOST.split(":")[0], embedded(volumes))
        .with_mounted_directory("/scripts", programs)
        .with_env_variable("RUN_ID", run_id)
        .with_exec(["sh", "/scripts/pull.sh", reference], expect=dagger.ReturnType.ANY)
    )


def layout(image: dagger.Container, source: dagger.Directory, name: str, app: Project) -> dagger.Container:
    """
    Lay out an image and its bill of materials for the push.

    Args:
        image: What was built.
        source: The repository.
        name: The image's host and path.
        app: Project of the image, whose lock file lists what is in it.

    Returns:
        A container with the folder LAYOUT, whose stdout is the JSON that scripts/oci_layout.py prints.
    """
    system = system_bill(image)
    return (
        dag.container()
        .from_(PYTHON.reference)
        .with_mounted_file("/image.tar", image.as_tarball())
        .with_mounted_file("/bill/python.json", python_bill(app))
        .with_mounted_file("/bill/python.txt", system.file("python.txt"))
        .with_mounted_file("/bill/debian.tsv", system.file("debian.tsv"))
        .with_mounted_directory("/scripts", source.directory("ci/scripts"))
        .with_exec(["python", "-m", "scripts.oci_layout", name])
    )


def push(
    laid_out: dagger.Directory,
    source: dagger.Directory,
    where: Destination,
    registry: dagger.Service | None,
    run_id: str,
    deploy_tools: Project,
) -> dagger.Container:
    """
    Push by digest, then the bill of materials, then the tags, then read the digest back.

    Args:
        laid_out: The folder that `layout` makes.
        source: The repository.
        where: The destination.
        registry: The embedded registry, if that is the destination.
        run_id: Fresh in every run, so that no push is ever answered from a cache.
        deploy_tools: Project `deploy`, which decides the login that the registry is sent.

    Returns:
        A container whose stdout is the JSON that scripts/push.py prints.
    """
    container = (
        registry_tools()
        .with_mounted_directory(LAYOUT, laid_out)
        .with_mounted_directory("/scripts", source.directory("ci/scripts"))
        .with_mounted_temp("/scratch")
        .with_env_variable("RUN_ID", run_id)
    )
    if registry is not None:
        container = container.with_service_binding(EMBEDDED_HOST.split(":")[0], registry)
    logins = where.logins
    if logins:
        deployer = environment(deploy_tools, PYTHON, dev=False)
        container = container.with_mounted_directory(VENV, deployer.directory(VENV)).with_env_variable(
            "ENVIRONMENT", where.env
        )
        for folder in ("deploy", "lib", "environments"):
            container = container.with_mounted_directory(f"{WORKDIR}/{folder}", source.directory(folder))
    for name, secret in logins.items():
        container = container.with_mounted_secret(f"/run/secrets/{name}", secret)
    return container.with_exec(["python", "-m", "scripts.push", where.name, *where.tags])
