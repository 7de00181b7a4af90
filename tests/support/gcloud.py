"""The real gcloud, which sends its requests to an emulator."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.programs import require

_GCLOUD_S: Final = 120


@dataclass(frozen=True)
class Gcloud:
    """
    Google's command line, whose `compute` sends its requests to an emulator.

    Args:
        environment: environment variables of the process.
        longest_s: seconds after which a command has failed.
    """

    environment: dict[str, str]
    longest_s: int = _GCLOUD_S

    def run(self, command: str, *more: str) -> "subprocess.CompletedProcess[str]":
        """Run `gcloud compute COMMAND`; `more` are arguments with spaces of their own."""
        return subprocess.run(
            ["gcloud", "compute", *command.split(), *more],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=self.longest_s,
            check=False,
        )

    def __call__(self, command: str, *more: str) -> str:
        """Run a command that must succeed without a warning, and return its stdout."""
        done = self.run(command, *more)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert "WARNING" not in done.stderr, f"{command}: {done.stderr}"
        return done.stdout

    def json(self, command: str, *more: str) -> Any:
        """Run a command that must succeed, and return the JSON of its stdout."""
        return json.loads(self(command, *more, "--format=json"))

    def fails(self, command: str, *more: str) -> str:
        """Run a command that Compute Engine must refuse, and return its stderr."""
        done = self.run(command, *more)
        assert done.returncode == 1, f"{command}: exit code {done.returncode}"
        assert "crashed" not in done.stderr, done.stderr
        return done.stderr


def gcloud_at(address: str, configuration: Path) -> Gcloud:
    """
    Return real gcloud for the emulator at an address.

    Args:
        address: `http://127.0.0.1:PORT`.
        configuration: folder for gcloud's configuration, apart from that of the person at this host.
    """
    require("gcloud", "install the Google Cloud CLI, 528.0.0 or newer")
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
