"""The local environment: an emulator that remembers, and the container that stands behind its machines."""

from typing import Final

import dagger

from ci.steps import image
from ci.steps.base import PYTHON, WORKDIR
from ci.steps.local_volumes import LocalVolumes
from ci.steps.python_checks import Project, environment

PORT: Final = 8080
HOST: Final = "emulator"
URL: Final = f"http://{HOST}:{PORT}"
STATE: Final = "/var/lib/emulator"
STATE_FILE: Final = f"{STATE}/state.sqlite"
_SEED: Final = "emulator/seeds/rehearsal.yaml"
# A call that finds the state held by another one waits as long as that one's whole way may take.
WAIT_S: Final = 900


def emulator(
    source: dagger.Directory,
    tools: Project,
    volumes: LocalVolumes,
    *,
    is_open: bool,
    release: dagger.Service | None = None,
) -> dagger.Service:
    """
    Serve the emulator on every address of its container, which the engine's own network alone reaches.

    Args:
        source: The repository.
        tools: Project `emulator`.
        volumes: Where its state is kept.
        is_open: Serve without tokens, to clients that have none.
        release: Container behind the machines of a release, reached as `release`.
    """
    listen = ["--host", "0.0.0.0", "--any-address", "--allow-host", HOST, "--port", str(PORT)]  # noqa: S104
    listen += ["--open"] if is_open else []
    kept = ["--state", STATE_FILE, "--wait-s", str(WAIT_S)]
    pace = ["--operation-s", "0.2", "--decide-s", "0.25"]
    container = (
        environment(tools, PYTHON, dev=False)
        .with_mounted_directory(f"{WORKDIR}/emulator", source.directory("emulator"))
        .with_mounted_cache(STATE, volumes.emulator)
        .with_exposed_port(PORT)
    )
    if release is not None:
        container = container.with_service_binding("release", release)
    return container.as_service(args=["python", "-m", "emulator", "serve", *listen, *kept, *pace, "--seed", _SEED])


def machine(built: dagger.Container, reference: str) -> dagger.Service:
    """
    Start an image as a machine does; without a port that the engine would wait for, so that a broken one starts too.

    Args:
        built: The image.
        reference: That the application learns it was started as.
    """
    return image.production_like(built).with_env_variable("AI_SERVER_IMAGE", reference).as_service()


def health_url() -> str:
    """Where the container behind the machines is asked for its health."""
    return f"http://release:{image.PORT}/health"
