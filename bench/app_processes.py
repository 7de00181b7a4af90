"""The AI server and the fakes of other services as processes of a measurement, on the ports 8000 to 8004."""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from bench.health_requests import PORT

ROOT: Final = Path(__file__).parent.parent
SERVER: Final = f"http://127.0.0.1:{PORT}"
FAKES: Final = {"vllm": 8001, "upstage": 8002, "backend": 8003, "storage": 8004}
_ENVIRONMENT: Final = {
    "APP_ENV": "dev",
    "VLLM_BASE_URL": "http://127.0.0.1:8001/v1",
    "VLLM_API_KEY": "fake-vllm-key",
    "OCR_API": "fake-ocr-key",
    "OCR_URL": "http://127.0.0.1:8002/v1/document-digitization",
    "BACKEND_CALLBACK_BASE_URL": "http://127.0.0.1:8003/api",
    "BACKEND_INTERNAL_TOKEN": "fake-backend-token",
}


@contextmanager
def process(*command: str, url: str, **variables: str) -> Iterator[int]:
    """Run a process until the end of the block, and yield its id after it answers at a URL."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=environment | _ENVIRONMENT | variables,
        stdout=subprocess.DEVNULL,
    ) as running:
        try:
            while not is_up(url):
                if running.poll() is not None:
                    raise SystemExit(f"python -m {command[0]} ended with code {running.returncode}")
                time.sleep(0.002)
            yield running.pid
        finally:
            running.kill()


def server(**variables: str) -> AbstractContextManager[int]:
    """Run the server until the end of the block, with further variables; yield its process id after it is ready."""
    return process("app", url=f"{SERVER}/readyz", **variables)


def fake(name: str, *arguments: str) -> AbstractContextManager[int]:
    """Run a fake until the end of the block, and yield its process id after it listens."""
    port = FAKES[name]
    return process(
        f"tests.support.app_fakes.{name}", "--port", str(port), *arguments, url=f"http://127.0.0.1:{port}/fake/calls"
    )


def records(name: str, kind: str) -> list[dict[str, Any]]:
    """Return the calls or callbacks that a fake has recorded."""
    rows: list[dict[str, Any]] = httpx.get(f"http://127.0.0.1:{FAKES[name]}/fake/{kind}").json()
    return rows


def is_up(url: str) -> bool:
    """Return whether a URL answers with 200."""
    address, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", f"/{path}")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def processor_s(pid: int) -> float:
    """Return the processor time of a process, which a busy computer hardly changes."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
