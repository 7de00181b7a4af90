"""Fixtures of the tests with real clients."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.emulator import REPOSITORY, Emulator, Gcloud, gcloud_at, miss, needs, run_emulator
from tests.support.tools import tool
from tests.system.accessory import chroma as chromas
from tests.system.accessory.updating import Lab, lab

_BUILD_S = 900
_UNAVAILABLE = 69  # ./daggerw says what this machine lacks


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
    return tool("terraform-provider-google")


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The AI server's image as `docker load` takes it: AI_SERVER_ARCHIVE, or else what `./daggerw` builds."""
    if given := os.environ.get("AI_SERVER_ARCHIVE"):
        return Path(given)
    built = tmp_path_factory.mktemp("image") / "image.tar"
    command = ["./daggerw", "--silent", "call", "build", "export", "--path", str(built)]
    done = subprocess.run(
        command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_BUILD_S, check=False
    )
    if done.returncode == _UNAVAILABLE:
        miss("./daggerw", done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stderr}"
    return built


@pytest.fixture(scope="session")
def accessory_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A machine with sshd and Docker, and releases of ChromaDB in its registry."""
    with lab(tmp_path_factory.mktemp("accessory")) as found:
        chromas.publish(found)
        yield found


@pytest.fixture
def chroma(accessory_machine: Lab) -> Lab:
    """The machine with release `one` of ChromaDB on it, and data in its volume."""
    chromas.begin(accessory_machine)
    return accessory_machine
