"""The program: its command line, its lock, its output, and faults on a connection."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.emulator.process import EmulatorProcess, refused
from tests.integration.emulator.seeded import GROUP, SEED

Start = Callable[..., EmulatorProcess]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts an emulator until the end of the test."""
    running: list[EmulatorProcess] = []

    def start_process(*args: str) -> EmulatorProcess:
        running.append(EmulatorProcess(*args))
        return running[-1]

    yield start_process
    for emulator in running:
        emulator.kill()


def test_an_address_that_others_can_reach_is_refused() -> None:
    """A public address needs --any-address."""
    text = refused("--host", "8.8.8.8", "--open")
    assert text == "--host: '8.8.8.8' can be reached by others. Fix: a loopback or private address, or --any-address.\n"


def test_an_invalid_seed_is_refused_with_its_place(tmp_path: Path) -> None:
    """The error of a seed names the file and the key, or the resource that was refused."""
    seed = tmp_path / "seed.yaml"
    seed.write_text("project: p\nregion: r\nzones: []\n")
    assert refused("--seed", str(seed)).startswith(f"{seed}: zones: List should have at least 1 item")
    start = "project: p\nregion: r-1\nzones: [r-1-a]\nresources: {healthChecks: "
    seed.write_text(f"{start}[{{type: HTTP}}]}}\n")
    assert f"{seed}: resources.healthChecks[0].name: missing. Fix: name the resource." in refused("--seed", str(seed))
    seed.write_text(f"{start}[{{name: Web, type: HTTP}}]}}\n")
    assert "resources.healthChecks: 'Web': Invalid value for field 'resource.name'" in refused("--seed", str(seed))


def test_a_request_needs_a_token_unless_open(start: Start) -> None:
    """Without --open a request without a token is refused, although the seed needs none."""
    assert start("--seed", SEED).client.get(f"/{GROUP}").status_code == 401


def test_a_second_process_names_the_holder_of_the_state_file(start: Start, state: Path) -> None:
    """A process that waited for the lock in vain names the process that holds it."""
    emulator = start("--open", "--state", str(state))
    text = refused("--open", "--state", str(state), "--wait-s", "0.3")
    assert f"{state}: held by process {emulator.process.pid}, started 20" in text
    assert "waited 0.3 s. Fix: stop it, or name another file with --state." in text


def test_a_second_process_waits_for_the_first(start: Start, state: Path) -> None:
    """A process waits for the lock of a process that ends, and continues with its state."""
    first = start("--open", "--seed", SEED, "--state", str(state))
    os.kill(first.process.pid, signal.SIGTERM)
    second = start("--open", "--state", str(state), "--wait-s", "10")
    assert second.group()["targetSize"] == 3


def test_cuts_and_hangs_happen_on_the_connection(start: Start) -> None:
    """A cut ends the connection, and a hang leaves it open without an answer."""
    emulator = start("--open", "--seed", SEED)
    for fault in ({"cut": "before"}, {"cut": "after"}, {"body": "truncated"}):
        plan = emulator.client.post("/emulator/faults", json={"faults": [{"on": "instanceGroupManagers.get", **fault}]})
        with pytest.raises(httpx.RemoteProtocolError):
            emulator.client.get(f"/{GROUP}")
        emulator.client.delete(f"/emulator/faults/{plan.json()['id']}")
    emulator.client.post("/emulator/faults", json={"faults": [{"on": "instanceGroupManagers.get", "hang": True}]})
    with pytest.raises(httpx.ReadTimeout):
        emulator.client.get(f"/{GROUP}", timeout=0.5)


def test_a_seed_has_its_age_when_the_first_client_comes(start: Start) -> None:
    """The local environment begins settled, so that its first release has a proven fallback."""
    emulator = start("--open", "--seed", "emulator/seeds/rehearsal.yaml")
    assert emulator.group()["status"]["isStable"]
    assert emulator.health_states() == {"HEALTHY"}


def test_a_port_in_use_is_refused() -> None:
    """The error names the port that is in use."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "emulator", "serve", "--open", "--port", str(taken.getsockname()[1])]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3
    assert "in use" in ended.stderr


@pytest.mark.parametrize("streams", ["> /dev/full", "2> /dev/full", ">&-", ">&- 2>&-"])
def test_unwritable_output_ends_no_server_and_changes_no_exit_code(streams: str) -> None:
    """A full or closed stream neither ends a running server nor changes the exit code of a refusal."""
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
    ended = subprocess.run(
        ["sh", "-c", refusal], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False
    )
    assert ended.returncode == 3


def test_a_start_imports_no_http_client_with_a_command_line() -> None:
    """`import httpx` would load click and rich, a fifth of the processor time of a start."""
    program = "import sys, emulator.__main__; print([name for name in ('httpx', 'rich') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "[]\n"
