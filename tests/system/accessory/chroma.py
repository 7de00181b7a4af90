"""ChromaDB's VM before each test, and the conditions that hold after each test."""

import os
import signal
import subprocess
from contextlib import suppress
from typing import Any

from tests.system.accessory.updating import VOLUME, Lab

HEARTBEAT = {"/api/v2/heartbeat": "{}"}


def publish(lab: Lab) -> None:
    """Push the releases `one` and `two`, and `broken`, which migrates the data and never becomes ready."""
    for release in ("one", "two"):
        lab.publish("chromadb", release, routes=HEARTBEAT, schema=1)
    lab.publish("chromadb", "broken", routes={}, schema=9)


def begin(lab: Lab) -> None:
    """Start release `one` on the VM, with data in its volume."""
    lab.begin("chromadb", lab.images["one"], env="TOKEN=swordfish\n", data="/data")
    lab.machine("dd", "if=/dev/urandom", f"of={VOLUME}/_data/index", "bs=64K", "count=32")


def data(lab: Lab) -> str:
    """Return the checksum of the data in the volume."""
    return lab.machine("sh", "-c", f"cat {VOLUME}/_data/* | sha256sum")


def update(lab: Lab, release: str) -> dict[str, Any]:
    return lab.run("update", "chromadb", "--image", lab.images[release])


def kill(client: "subprocess.Popen[str]") -> None:
    """Kill a client with its ssh, like a crash of the client's computer."""
    with suppress(ProcessLookupError):
        os.killpg(client.pid, signal.SIGKILL)
    client.communicate()


def assert_truthful(lab: Lab, before: str) -> None:
    """Check that the serving release answers, is the newest in the record, and has the data from before."""
    assert lab.answers("chromadb")
    assert lab.serving("chromadb") == (lab.record() or [{"image": lab.images["one"]}])[0]["image"]
    assert data(lab) == before
