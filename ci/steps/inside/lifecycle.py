"""
Start and stop a server inside its own image: `python lifecycle.py http://127.0.0.1:PORT DRAIN_S COMMAND [ARG …]`.

Looked at: who it runs as, that no uv and no compiler lies beside it, that it becomes ready, and that after SIGTERM it
says 'not ready' while it still answers, then ends within 10 s after draining. Exit code 1: what was found instead, and
the server's last log lines.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from health import get, wait_until

_BUILD_TOOLS = ("uv", "uvx", "cc", "gcc", "g++", "c++", "clang", "make")
_READY_WITHIN_S = 20
_END_WITHIN_S = 10
_LOG_LINES = 20
_ENDED_WELL = (0, -signal.SIGTERM)


def surroundings() -> list[str]:
    """What must not be so about the image and its user."""
    found = [f"{tool} is in the image: {path}" for tool in _BUILD_TOOLS if (path := shutil.which(tool))]
    if os.getuid() == 0:
        found.append("the image's user is root")
    return found


def lifecycle(server: str, drain_s: float, process: "subprocess.Popen[bytes]") -> list[str]:
    """What went wrong between the start and the end of the server."""
    if not _becomes_ready(server, process):
        return [f"the server {_ending(process)}"]
    process.send_signal(signal.SIGTERM)
    stopped_at = time.monotonic()
    found = []
    if not wait_until(f"{server}/readyz", 503, drain_s):
        found.append("SIGTERM: /readyz did not turn to 503 while draining")
    elif get(f"{server}/livez")[0] != 200:
        found.append("SIGTERM: /livez did not answer while draining")
    try:
        code = process.wait(timeout=drain_s + _END_WITHIN_S)
    except subprocess.TimeoutExpired:
        return [*found, f"SIGTERM: still running {drain_s + _END_WITHIN_S:.0f} s later"]
    if code not in _ENDED_WELL:
        found.append(f"SIGTERM: ended with code {code}, expected 0 or {128 + signal.SIGTERM}")
    print(f"ended {time.monotonic() - stopped_at:.1f} s after SIGTERM, {drain_s:g} s of it draining")
    return found


def _becomes_ready(server: str, process: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + _READY_WITHIN_S
    while get(f"{server}/readyz")[0] != 200:
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _ending(process: "subprocess.Popen[bytes]") -> str:
    if process.poll() is None:
        return f"was not ready within {_READY_WITHIN_S} s"
    return f"ended with code {process.returncode} instead of becoming ready"


def main(server: str, drain_s: float, command: list[str]) -> int:
    """Look at everything, and say what is wrong."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            found = surroundings() + lifecycle(server, drain_s, process)
        finally:
            process.kill()
        if not found:
            return 0
        log.seek(0)
        last = log.read().decode(errors="replace").splitlines()[-_LOG_LINES:]
    print("\n".join([*found, "its last log lines:", *(f"  {line}" for line in last or ["(none)"])]), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), sys.argv[3:]))
