"""What the tests of deploy as a real process share."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_registry import served as serving
from tests.system.processes.served import Served

# Under nohup the tests would inherit SIGHUP as ignored, and so would each process of deploy.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    """An emulator, 60 times as fast as real time or as its parameter says, and a registry, for a deployer to run."""
    one = Served(tmp_path, getattr(request, "param", 60))
    with serving(one.registry) as one.registry_url:
        yield one
    one.process.kill()
    one.process.wait()
