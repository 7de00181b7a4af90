"""The emulator of a local environment, and the container whose health it reports for the instances of a release."""

from typing import Final

import dagger

from ci.application import Application
from ci.steps import image
from ci.steps.base import PYTHON, WORKDIR
from ci.steps.environment import Project, environment
from ci.steps.local_volumes import LocalVolumes

PORT: Final = 8080
HOST: Final = "emulator"
URL: Final = f"http://{HOST}:{PORT}"
STATE: Final = "/var/lib/emulator"
STATE_FILE: Final = f"{STATE}/state.sqlite"
_SEED: Final = f"{WORKDIR}/seed.yaml"
_RELEASE: Final = "release"  # host of the container behind the instances
# A call waits for the state as long as the longest call that can hold it.
WAIT_S: Final = 900


def service(
    tools: dagger.Directory,
    project: Project,
    volumes: LocalVolumes,
    seed: str,
    *,
    is_open: bool,
    release: dagger.Service | None = None,
) -> dagger.Service:
    """
    Serve the emulator on every address of its container, which only the engine's own network reaches.

    Args:
        tools: programs of this module
        project: project `emulator`
        volumes: cache volumes of the local environment
        seed: text of the seed file, whose resources an empty state gets
        is_open: whether requests without a token are served, for clients that have none
        release: container behind the instances of a release
    """
    listen = ["--host", "0.0.0.0", "--any-address", "--allow-host", HOST, "--port", str(PORT)]  # noqa: S104
    listen += ["--open"] if is_open else []
    state = ["--state", STATE_FILE, "--wait-s", str(WAIT_S)]
    pace = ["--operation-s", "0.2", "--decide-s", "0.25"]
    container = (
        environment(project, PYTHON, dev=False)
        .with_mounted_directory(f"{WORKDIR}/emulator", tools.directory("emulator"))
        .with_mounted_directory(f"{WORKDIR}/lib", tools.directory("lib"))
        .with_new_file(_SEED, seed)
        .with_mounted_cache(STATE, volumes.emulator)
        .with_exposed_port(PORT)
    )
    if release is not None:
        container = container.with_service_binding(_RELEASE, release)
    return container.as_service(args=["python", "-m", "emulator", "serve", *listen, *state, *pace, "--seed", _SEED])


def health_url(application: Application) -> str:
    """Return the URL at which the emulator requests the health of the container behind the instances."""
    return f"http://{_RELEASE}:{application.port}{application.health}"


def instance(built: dagger.Container, application: Application, reference: str) -> dagger.Service:
    """Start an image as an instance does; the engine waits for no port, so that a broken image starts."""
    return image.configured(built, application, reference).as_service(use_entrypoint=True)
