"""The server as a process, with fakes of vLLM and of the backend in the process of the tests."""

import fcntl
import os
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
    """Return the status of the server's answer; 0 if there is none."""
    try:
        with urllib.request.urlopen(SERVER + path, timeout=2) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@contextmanager
def one_server_at_a_time() -> Iterator[None]:
    """Wait until no other test has a server, because its port is always the same one."""
    with (Path(tempfile.gettempdir()) / "ai-server-port-8000.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not listens(8000), "another program listens on port 8000"
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
    backend = Backend()
    with (
        one_server_at_a_time(),
        serving(Vllm(latency_s=latency_s).app) as vllm_url,
        serving(backend.app) as backend_url,
    ):
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
    """Return whether a program of this computer listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, at most a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
