"""The command line over a real socket: an emulator in a process of its own, and a deployer in another."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.support.fake_registry import FakeRegistry
from tests.unit.deploy.rig import GROUP, REPOSITORY, digest


class Served:
    """An emulator in a process of its own, and a deployer in another."""

    def __init__(self, folder: Path, speed: int = 60) -> None:
        command = [
            *(sys.executable, "-m", "emulator", "serve", "--port", "0", "--speed", str(speed), "--open"),
            *("--seed", "emulator/seeds/dojangkok.yaml"),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[-1]
        self.client = httpx.Client(base_url=self.url, trust_env=False)
        self.folder = folder
        self.results = folder / "results"
        (folder / "environments").mkdir()
        self.registry = FakeRegistry()
        self.registry_url = ""
        self.variables: dict[str, str] = {}
        self.token_hosts: list[str] = []
        while not self.client.get(f"/{GROUP}").json()["status"]["isStable"]:
            time.sleep(0.1)

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(Path.cwd()),
            "DEPLOY_RESULTS": str(self.results),
            **self.variables,
        }

    def command(self, *args: str) -> list[str]:
        """Write the environment file, which names Google's endpoint where `url` is empty, and return the command."""
        text = Path("environments/dev.yaml").read_text().partition("rollout:")[0]
        lines = [line for line in text.splitlines() if not line.startswith(("registry_url:", "token_hosts:"))]
        lines += [f"registry_url: {self.registry_url}", f"token_hosts: {self.token_hosts}"]
        lines += ["rollout: {bake_s: 1, poll_s: [0.1, 0.1]}"]
        lines += [f"compute_url: {self.url}/compute/v1"] if self.url else []
        (self.folder / "environments/dev.yaml").write_text("\n".join(lines))
        return [sys.executable, "-m", "deploy", *args, "--env", "dev"]

    def records(self) -> list[Path]:
        """Files of the last runs' outcomes."""
        return sorted(self.results.glob("*.json"))

    def start(self, *args: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command(*args),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment(), cwd=self.folder,
        )  # fmt: skip

    def run(self, *args: str) -> tuple[int, str, str]:
        process = self.start(*args)
        stdout, stderr = process.communicate(timeout=120)
        return process.returncode, stdout, stderr

    def fault(self, **fault: Any) -> Callable[[], bool]:
        """Plan a fault; returns what tells whether it has happened."""
        path = f"/emulator/faults/{self.client.post('/emulator/faults', json={'faults': [fault]}).json()['id']}"
        return lambda: any(self.client.get(path).json()["fired"])

    def serving(self) -> set[str]:
        rows = self.client.post(f"/{GROUP}/listManagedInstances").json()["managedInstances"]
        return {row["version"]["instanceTemplate"].rpartition("/")[2] for row in rows if "version" in row}


def reference(letter: str) -> str:
    return f"{REPOSITORY}@{digest(letter)}"
