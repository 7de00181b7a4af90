"""The embedded registry of a local environment, and the pull from it."""

from typing import Final

import dagger

from ci.destination import EMBEDDED_HOST
from ci.steps.base import registry_tools
from ci.steps.local_volumes import LocalVolumes
from ci.steps.scripts import scripts

ALIAS: Final = EMBEDDED_HOST.split(":", maxsplit=1)[0]
STORAGE: Final = "/var/lib/registry"
_CONFIG: Final = f"""\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {STORAGE}}}
http: {{addr: ':5000'}}
"""


def embedded(volumes: LocalVolumes) -> dagger.Service:
    """Return docker-registry on port 5000; its images survive in a cache volume."""
    return (
        registry_tools()
        .with_new_file("/etc/registry.yml", _CONFIG)
        .with_mounted_cache(STORAGE, volumes.registry)
        .with_exposed_port(5000)
        .as_service(args=["docker-registry", "serve", "/etc/registry.yml"])
    )


def pulled(reference: str, volumes: LocalVolumes, run_id: str) -> dagger.Container:
    """
    Return the result of a pull from the embedded registry.

    Args:
        reference: reference of the image, by tag or digest
        volumes: cache volumes of the local environment
        run_id: fresh id, so that no pull is answered from a cache

    Returns:
        A container with /image.tar, an OCI archive, whose stdout is the digest; or with skopeo's own error.
    """
    return (
        registry_tools()
        .with_service_binding(ALIAS, embedded(volumes))
        .with_mounted_directory("/scripts", scripts())
        .with_env_variable("RUN_ID", run_id)
        .with_exec(["sh", "/scripts/pull.sh", reference], expect=dagger.ReturnType.ANY)
    )
