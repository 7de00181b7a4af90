"""The server as a process: start, requests and signals."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.logs import log_file
from tests.support.app_fakes import backend, vllm
from tests.support.app_fakes.backend import Backend
from tests.support.app_fakes.vllm import Vllm
from tests.unit.app.servers import serving

ENVIRONMENT = {
    "APP_ENV": "dev",
    "VLLM_API_KEY": vllm.KEY,
    "BACKEND_INTERNAL_TOKEN": backend.TOKEN,
    "OCR_API": "key",
    "DRAIN_SEC": "0.5",
    "FINISH_SEC": "2",
}
SERVER = "http://127.0.0.1:8000"


def status(path: str) -> int:
    try:
        with urllib.request.urlopen(SERVER + path, timeout=2) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.fixture(autouse=True)
def _one_server_at_a_time() -> Iterator[None]:
    """The server's port is always the same one."""
    with (Path(tempfile.gettempdir()) / "ai-server-port-8000.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass
class Program:
    """The running server, and the backend that it calls back."""

    process: "subprocess.Popen[str]"
    backend: Backend
    client: httpx.Client

    def accept(self, case_id: str) -> str:
        """Send a checklist until the server accepts it; return its case. A busy computer may delay the event loop."""

        def is_accepted() -> bool:
            status_code = self.client.post(f"/api/checklists/{case_id}", json={"keywords": ["주차"]}).status_code
            assert status_code in (200, 503)
            return status_code == 200

        wait_until(is_accepted)
        return case_id

    @property
    def callbacks(self) -> dict[str, Any]:
        """Return the callbacks that the backend has recorded, by case."""
        callbacks = self.backend.callbacks
        assert len({callback.id for callback in callbacks}) == len(callbacks), "a case has two callbacks"
        return {callback.id: callback.body for callback in callbacks}


@contextmanager
def program(latency_s: float, **more: str) -> Iterator[Program]:
    """The server, with a vLLM and a backend of this process."""
    assert not listens(8000), "another program listens on port 8000"
    backend = Backend()
    with serving(Vllm(latency_s=latency_s).app) as vllm_url, serving(backend.app) as backend_url:
        urls = {"VLLM_BASE_URL": f"{vllm_url}/v1", "BACKEND_CALLBACK_BASE_URL": f"{backend_url}/api"}
        environment = {**os.environ, **ENVIRONMENT, **urls, **more}
        command = [sys.executable, "-m", "app"]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            wait_until(lambda: status("/readyz") == 200)
            with httpx.Client(base_url=SERVER, trust_env=False) as client:
                yield Program(server, backend, client)
        finally:
            server.kill()
            server.communicate()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_sigterm_drains_and_finishes_jobs() -> None:
    """Jobs that the server accepts while it drains are delivered too, and every line of the log is JSON."""
    with program(latency_s=0.5, DRAIN_SEC="1.5") as running:
        accepted = {running.accept(f"before-{number}") for number in range(20)}
        stopped_at = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: status("/readyz") == 503)
        assert running.client.get("/livez").headers["connection"] == "close"  # on a connection from before the signal
        assert status("/livez") == 200
        accepted.add(running.accept("while-draining"))
        output = running.process.communicate(timeout=20)[0]
        assert time.monotonic() - stopped_at >= 1.5
        assert running.process.returncode == 0
        callbacks = running.callbacks
    assert callbacks.keys() == accepted
    assert all("주차 확인" in body["checklists"] for body in callbacks.values())
    lines = [json.loads(line) for line in output.splitlines()]
    assert all({"timestamp", "level", "name", "message", "app", "env"} <= set(line) for line in lines)
    message = "SIGTERM: not ready, draining for 1.5 s, finishing within 2 s"
    assert message in [line["message"] for line in lines]


@pytest.mark.parametrize(
    ("signals", "limits"), [(1, {"FINISH_SEC": "0.5"}), (2, {"DRAIN_SEC": "60", "FINISH_SEC": "60"})]
)
def test_unfinished_jobs_are_handed_back(signals: int, limits: dict[str, str]) -> None:
    """After FINISH_SEC or a second signal unfinished jobs get a callback with a retry hint."""
    with program(latency_s=60, **limits) as running:
        accepted = {running.accept(f"before-{number}") for number in range(20)}
        stopped_at = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: status("/readyz") == 503)
        if signals == 2:
            running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=20) == 0
        took_s = time.monotonic() - stopped_at
        callbacks = running.callbacks
    assert took_s >= 1 if signals == 1 else took_s < 60
    assert callbacks.keys() == accepted
    assert {(body["error"]["code"], body["error"]["retry_after_sec"]) for body in callbacks.values()} == {
        ("failed", 10)
    }


def test_half_sent_body_is_answered_at_the_end() -> None:
    """A caller who is in the middle of a body at the end of the server gets 503 in the envelope of errors."""
    with (
        program(latency_s=0, DRAIN_SEC="0", FINISH_SEC="0") as running,
        socket.create_connection(("127.0.0.1", 8000), timeout=20) as caller,
    ):
        caller.sendall(b"POST /api/checklists/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(0.2)
        running.process.send_signal(signal.SIGTERM)
        received = bytearray()
        while part := caller.recv(2**16):
            received += part
        output = running.process.communicate(timeout=20)[0]
    head, _, body = received.decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 503 ")
    assert "retry-after: 10" in head
    assert json.loads(body)["detail"]["error"]["code"] == "UNAVAILABLE"
    assert "Traceback" not in output


def test_signal_before_readiness_ends_the_server() -> None:
    """A SIGTERM during the start ends the process."""
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.execv(sys.executable, sys.argv[1:])"
    )
    command = [sys.executable, "-c", ignoring, sys.executable, "-m", "app"]
    # Without coverage, which has a handler of its own.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environment |= ENVIRONMENT | {
        "VLLM_BASE_URL": "http://127.0.0.1:1/v1",
        "BACKEND_CALLBACK_BASE_URL": "http://127.0.0.1:1",
    }
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: handles(server.pid, signal.SIGTERM))
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=10) == 0
    finally:
        server.kill()
        server.wait()


def handles(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (caught,) = (line.split()[1] for line in lines if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (number - 1) & 1)


def test_wrong_variables_end_with_78() -> None:
    """The process prints a line for each wrong variable."""
    bare = {"PATH": os.environ["PATH"]}
    result = subprocess.run([sys.executable, "-m", "app"], env=bare, capture_output=True, text=True, check=False)
    assert result.returncode == 78
    assert result.stderr.startswith("ai-server: wrong environment variables:\nAPP_ENV: is missing\n")


def test_log_file_has_the_path_of_the_collector() -> None:
    """The path is that of the log collector."""
    assert log_file("prod") == Path("/var/log/dojangkok/prod/application.log")
