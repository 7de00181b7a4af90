"""
Smoke of a server.

`python smoke.py health http://HOST:PORT` requests the health of a started server.
`python smoke.py lifecycle http://127.0.0.1:PORT DRAIN_S COMMAND [ARG …]` starts and stops a server in its own image.
The server must listen on the port, run as a user who is not root, have no uv and no compiler beside it, become ready,
report 'not ready' after SIGTERM while it still answers, and end within 10 s after draining.

Exit code 1: the problems are on stderr, with the last log lines of the server that was started here.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable

_TIMEOUT_S = 5
_LISTENS_WITHIN_S = 15
_READY_WITHIN_S = 20
_END_WITHIN_S = 10
_LOG_LINES = 20
_ENDED_WELL = (0, -signal.SIGTERM)
_BUILD_TOOLS = ("uv", "uvx", "cc", "gcc", "g++", "c++", "clang", "make")


def get(url: str) -> tuple[int, str]:
    """Return status and body; status 0 and the reason where there is no response."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)


def wait_until(url: str, status: int, within_s: float) -> bool:
    """Poll until the URL responds with `status`; return whether it did in time."""
    deadline = time.monotonic() + within_s
    while get(url)[0] != status:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def becomes_ready(server: str, is_running: Callable[[], bool]) -> bool:
    """Poll until a server is ready; it has less time to listen on its port than to become ready."""
    began_s = time.monotonic()
    while get(f"{server}/readyz")[0] != 200:
        waited_s = time.monotonic() - began_s
        is_late = waited_s > _READY_WITHIN_S or (waited_s > _LISTENS_WITHIN_S and unreachable(server))
        if is_late or not is_running():
            return False
        time.sleep(0.1)
    return True


def unreachable(server: str) -> str:
    """Return that nothing listens on the port of a server; empty if a connection is accepted there."""
    host, _, port = server.rpartition("/")[2].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_TIMEOUT_S).close()
    except OSError as error:
        fix = f"let the image's command listen on 0.0.0.0:{port}"
        return f"nothing listens on {port} after {_LISTENS_WITHIN_S} s: {error}. Fix: {fix}"
    return ""


def problems(server: str) -> list[str]:
    """Return a line for each route of the server that does not respond as it must."""
    if not becomes_ready(server, lambda: True) and (reason := unreachable(server)):
        return [reason]
    lines = []
    for path, expected in (("/livez", '"ok"'), ("/readyz", '"ok"'), ("/health", '"ok"'), ("/metrics", "http_request")):
        status, body = get(f"{server}{path}")
        if status != 200 or expected not in body:
            lines.append(f"GET {path}: status {status}, expected 200 and {expected}: {body[:500]}")
    status, body = get(f"{server}/version")
    if status != 200 or not json.loads(body).get("image"):
        lines.append(f"GET /version: status {status}, expected 200 and the image: {body[:500]}")
    return lines


def surroundings() -> list[str]:
    """Return the problems of the image and its user."""
    lines = [f"{tool} is in the image: {path}" for tool in _BUILD_TOOLS if (path := shutil.which(tool))]
    if os.getuid() == 0:
        lines.append("the image's user is root")
    return lines


def lifecycle(server: str, drain_s: float, process: "subprocess.Popen[bytes]") -> list[str]:
    """Return the problems between the start and the end of the server."""
    if not becomes_ready(server, lambda: process.poll() is None):
        reason = unreachable(server) if process.poll() is None else ""
        return [reason or f"the server {_ending(process)}"]
    process.send_signal(signal.SIGTERM)
    stopped_at = time.monotonic()
    lines = []
    if not wait_until(f"{server}/readyz", 503, drain_s):
        lines.append("SIGTERM: /readyz did not turn to 503 while draining")
    elif get(f"{server}/livez")[0] != 200:
        lines.append("SIGTERM: /livez did not answer while draining")
    try:
        code = process.wait(timeout=drain_s + _END_WITHIN_S)
    except subprocess.TimeoutExpired:
        return [*lines, f"SIGTERM: still running {drain_s + _END_WITHIN_S:.0f} s later"]
    if code not in _ENDED_WELL:
        lines.append(f"SIGTERM: ended with code {code}, expected 0 or {128 + signal.SIGTERM}")
    print(f"ended {time.monotonic() - stopped_at:.1f} s after SIGTERM, {drain_s:g} s of it draining")
    return lines


def _ending(process: "subprocess.Popen[bytes]") -> str:
    if process.poll() is None:
        return f"was not ready within {_READY_WITHIN_S} s"
    return f"ended with code {process.returncode} instead of becoming ready"


def health(server: str) -> int:
    """Request every route, and print the problems."""
    lines = problems(server)
    print("\n".join(lines), file=sys.stderr)
    return 1 if lines else 0


def start_and_stop(server: str, drain_s: float, command: list[str]) -> int:
    """Start and stop a server, and print the problems."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            lines = surroundings() + lifecycle(server, drain_s, process)
        finally:
            process.kill()
        if not lines:
            return 0
        log.seek(0)
        last = log.read().decode(errors="replace").splitlines()[-_LOG_LINES:]
    print("\n".join([*lines, "its last log lines:", *(f"  {line}" for line in last or ["(none)"])]), file=sys.stderr)
    return 1


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    sys.exit(health(rest[0]) if verb == "health" else start_and_stop(rest[0], float(rest[1]), rest[2:]))
