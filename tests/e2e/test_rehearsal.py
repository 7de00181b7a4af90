"""The emulator as a service of the pipeline's."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from tests.e2e.checkouts import REPOSITORY

GROUP = "projects/dojangkok-dev/zones/asia-northeast3-a/instanceGroupManagers/dojangkok-dev-ai-server-mig"


def test_emulator_is_served_to_the_host(tmp_path: Path) -> None:
    """`call emulator up` gives gcloud something to talk to, on a port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = ["./daggerw", "call", "emulator", "up", "--ports", f"{port}:8080"]
    log = tmp_path / "up.log"
    with log.open("w") as said:
        up = subprocess.Popen(command, cwd=REPOSITORY, stdout=said, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        group = _group(up, f"http://127.0.0.1:{port}/compute/v1/{GROUP}", log)
    finally:
        os.killpg(up.pid, signal.SIGINT)
        up.wait(timeout=60)
    assert group["targetSize"] == 3


def _group(up: "subprocess.Popen[bytes]", address: str, log: Path) -> dict[str, object]:
    until_s = time.monotonic() + 300
    while time.monotonic() < until_s:
        assert up.poll() is None, log.read_text()[-2000:]
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return dict(json.load(answer))
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"no answer at {address}: {log.read_text()[-2000:]}")
