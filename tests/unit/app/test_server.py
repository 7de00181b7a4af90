"""The server as a process: started, asked, stopped by a signal."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.logs import log_file
from tests.fakes import backend, vllm

ENVIRONMENT = {
    "APP_ENV": "dev",
    "VLLM_BASE_URL": "http://127.0.0.1:18001/v1",
    "VLLM_API_KEY": vllm.KEY,
    "BACKEND_CALLBACK_BASE_URL": "http://127.0.0.1:18003/api",
    "BACKEND_INTERNAL_TOKEN": backend.TOKEN,
    "OCR_API": "key",
    "DRAIN_SEC": "1",
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


@pytest.fixture
def server() -> Iterator["subprocess.Popen[str]"]:
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", 8000)) != 0, "something else listens on port 8000"
    process = subprocess.Popen(
        [sys.executable, "-m", "app"], env={**os.environ, **ENVIRONMENT}, stdout=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while status("/readyz") != 200:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


def test_sigterm_drains_before_it_ends(server: "subprocess.Popen[str]") -> None:
    stopped_at = time.monotonic()
    server.send_signal(signal.SIGTERM)
    seen = set()
    while server.poll() is None:
        seen.add((status("/readyz"), status("/livez")))
        time.sleep(0.05)
    assert (503, 200) in seen
    assert time.monotonic() - stopped_at >= 1
    assert server.returncode in (0, -signal.SIGTERM)


def test_second_signal_ends_the_draining(server: "subprocess.Popen[str]") -> None:
    server.send_signal(signal.SIGTERM)
    while status("/readyz") == 200:
        time.sleep(0.01)
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=10) in (0, -signal.SIGTERM)


def test_every_log_line_is_json(server: "subprocess.Popen[str]") -> None:
    status("/health")
    server.send_signal(signal.SIGTERM)
    lines = [json.loads(line) for line in server.communicate(timeout=10)[0].splitlines()]
    assert {"timestamp", "level", "name", "message", "app", "env"} <= set(lines[0])
    said = "SIGTERM: not ready any more, draining for 1 s, finishing within 2 s"
    assert said in [line["message"] for line in lines]


def test_unusable_environment_ends_with_78() -> None:
    bare = {"PATH": os.environ["PATH"]}
    ended = subprocess.run([sys.executable, "-m", "app"], env=bare, capture_output=True, text=True, check=False)
    assert ended.returncode == 78
    assert ended.stderr.startswith("ai-server: the environment cannot be used:\nAPP_ENV: is missing\n")


def test_log_file_is_where_the_collector_reads() -> None:
    assert log_file("prod") == Path("/var/log/dojangkok/prod/application.log")


@pytest.fixture(params=[0.5, 60], ids=["quick", "slow"])
def latency_s(request: pytest.FixtureRequest) -> float:
    """How long the model takes."""
    return float(request.param)


@pytest.fixture
def fakes(latency_s: float) -> Iterator[None]:
    """A vLLM and a backend."""
    commands = (
        ["tests.fakes.vllm", "--port", "18001", "--latency-s", str(latency_s)],
        ["tests.fakes.backend", "--port", "18003"],
    )
    processes = [subprocess.Popen([sys.executable, "-m", *command]) for command in commands]
    for port in (18001, 18003):
        while not listens(port):
            time.sleep(0.05)
    yield
    for process in processes:
        process.kill()
        process.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_on_sigterm_jobs_are_finished_or_handed_back(
    fakes: None, server: "subprocess.Popen[str]", latency_s: float
) -> None:
    """Every accepted one has one callback when the process ends; those accepted while it drained too."""
    accepted = [f"before-{number}" for number in range(20)]
    for case_id in accepted:
        assert httpx.post(f"{SERVER}/api/checklists/{case_id}", json={"keywords": ["주차"]}).status_code == 200
    server.send_signal(signal.SIGTERM)
    while status("/readyz") == 200:
        time.sleep(0.01)
    assert httpx.post(f"{SERVER}/api/checklists/while-draining", json={"keywords": ["주차"]}).status_code == 200
    assert server.wait(timeout=20) in (0, -signal.SIGTERM)
    callbacks = httpx.get("http://127.0.0.1:18003/fake/callbacks").json()
    assert sorted(callback["id"] for callback in callbacks) == sorted([*accepted, "while-draining"])
    bodies = [callback["body"] for callback in callbacks]
    if latency_s < 1:
        assert all("주차 확인" in body["checklists"] for body in bodies)
    else:
        assert {(body["error"]["code"], body["error"]["retry_after_sec"]) for body in bodies} == {("failed", 10)}
