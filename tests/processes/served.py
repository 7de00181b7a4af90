"""The command line over a real socket: an emulator in a process of its own, and a deployer in another."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.unit.deploy.fake_registry import FakeRegistry
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
        text = Path("environments/dev.yaml").read_text().partition("rollout:")[0]
        (folder / "environments").mkdir()
        (folder / "environments/dev.yaml").write_text(text + "rollout: {bake_s: 1, poll_s: [0.1, 0.1]}\n")
        self.registry = FakeRegistry()
        self.registry_url = ""
        while not self.client.get(f"/{GROUP}").json()["status"]["isStable"]:
            time.sleep(0.1)

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "COMPUTE_URL": f"{self.url}/compute/v1" if self.url else "",
            "PYTHONPATH": str(Path.cwd()),
            "DEPLOY_RESULTS": str(self.results),
        }

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "deploy", *args, "--env", "dev", "--registry-url", self.registry_url]

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
