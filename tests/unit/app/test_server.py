"""The server as a process: start, requests and signals."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from app.logs import log_file
from tests.unit.app.server_process import ENVIRONMENT, one_server_at_a_time, program, status, wait_until


def test_sigterm_drains_and_finishes_jobs() -> None:
    """Jobs that the server accepts while it drains are delivered too, and every line of the log is JSON."""
    with program(latency_s=0.5, DRAIN_SEC="4") as running:
        accepted = {running.accept(f"before-{number}") for number in range(20)}
        stopped_at = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: status("/readyz") == 503)
        assert running.client.get("/livez").headers["connection"] == "close"  # on a connection from before the signal
        assert status("/livez") == 200
        accepted.add(running.accept("while-draining"))
        output = running.process.communicate(timeout=20)[0]
        assert time.monotonic() - stopped_at >= 4
        assert running.process.returncode == 0
        callbacks = running.callbacks
    assert callbacks.keys() == accepted
    assert all("주차 확인" in body["checklists"] for body in callbacks.values())
    lines = [json.loads(line) for line in output.splitlines()]
    assert all({"timestamp", "level", "name", "message", "app", "env"} <= set(line) for line in lines)
    message = "SIGTERM: not ready, draining for 4 s, finishing within 2 s"
    assert message in [line["message"] for line in lines]


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
    with one_server_at_a_time(), subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: handles(server.pid, signal.SIGTERM))
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=20) == 0
        finally:
            server.kill()


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
