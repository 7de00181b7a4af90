"""
Smoke of a server.

`python smoke.py health http://HOST:PORT EXPECTED` requests the paths of a started server.
`python smoke.py lifecycle http://127.0.0.1:PORT EXPECTED COMMAND [ARG …]` starts and stops a server in its own image.
EXPECTED is JSON with the fields of `Expected`. The server must listen on the port, become ready, and end within 10 s
after draining; if it drains, it reports 'not ready' after SIGTERM while it is still alive. Its user is not root, and
its image has no compiler, make or uv, unless EXPECTED allows them.

Exit code 1: the problems are on stderr, with the last log lines of the server that was started here.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

_TIMEOUT_S = 5
_LISTENS_WITHIN_S = 15
_READY_WITHIN_S = 20
_END_WITHIN_S = 10
_LOG_LINES = 20
_ENDED_WELL = (0, -signal.SIGTERM, 128 + signal.SIGTERM)  # 143 is the code of a shell or a JVM
_BUILD_TOOLS = ("uv", "uvx", "cc", "gcc", "g++", "c++", "clang", "make")


@dataclass(frozen=True)
class Expected:
    """
    What a server must do, as delivery.yaml states it.

    Args:
        liveness: path that answers 200 as long as the process serves
        readiness: path that answers 200 from the end of the start to SIGTERM
        responses: paths that answer 200, each with a text that the response contains
        drain_s: seconds after SIGTERM in which the server still answers, but is not ready
        allow_root: whether the image's user may be root
        allow_build_tools: whether compilers, make and uv may be in the image
    """

    liveness: str
    readiness: str
    responses: dict[str, str]
    drain_s: float
    allow_root: bool
    allow_build_tools: bool


def get(url: str) -> tuple[int, str]:
    """Return status and body; status 0 and the reason where there is no response."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response:
            return response.status, response.read().decode(errors="replace")
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


def becomes_ready(server: str, readiness: str, is_running: Callable[[], bool]) -> bool:
    """Poll until a server is ready; it has less time to listen on its port than to become ready."""
    began_s = time.monotonic()
    while get(f"{server}{readiness}")[0] != 200:
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


def problems(server: str, expected: Expected) -> list[str]:
    """Return a line for each path of the server that does not respond as it must."""
    if not becomes_ready(server, expected.readiness, lambda: True) and (reason := unreachable(server)):
        return [reason]
    lines = []
    for path, text in expected.responses.items():
        status, body = get(f"{server}{path}")
        if status != 200 or text not in body:
            wanted = f"200 and {text}" if text else "200"
            lines.append(f"GET {path}: status {status}, expected {wanted}: {body[:500]}")
    return lines


def surroundings(expected: Expected) -> list[str]:
    """Return the problems of the image and its user."""
    lines = []
    if not expected.allow_build_tools:
        paths = ((tool, shutil.which(tool)) for tool in _BUILD_TOOLS)
        fix = "Fix: leave it out of the last stage of the Dockerfile, or set 'allow_build_tools: true' in delivery.yaml"
        lines += [f"{tool} is in the image: {path}. {fix}" for tool, path in paths if path]
    if os.getuid() == 0 and not expected.allow_root:
        fix = "Fix: add a USER to the Dockerfile, or set 'allow_root: true' in delivery.yaml"
        lines.append(f"the image's user is root. {fix}")
    return lines


def lifecycle(server: str, expected: Expected, process: "subprocess.Popen[bytes]") -> list[str]:
    """Return the problems between the start and the end of the server."""
    drain_s = expected.drain_s
    if not becomes_ready(server, expected.readiness, lambda: process.poll() is None):
        reason = unreachable(server) if process.poll() is None else ""
        return [reason or f"the server {_ending(process)}"]
    process.send_signal(signal.SIGTERM)
    stopped_at = time.monotonic()
    lines = []
    if drain_s and not wait_until(f"{server}{expected.readiness}", 503, drain_s):
        lines.append(f"SIGTERM: {expected.readiness} did not turn to 503 while draining")
    elif drain_s and get(f"{server}{expected.liveness}")[0] != 200:
        lines.append(f"SIGTERM: {expected.liveness} did not answer while draining")
    try:
        code = process.wait(timeout=drain_s + _END_WITHIN_S)
    except subprocess.TimeoutExpired:
        return [*lines, f"SIGTERM: still running {drain_s + _END_WITHIN_S:.0f} s later"]
    if code not in _ENDED_WELL:
        lines.append(f"SIGTERM: ended with code {code}, expected 0 or {128 + signal.SIGTERM}")
    of_it = f", {drain_s:g} s of it draining" if drain_s else ""
    print(f"ended {time.monotonic() - stopped_at:.1f} s after SIGTERM{of_it}")
    return lines


def _ending(process: "subprocess.Popen[bytes]") -> str:
    if process.poll() is None:
        return f"was not ready within {_READY_WITHIN_S} s"
    return f"ended with code {process.returncode} instead of becoming ready"


def health(server: str, expected: Expected) -> int:
    """Request every path, and print the problems."""
    lines = problems(server, expected)
    print("\n".join(lines), file=sys.stderr)
    return 1 if lines else 0


def start_and_stop(server: str, expected: Expected, command: list[str]) -> int:
    """Start and stop a server, and print the problems."""
    if not command:
        print("the image has no command. Fix: add a CMD or an ENTRYPOINT to the Dockerfile", file=sys.stderr)
        return 1
    with os.fdopen(os.memfd_create("log"), "w+b") as log:  # an image may have no writable folder
        try:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        except OSError as error:
            print(f"the image's command cannot be started: {error}", file=sys.stderr)
            return 1
        try:
            lines = surroundings(expected) + lifecycle(server, expected, process)
        finally:
            process.kill()
        if not lines:
            return 0
        log.seek(0)
        last = log.read().decode(errors="replace").splitlines()[-_LOG_LINES:]
    print("\n".join([*lines, "its last log lines:", *(f"  {line}" for line in last or ["(none)"])]), file=sys.stderr)
    return 1


def main(verb: str, server: str, expected: str, *command: str) -> int:
    """Run a verb of the command line; return the exit code."""
    fields = Expected(**json.loads(expected))
    return health(server, fields) if verb == "health" else start_and_stop(server, fields, list(command))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
