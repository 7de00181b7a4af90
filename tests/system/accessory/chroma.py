"""ChromaDB's machine, as tests begin with it, and what must hold there after each of them."""

import os
import signal
import subprocess
from contextlib import suppress
from typing import Any

from tests.system.accessory.updating import VOLUME, Lab

HEARTBEAT = {"/api/v2/heartbeat": "{}"}


def publish(lab: Lab) -> None:
    """Push three releases: two good ones, and one that moves the data to a schema of its own and never is ready."""
    for release in ("one", "two"):
        lab.publish("chromadb", release, routes=HEARTBEAT, schema=1)
    lab.publish("chromadb", "broken", routes={}, schema=9)


def begin(lab: Lab) -> None:
    """Put `one` on the machine, and data into its volume."""
    lab.begin("chromadb", lab.images["one"], env="TOKEN=swordfish\n", data="/data")
    lab.machine("dd", "if=/dev/urandom", f"of={VOLUME}/_data/index", "bs=64K", "count=32")


def data(lab: Lab) -> str:
    """Checksum of what the volume holds."""
    return lab.machine("sh", "-c", f"cat {VOLUME}/_data/* | sha256sum")


def update(lab: Lab, release: str) -> dict[str, Any]:
    return lab.run("update", "chromadb", "--image", lab.images[release])


def kill(client: "subprocess.Popen[str]") -> None:
    """End a client with its ssh, as the loss of its machine would."""
    with suppress(ProcessLookupError):
        os.killpg(client.pid, signal.SIGKILL)
    client.communicate()


def assert_truthful(lab: Lab, before: str) -> None:
    """What serves answers, is what is recorded last, and has the data from before."""
    assert lab.answers("chromadb")
    assert lab.serving("chromadb") == (lab.record() or [{"image": lab.images["one"]}])[0]["image"]
    assert data(lab) == before
