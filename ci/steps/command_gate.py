"""A gate that is a command in an image, as delivery.yaml states it."""

import dagger
from dagger import dag

from ci.application import Gate
from ci.steps.base import WORKDIR


def run(gate: Gate, files: dagger.Directory) -> dagger.Container:
    """
    Run the command of a gate in a copy of the files that it reads, which are the key of the gate.

    Downloads of pip, npm and others are kept in a cache volume of the image.
    """
    return (
        dag.container()
        .from_(gate.image)
        .with_mounted_cache("/root/.cache", dag.cache_volume(f"gate_{gate.image}"))
        .with_mounted_directory(WORKDIR, files)
        .with_workdir(WORKDIR)
        .with_exec(["sh", "-ec", gate.command])
    )
