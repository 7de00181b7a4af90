"""Fixtures that several folders of tests/system use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.emulator import Emulator, run_emulator
from tests.support.gcloud import Gcloud, gcloud_at


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A running emulator whose seed's group has become stable; a virtual minute is a second."""
    with run_emulator() as running:
        running.wait_for_stable_group()
        yield running


@pytest.fixture(scope="session")
def gcloud_configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for gcloud's configuration, apart from that of the person at this host."""
    return tmp_path_factory.mktemp("gcloud")


@pytest.fixture
def gcloud(emulator: Emulator, gcloud_configuration: Path) -> Gcloud:
    """The real gcloud, which sends its requests to the emulator."""
    return gcloud_at(emulator.address, gcloud_configuration)
