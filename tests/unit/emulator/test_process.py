"""The program: its command line, its state file, and what a kill leaves."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

SEED = "emulator/seeds/dojangkok.yaml"
GROUP = "projects/dojangkok-dev/zones/asia-northeast3-a/instanceGroupManagers/dojangkok-dev-ai-server-mig"
TEMPLATES = "projects/dojangkok-dev/global/instanceTemplates"


class Started:
    """A running emulator."""

    def __init__(self, *args: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "serve", "--port", "0", *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on http://"), (line, self.process.stderr and self.process.stderr.read())
        self.client = httpx.Client(base_url=line.split()[-1], timeout=10, trust_env=False)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def start() -> Iterator[object]:
    running: list[Started] = []

    def one(*args: str) -> Started:
        running.append(Started(*args))
        return running[-1]

    yield one
    for emulator in running:
        emulator.kill()


def refused(*args: str) -> str:
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", *args]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3, ended
    return ended.stderr


def insert(emulator: Started, name: str, request_id: str = "") -> httpx.Response:
    query = {"requestId": request_id} if request_id else None
    return emulator.client.post(
        f"/{TEMPLATES}", params=query, json={"name": name, "properties": {"machineType": "e2-small"}}
    )


def test_address_that_others_reach_is_refused() -> None:
    text = refused("--host", "8.8.8.8", "--open")
    assert text == "--host: '8.8.8.8' can be reached by others. Fix: a loopback or private address, or --any-address.\n"


def test_seed_that_cannot_be_says_where(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("project: p\nregion: r\nzones: []\n")
    assert refused("--seed", str(seed)).startswith(f"{seed}: zones: List should have at least 1 item")
    seed.write_text("project: p\nregion: r-1\nzones: [r-1-a]\nresources: {healthChecks: [{type: HTTP}]}\n")
    assert "resources.healthChecks: 'None': Required field 'resource.name' not specified" in refused(
        "--seed", str(seed)
    )


def test_needs_a_token_unless_open(start) -> None:
    closed = start("--seed", SEED)
    assert closed.client.get(f"/{GROUP}").status_code == 401


def test_killed_at_any_moment_it_goes_on_without_a_lost_or_doubled_write(start, state: Path) -> None:
    """Five kills, each right after an answer: every answered write is there, and asking again changes nothing."""
    args = ("--open", "--seed", SEED, "--state", str(state), "--speed", "20")
    emulator = start(*args)
    for number in range(5):
        request_id = f"00000000-0000-4000-8000-00000000000{number + 1}"
        first = insert(emulator, f"t{number}", request_id).json()
        emulator.kill()
        emulator = start(*args)
        again = insert(emulator, f"t{number}", request_id).json()
        assert again["name"] == first["name"]
        names = [one["name"] for one in emulator.client.get(f"/{TEMPLATES}").json()["items"]]
        assert names == sorted(["dojangkok-dev-ai-server-seed", *(f"t{index}" for index in range(number + 1))])


def test_rollout_goes_on_where_a_kill_stopped_it_and_time_stood_still(start, state: Path) -> None:
    args = ("--open", "--seed", SEED, "--state", str(state), "--speed", "100")
    emulator = start(*args)
    wait_for(emulator, lambda group: group["status"]["isStable"])
    insert(emulator, "next")
    emulator.client.patch(f"/{GROUP}", json={"versions": [{"instanceTemplate": "global/instanceTemplates/next"}]})
    time.sleep(0.3)
    emulator.kill()
    kept = json.loads(sqlite3.connect(state).execute("SELECT json FROM settings WHERE name = 'now_s'").fetchone()[0])
    time.sleep(1.0)
    began_s = time.monotonic()
    emulator = start(*args)
    now_s = emulator.client.get("/emulator/clock").json()["now_s"]
    assert kept <= now_s <= kept + 100 * (time.monotonic() - began_s)
    group = wait_for(
        emulator, lambda group: group["status"]["isStable"] and group["status"]["versionTarget"]["isReached"]
    )
    rows = emulator.client.post(f"/{GROUP}/listManagedInstances").json()["managedInstances"]
    assert {row["version"]["instanceTemplate"].rpartition("/")[2] for row in rows} == {"next"}
    assert group["targetSize"] == len(rows) == 3
    entries = [json.loads(line) for line in emulator.client.get("/emulator/ledger?kind=group").text.splitlines()]
    times = [entry["at_s"] for entry in entries]
    assert times == sorted(times)
    settled = next(index for index, entry in enumerate(entries) if entry["is_stable"])
    serving = [
        sum(one["available"] for one in entry["machines"] if one["action"] != "DELETING") for entry in entries[settled:]
    ]
    assert min(serving) >= 3


def test_second_process_on_the_same_file_says_who_holds_it(start, state: Path) -> None:
    emulator = start("--open", "--state", str(state))
    text = refused("--open", "--state", str(state), "--wait-s", "0.3")
    assert f"{state}: held by process {emulator.process.pid}, started 20" in text
    assert "waited 0.3 s. Fix: stop it, or name another file with --state." in text


def test_second_process_waits_for_the_first_to_go(start, state: Path) -> None:
    first = start("--open", "--seed", SEED, "--state", str(state))
    os.kill(first.process.pid, signal.SIGTERM)
    second = start("--open", "--state", str(state), "--wait-s", "10")
    assert second.client.get(f"/{GROUP}").json()["targetSize"] == 3


def test_cut_and_hang_happen_on_the_wire(start) -> None:
    emulator = start("--open", "--seed", SEED)
    for fault in ({"cut": "before"}, {"cut": "after"}, {"body": "truncated"}):
        plan = emulator.client.post("/emulator/faults", json={"faults": [{"on": "instanceGroupManagers.get", **fault}]})
        with pytest.raises(httpx.RemoteProtocolError):
            emulator.client.get(f"/{GROUP}")
        emulator.client.delete(f"/emulator/faults/{plan.json()['id']}")
    emulator.client.post("/emulator/faults", json={"faults": [{"on": "instanceGroupManagers.get", "hang": True}]})
    with pytest.raises(httpx.ReadTimeout):
        emulator.client.get(f"/{GROUP}", timeout=0.5)


class Container(BaseHTTPRequestHandler):
    """The real thing behind a machine: answers 200, until it is told not to."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def wait_for_healths(emulator: Started, wanted: set[str]) -> None:
    until_s = time.monotonic() + 30
    while healths(emulator) != wanted:
        assert time.monotonic() < until_s
        time.sleep(0.05)


