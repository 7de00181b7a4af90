"""Hooks of bindings: each instance has a container of its own, which a program starts and stops."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.integration.emulator.process import EmulatorProcess, wait_for
from tests.integration.emulator.seeded import GROUP, SEED
from tests.integration.emulator.test_bindings import IMAGE

_STOP_S = 1.0


class Containers:
    """A hook whose containers answer on loopback; a stop takes a second, of which the emulator is to know by itself."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.silent: set[str] = set()
        self.status = 200
        containers = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.strip("/")
                self.send_response(503 if name in containers.silent else 200)
                self.end_headers()

            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["content-length"])))
                assert event["image"] == IMAGE
                if event["event"] == "stop":
                    time.sleep(_STOP_S)
                containers.events.append((event["event"], event["instance"]))
                body = json.dumps({"url": f"{containers.url}{event['instance']}"}).encode()
                self.send_response(containers.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, instance: str) -> list[str]:
        """Return the events of an instance so far."""
        return [event for event, name in self.events if name == instance]


@pytest.fixture
def containers() -> Iterator[Containers]:
    """A hook on loopback until the end of the test."""
    running = Containers()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def emulator(containers: Containers) -> Iterator[EmulatorProcess]:
    """An emulator with the hook, ten times as fast as real time."""
    running = EmulatorProcess("--open", "--seed", SEED, "--speed", "10")
    running.client.post("/emulator/bindings", json={"image": IMAGE, "hook": containers.url}).raise_for_status()
    yield running
    running.kill()


def _health(emulator: EmulatorProcess) -> dict[str, str]:
    return {
        row["name"]: row["instanceHealth"][0]["detailedHealthState"]
        for row in emulator.rows()
        if row.get("instanceHealth")
    }


def _post(emulator: EmulatorProcess, path: str, body: dict[str, Any]) -> None:
    emulator.client.post(path, json=body).raise_for_status()


def test_each_instance_has_the_health_of_its_own_container(emulator: EmulatorProcess, containers: Containers) -> None:
    """A silent container makes its own instance unhealthy alone; bindings name the containers of all instances."""
    wait_for(lambda: list(_health(emulator).values()) == ["HEALTHY"] * 3)
    first, *others = _health(emulator)
    containers.silent.add(first)
    wait_for(lambda: _health(emulator).get(first) == "UNHEALTHY")
    assert [_health(emulator)[name] for name in others] == ["HEALTHY"] * 2
    urls = {row["instance"]: row["url"] for row in emulator.client.get("/emulator/bindings").json() if row["instance"]}
    assert urls == {name: f"{containers.url}{name}" for name in (first, *others)}


def test_a_deleted_instance_ends_when_its_container_has_stopped(
    emulator: EmulatorProcess, containers: Containers
) -> None:
    """The stop lasts as long as the container takes; then the instance is gone, and its container is killed."""
    wait_for(lambda: list(_health(emulator).values()) == ["HEALTHY"] * 3)
    name = next(iter(_health(emulator)))
    began_s = emulator.client.get("/emulator/clock").json()["now_s"]
    _post(emulator, f"/{GROUP}/deleteInstances", {"instances": [f"zones/asia-northeast3-a/instances/{name}"]})
    wait_for(lambda: containers.of(name)[-1] == "kill")
    took_s = emulator.client.get("/emulator/clock").json()["now_s"] - began_s
    assert containers.of(name) == ["start", "stop", "kill"]
    assert 10 * _STOP_S <= took_s < 90, "the seed's instances take 8 to 16 s to be deleted, the longest stop is 90 s"
    assert name not in {row["name"] for row in emulator.rows()}
    names = {row["instance"] for row in emulator.client.get("/emulator/bindings").json()}
    wait_for(lambda: name not in names or not _bound(emulator, name))


def _bound(emulator: EmulatorProcess, name: str) -> bool:
    return name in {row["instance"] for row in emulator.client.get("/emulator/bindings").json()}


def test_a_crash_is_sent_to_the_hook(emulator: EmulatorProcess, containers: Containers) -> None:
    """The program ends the container without a signal that it could handle."""
    wait_for(lambda: list(_health(emulator).values()) == ["HEALTHY"] * 3)
    name = next(iter(_health(emulator)))
    _post(emulator, "/emulator/crash", {"instance": name})
    wait_for(lambda: containers.of(name) == ["start", "crash"])


def test_a_hook_that_fails_leaves_instances_silent(emulator: EmulatorProcess, containers: Containers) -> None:
    """An instance whose start was not answered with 200 has no container."""
    containers.status = 500
    wait_for(lambda: len(containers.events) >= 3)
    wait_for(lambda: set(_health(emulator).values()) <= {"UNKNOWN", "UNHEALTHY"} and len(_health(emulator)) == 3)
    assert not any(row["instance"] for row in emulator.client.get("/emulator/bindings").json())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"hook": "http://192.0.2.1/"}, "hook"),
        ({"hook": "https://127.0.0.1/"}, "hook"),
        ({"hook": "http://127.0.0.1.example.com/"}, "hook"),
        ({"hook": "http://127.0.0.1:1/", "url": "http://127.0.0.1:2/"}, "without 'url' and 'answers'"),
    ],
)
def test_a_hook_is_on_loopback_and_alone(emulator: EmulatorProcess, body: dict[str, str], reason: str) -> None:
    """Another address is refused, and so is a health URL beside the hook."""
    answer = emulator.client.post("/emulator/bindings", json={"image": IMAGE, **body})
    assert answer.status_code == 400
    assert reason in answer.json()["error"]["message"]
