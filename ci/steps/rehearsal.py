"""The Compute Engine emulator as a service."""

from typing import Final

import dagger

from ci.steps.base import PYTHON, WORKDIR
from ci.steps.check import Project, environment

PORT: Final = 8080
_SEED: Final = "emulator/seeds/dojangkok.yaml"


def emulator(source: dagger.Directory, tools: Project) -> dagger.Service:
    """
    Serve the emulator, on its container's own private address.

    Args:
        source: The repository.
        tools: Project `emulator`.
    """
    serve = f'exec python -m emulator serve --host "$(hostname -i)" --port {PORT} --open --seed {_SEED}'
    return (
        environment(tools, PYTHON, dev=False)
        .with_mounted_directory(f"{WORKDIR}/emulator", source.directory("emulator"))
        .with_exposed_port(PORT)
        .as_service(args=["sh", "-c", serve])
    )
