"""The emulator as a process."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.integration.emulator.seeded import GROUP, TEMPLATES


class EmulatorProcess:
    """
    A running emulator.

    Args:
        args: arguments of `serve`, beside a free port
    """

    def __init__(self, *args: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "serve", "--port", "0", *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on http://"), (line, self.process.stderr and self.process.stderr.read())
        self.client = httpx.Client(base_url=line.split()[-1], timeout=10, trust_env=False)

    def kill(self) -> None:
        """Kill the process, and close the client."""
        self.process.kill()
        self.process.communicate()
        self.client.close()

    def group(self) -> dict[str, Any]:
        """Return the seed's group."""
        return dict(self.client.get(f"/{GROUP}").json())

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of `listManagedInstances`."""
        return list(self.client.post(f"/{GROUP}/listManagedInstances").json()["managedInstances"])

    def health_states(self) -> set[str]:
        """Return the health states of all instances."""
        return {health["detailedHealthState"] for row in self.rows() for health in row.get("instanceHealth", [])}

    def insert_template(self, name: str, request_id: str = "") -> dict[str, Any]:
        """Create a template; return the operation."""
        query = {"requestId": request_id} if request_id else None
        body = {"name": name, "properties": {"machineType": "e2-small"}}
        return dict(self.client.post(f"/{TEMPLATES}", params=query, json=body).json())

    def wait_for_group(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait up to a minute until a condition holds for the group; return the group."""
        wait_for(lambda: holds(self.group()), 60)
        return self.group()


def wait_for(holds: Callable[[], bool], within_s: float = 30) -> None:
    """Wait until a condition holds."""
    until_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until_s, f"not within {within_s} s"
        time.sleep(0.05)


def refused(*args: str) -> str:
    """Start an emulator that must end with exit code 3; return its stderr."""
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", *args]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3, ended
    return ended.stderr
