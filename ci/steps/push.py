"""The push: one path for the embedded registry and for Artifact Registry."""

from typing import Final

import dagger
from dagger import dag

from ci.destination import Destination
from ci.options import Options
from ci.steps import registry
from ci.steps.base import PYTHON, VENV, WORKDIR, registry_tools
from ci.steps.environment import Project, environment
from ci.steps.image import installed
from ci.steps.sbom import FOLDER
from ci.steps.scripts import scripts

LAYOUT: Final = "/layout"


def layout(image: dagger.Container, name: str, packages: dagger.Directory) -> dagger.Container:
    """
    Lay out an image and its bill of materials for the push.

    Args:
        image: the built image
        name: host and path of the image
        packages: packages of the application, as steps/sbom.py lists them

    Returns:
        A container with the folder LAYOUT, whose stdout is the JSON that scripts/oci_layout.py prints.
    """
    return (
        dag.container()
        .from_(PYTHON.reference)
        .with_mounted_file("/image.tar", image.as_tarball())
        .with_mounted_directory(FOLDER, packages.with_directory("/", installed(image)))
        .with_mounted_directory("/scripts", scripts())
        .with_exec(["python", "-m", "scripts.oci_layout", name])
    )


def push(
    layout_folder: dagger.Directory,
    options: Options,
    destination: Destination,
    service: dagger.Service | None,
    run_id: str,
    deploy: Project,
) -> dagger.Container:
    """
    Push by digest, then the bill of materials, then the tags, then read the digest back.

    Args:
        layout_folder: the folder that `layout` makes
        options: options of the call
        destination: destination of the image
        service: the embedded registry, if the image goes there
        run_id: fresh id, so that no push is answered from a cache
        deploy: project `deploy`, whose code decides which login the registry is sent

    Returns:
        A container whose stdout is the JSON that scripts/push.py prints.
    """
    container = (
        registry_tools()
        .with_mounted_directory(LAYOUT, layout_folder)
        .with_mounted_directory("/scripts", scripts())
        .with_mounted_temp("/scratch")
        .with_env_variable("RUN_ID", run_id)
    )
    if service is not None:
        container = container.with_service_binding(registry.ALIAS, service)
        # scripts/push.py holds a lock there, for which `reset-local` waits.
        container = container.with_mounted_cache(registry.STORAGE, destination.volumes.registry)
    if destination.logins:
        packages = environment(deploy, PYTHON, dev=False).directory(VENV)
        container = container.with_mounted_directory(VENV, packages).with_env_variable("ENVIRONMENT", destination.env)
        for folder in ("deploy", "lib"):
            container = container.with_mounted_directory(f"{WORKDIR}/{folder}", options.tools.directory(folder))
        container = container.with_mounted_directory(f"{WORKDIR}/environments", options.environment_files)
    for name, secret in destination.logins.items():
        container = container.with_mounted_secret(f"/run/secrets/{name}", secret)
    return container.with_exec(["python", "-m", "scripts.push", destination.name, *destination.tags])
