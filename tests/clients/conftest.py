"""Fixtures of the tests with real clients."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.running import REPOSITORY, Emulator, Gcloud, gcloud_at, miss, needs, run_emulator

_BUILD_S = 900
_NO_GO = 3


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
    return gcloud_at(emulator.address, gcloud_configuration)


@pytest.fixture(scope="session")
def provider() -> Path:
    """The directory that holds Terraform's google provider; the first time, it is built."""
    needs("terraform", "install Terraform, 1.11.4 or newer")
    built = subprocess.run(
        [str(REPOSITORY / "tests/clients/terraform/provider/build")], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=_BUILD_S, check=False,
    )  # fmt: skip
    if built.returncode == _NO_GO:
        miss("go", "install Go, 1.24 or newer")
    assert built.returncode == 0, built.stderr
    return Path(built.stdout.strip())
