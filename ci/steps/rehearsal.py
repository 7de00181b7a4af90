"""The Compute Engine emulator as a service."""

from typing import Final

import dagger

from ci.steps.base import PYTHON, WORKDIR
from ci.steps.check import Project, environment

PORT: Final = 8080
_SEED: Final = "emulator/seeds/dojangkok.yaml"


def emulator(source: dagger.Directory, tools: Project) -> dagger.Service:
    """
    Serve the emulator on every address of its container, which the engine's own network alone reaches.

    Args:
        source: The repository.
        tools: Project `emulator`.
    """
    listen = ["--host", "0.0.0.0", "--any-address", "--port", str(PORT)]  # noqa: S104
    return (
        environment(tools, PYTHON, dev=False)
        .with_mounted_directory(f"{WORKDIR}/emulator", source.directory("emulator"))
        .with_exposed_port(PORT)
        .as_service(args=["python", "-m", "emulator", "serve", *listen, "--open", "--seed", _SEED])
    )
