"""Fixtures of the tests with real clients."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.running import Emulator, Gcloud, needs, run_emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A running emulator whose seed's group has become stable; a virtual minute is a second."""
    with run_emulator() as running:
        running.wait(lambda: running.group()["status"]["isStable"])
        yield running


@pytest.fixture(scope="session")
def gcloud_configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration of gcloud's own, which nothing of the person at this machine is in."""
    return tmp_path_factory.mktemp("gcloud")


@pytest.fixture
def gcloud(emulator: Emulator, gcloud_configuration: Path) -> Gcloud:
    """Real gcloud against the emulator."""
    needs("gcloud", "install the Google Cloud CLI, 528.0.0 or newer")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CLOUDSDK_")}
    return Gcloud(
        kept
        | {
            "CLOUDSDK_CONFIG": str(gcloud_configuration),
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": f"{emulator.address}/compute/v1/",
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
            "CLOUDSDK_CORE_PROJECT": "dojangkok-dev",
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_COMPUTE_ZONE": "asia-northeast3-a",
            "NO_PROXY": "127.0.0.1",
        }
    )
