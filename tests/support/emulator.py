"""A running emulator, and gcloud as a person drives it there."""

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

REPOSITORY = Path(__file__).parents[2]
GROUP = "dojangkok-dev-ai-server-mig"
SEED_TEMPLATE = "dojangkok-dev-ai-server-seed"
ZONE = "projects/dojangkok-dev/zones/asia-northeast3-a"
TEMPLATES = "projects/dojangkok-dev/global/instanceTemplates"
_START_S = 30
_GCLOUD_S = 120


@dataclass(frozen=True)
class Emulator:
    """A running emulator; `address` is `http://127.0.0.1:PORT`."""

    address: str

    def ask(self, path: str, body: Any = None, verb: str = "") -> Any:
        """Make a request, POST if there is a body, and return the JSON of its answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}/{path}", data, method=verb or ("POST" if data else "GET"))
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def get(self, path: str) -> Any:
        """Return a resource of Compute v1, `projects/…`."""
        return self.ask(f"compute/v1/{path}")

    def group(self, name: str = GROUP) -> Any:
        """Return a group of the seed's zone."""
        return self.get(f"{ZONE}/instanceGroupManagers/{name}")

    def machines(self, name: str = GROUP) -> list[Any]:
        """Return the rows of `listManagedInstances`."""
        path = f"compute/v1/{ZONE}/instanceGroupManagers/{name}/listManagedInstances"
        return list(self.ask(path, verb="POST").get("managedInstances", []))

    def ledger(self, kind: str = "") -> list[Any]:
        """Return what happened, oldest first; `request` or `group` entries only, if asked for."""
        with urllib.request.urlopen(f"{self.address}/emulator/ledger?kind={kind}", timeout=30) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def copy_template(self, name: str) -> None:
        """Make a template like the seed's, whose start-up script names another release."""
        seed = self.get(f"{TEMPLATES}/{SEED_TEMPLATE}")
        text = json.dumps(seed["properties"]).replace("ai-server:latest", f"ai-server:{name}")
        self.ask(f"compute/v1/{TEMPLATES}", {"name": name, "properties": json.loads(text)})

    def wait(self, condition: Callable[[], Any], timeout_s: float = 30.0) -> None:
        """Wait until a condition holds."""
        until = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < until, f"not within {timeout_s} s"
            time.sleep(0.1)


@dataclass(frozen=True)
class Gcloud:
    """Google's command line, whose `compute` talks to an emulator."""

    environment: dict[str, str]

    def run(self, command: str, *more: str) -> "subprocess.CompletedProcess[str]":
        """Run `gcloud compute COMMAND`; `more` are arguments with spaces of their own."""
        return subprocess.run(
            ["gcloud", "compute", *command.split(), *more],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_GCLOUD_S,
            check=False,
        )

    def __call__(self, command: str, *more: str) -> str:
        """Run a command that must succeed and say nothing is wrong, and return what it prints."""
        done = self.run(command, *more)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert "WARNING" not in done.stderr, f"{command}: {done.stderr}"
        return done.stdout

    def json(self, command: str, *more: str) -> Any:
        """Run a command that must succeed, and return the JSON that it prints."""
        return json.loads(self(command, *more, "--format=json"))

    def fails(self, command: str, *more: str) -> str:
        """Run a command that must fail as gcloud does when it is told no, and return what it says."""
        done = self.run(command, *more)
        assert done.returncode == 1, f"{command}: exit code {done.returncode}"
        assert "crashed" not in done.stderr, done.stderr
        return done.stderr


def gcloud_at(address: str, configuration: Path) -> Gcloud:
    """
    Return real gcloud for the emulator at an address.

    Args:
        address: `http://127.0.0.1:PORT`.
        configuration: Folder of gcloud's own, which nothing of the person at this machine is in.
    """
    needs("gcloud", "install the Google Cloud CLI, 528.0.0 or newer")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CLOUDSDK_")}
    return Gcloud(
        kept
        | {
            "CLOUDSDK_CONFIG": str(configuration),
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": f"{address}/compute/v1/",
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
            "CLOUDSDK_CORE_PROJECT": "dojangkok-dev",
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_COMPUTE_ZONE": "asia-northeast3-a",
            "NO_PROXY": "127.0.0.1",
        }
    )


def needs(tool: str, remedy: str) -> None:
    """Skip a test for want of a tool, with what to do about it; in CI that is a failure."""
    if not shutil.which(tool):
        miss(tool, remedy)


def miss(tool: str, remedy: str) -> NoReturn:
    """Skip a test because a tool is not there."""
    reason = f"{tool}: not found. Fix: {remedy}."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def run_emulator(*args: str) -> Iterator[Emulator]:
    """Serve the seed's world on a free port until the end of the block."""
    python = os.environ.get("EMULATOR_PYTHON") or str(REPOSITORY / "emulator/.venv/bin/python")
    needs(python, "'uv sync --project emulator', or EMULATOR_PYTHON names a Python that has its packages")
    command = [python, "-m", "emulator", "serve", "--port", "0", "--speed", "60", "--open"]
    process = subprocess.Popen(
        [*command, "--seed", "emulator/seeds/dojangkok.yaml", *args],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        first = process.stdout.readline()
        assert first.startswith("listening on http://"), f"exit code {process.wait(_START_S)}"
        yield Emulator(first.split()[-1])
    finally:
        process.terminate()
        process.wait(_START_S)
