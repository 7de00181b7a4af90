"""Bindings: instances that are as healthy as a real container."""

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from tests.integration.emulator.process import EmulatorProcess, wait_for
from tests.integration.emulator.seeded import SEED

IMAGE = "asia-northeast3-docker.pkg.dev/dojangkok-dev/dojangkok-ai/ai-server:latest"


class Container(BaseHTTPRequestHandler):
    """A container with a status that a test changes."""

    status: ClassVar[int] = 200

    def do_GET(self) -> None:
        """Answer a probe."""
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def container_url() -> Iterator[str]:
    """Serve a container on loopback until the end of the test; return its health URL."""
    Container.status = 200
    server = ThreadingHTTPServer(("127.0.0.1", 0), Container)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/readyz"
    server.shutdown()
    server.server_close()


def answers(emulator: EmulatorProcess) -> list[bool]:
    """Return whether the containers of all bindings answer."""
    return [binding["answers"] for binding in emulator.client.get("/emulator/bindings").json()]


def test_an_instance_is_as_healthy_as_its_bound_container(container_url: str) -> None:
    """A silent container makes every instance of its image unhealthy; after the binding its last answer stays."""
    emulator = EmulatorProcess("--open", "--seed", SEED, "--speed", "60")
    try:
        emulator.client.post("/emulator/bindings", json={"image": IMAGE, "url": container_url}).raise_for_status()
        emulator.wait_for_group(lambda group: group["status"]["isStable"])
        wait_for(lambda: emulator.health_states() == {"HEALTHY"})
        Container.status = 503
        wait_for(lambda: emulator.health_states() == {"UNHEALTHY"})
        emulator.client.delete("/emulator/bindings", params={"image": IMAGE}).raise_for_status()
        Container.status = 200
        time.sleep(0.3)
        assert answers(emulator) == [False]
    finally:
        emulator.kill()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[", "http://256.1.1.1/", "http://\u00e9/", "http://"])
def test_a_url_without_an_answer_is_a_silent_container(url: str, container_url: str) -> None:
    """A URL that cannot be requested is a silence, and the probes of other bindings go on."""
    emulator = EmulatorProcess("--open", "--seed", SEED, "--speed", "60")
    try:
        emulator.client.post("/emulator/bindings", json={"image": "host/other:1", "url": url}).raise_for_status()
        emulator.client.post("/emulator/bindings", json={"image": IMAGE, "url": container_url}).raise_for_status()
        wait_for(lambda: answers(emulator) == [False, True])
    finally:
        emulator.kill()


def test_a_container_of_an_earlier_process_is_not_probed(state: Path) -> None:
    """Its last answer stays, so that the release is healthy after a restart of the emulator."""
    binding = {"image": "host/app@sha256:1", "url": "http://127.0.0.1:1/health", "answers": True}
    first = EmulatorProcess("--open", "--seed", SEED, "--state", str(state))
    try:
        first.client.post("/emulator/bindings", json=binding).raise_for_status()
    finally:
        first.kill()
    second = EmulatorProcess("--open", "--state", str(state))
    try:
        time.sleep(0.3)
        [kept] = second.client.get("/emulator/bindings").json()
        assert (kept["is_probed"], kept["url"]) == (False, binding["url"])
    finally:
        second.kill()
