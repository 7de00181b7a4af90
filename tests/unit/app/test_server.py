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

import pytest

from app.logs import log_file

ENVIRONMENT = {
    "APP_ENV": "dev",
    "VLLM_BASE_URL": "http://vllm.internal:8001/v1",
    "VLLM_API_KEY": "key",
    "BACKEND_CALLBACK_BASE_URL": "https://backend.internal/api",
    "OCR_API": "key",
    "DRAIN_SEC": "1",
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
    assert {"time", "level", "logger", "message"} <= set(lines[0])
    assert any(line["message"].startswith("SIGTERM: not ready any more, draining for 1 s") for line in lines)


def test_unusable_environment_ends_with_78() -> None:
    bare = {"PATH": os.environ["PATH"]}
    ended = subprocess.run([sys.executable, "-m", "app"], env=bare, capture_output=True, text=True, check=False)
    assert ended.returncode == 78
    assert ended.stderr.startswith("ai-server: the environment cannot be used:\nAPP_ENV: is missing\n")


def test_log_file_is_where_the_collector_reads() -> None:
    assert log_file("prod") == Path("/var/log/dojangkok/prod/application.log")
