"""Fixtures of accessory's tests with a real sshd and Docker."""

from collections.abc import Iterator

import pytest

from tests.system.accessory import chroma as chroma_releases
from tests.system.accessory.updating import Lab, lab


@pytest.fixture(scope="session")
def accessory_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A VM with sshd and Docker, and releases of ChromaDB in its registry."""
    with lab(tmp_path_factory.mktemp("accessory")) as machine:
        chroma_releases.publish(machine)
        yield machine


@pytest.fixture
def chroma(accessory_machine: Lab) -> Lab:
    """The VM on release `one` of ChromaDB, with data in its volume."""
    chroma_releases.begin(accessory_machine)
    return accessory_machine