def test_machine_is_as_healthy_as_the_container_behind_it(start) -> None:
    """A container that stops answering makes every machine of its image unhealthy; untied, its last verdict stays."""
    emulator = start("--open", "--seed", SEED, "--speed", "60")
    container = ThreadingHTTPServer(("127.0.0.1", 0), Container)
    Thread(target=container.serve_forever, daemon=True).start()
    image = "asia-northeast3-docker.pkg.dev/dojangkok-dev/dojangkok-ai/ai-server:latest"
    url = f"http://127.0.0.1:{container.server_port}/readyz"
    emulator.client.post("/emulator/ties", json={"image": image, "url": url}).raise_for_status()
    wait_for(emulator, lambda group: group["status"]["isStable"])
    wait_for_healths(emulator, {"HEALTHY"})
    Container.status = 503
    wait_for_healths(emulator, {"UNHEALTHY"})
    emulator.client.delete("/emulator/ties", params={"image": image}).raise_for_status()
    Container.status = 200
    time.sleep(0.3)
    assert [tie["answers"] for tie in emulator.client.get("/emulator/ties").json()] == [False]
    container.shutdown()


def test_a_container_of_an_earlier_process_is_asked_no_more(start, state: Path) -> None:
    """Its last answer stays: the release that it showed to be healthy is so after a restart."""
    first = start("--open", "--seed", SEED, "--state", str(state))
    tie = {"image": "host/app@sha256:1", "url": "http://127.0.0.1:1/health", "answers": True}
    first.client.post("/emulator/ties", json=tie).raise_for_status()
    first.kill()
    second = start("--open", "--state", str(state))
    time.sleep(0.3)
    [kept] = second.client.get("/emulator/ties").json()
    assert (kept["is_probed"], kept["url"]) == (False, tie["url"])


def test_a_world_has_its_age_when_the_first_client_comes(start) -> None:
    """The local environment begins settled, so that its first release has something good to go back to."""
    emulator = start("--open", "--seed", "emulator/seeds/rehearsal.yaml")
    assert emulator.client.get(f"/{GROUP}").json()["status"]["isStable"]
    assert healths(emulator) == {"HEALTHY"}


def healths(emulator: Started) -> set[str]:
    rows = emulator.client.post(f"/{GROUP}/listManagedInstances").json()["managedInstances"]
    return {one["detailedHealthState"] for row in rows for one in row.get("instanceHealth", [])}


def test_a_port_in_use_is_an_error_a_person_understands() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "emulator", "serve", "--open", "--port", str(taken.getsockname()[1])]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3
    assert "in use" in ended.stderr


def wait_for(emulator: Started, holds, within_s: float = 60.0) -> dict[str, object]:
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        group: dict[str, object] = emulator.client.get(f"/{GROUP}").json()
        if holds(group):
            return group
        time.sleep(0.05)
    raise AssertionError(group)


@pytest.mark.parametrize("streams", ["> /dev/full", "2> /dev/full", ">&-", ">&- 2>&-"])
def test_output_that_cannot_be_written_ends_no_server_and_changes_no_code(streams: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = f"exec {sys.executable} -m emulator serve --port {port} --open {streams}"
    process = subprocess.Popen(["sh", "-c", command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False) as client:
        until_s = time.monotonic() + 30
        while True:
            assert process.poll() is None
            assert time.monotonic() < until_s
            try:
                assert client.get("/emulator/clock").status_code == 200
                break
            except httpx.TransportError:
                time.sleep(0.1)
    process.kill()
    process.wait()
    refusal = f"exec {sys.executable} -m emulator serve --in-use never {streams}"
    refused = subprocess.run(
        ["sh", "-c", refusal], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False
    )
    assert refused.returncode == 3
