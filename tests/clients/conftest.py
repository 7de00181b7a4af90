"""Fixtures of the tests with real clients."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import chroma as chromas
from tests.clients.running import Emulator, Gcloud, gcloud_at, run_emulator
from tests.clients.updating import Lab, lab


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
