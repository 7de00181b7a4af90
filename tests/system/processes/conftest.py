"""Fixtures of the tests of deploy as a real process."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import fake_registry
from tests.support.deployer import Deployer
from tests.support.emulator import run_emulator
from tests.support.fake_registry import FakeRegistry

# Under nohup the tests would inherit SIGHUP as ignored, and so would each process of deploy.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def speed() -> int:
    """Seconds of the emulator's clock in a real second; a test's parameter of this name replaces the value."""
    return 60


@pytest.fixture
def registry() -> FakeRegistry:
    """The registry of the releases that tests name by a letter."""
    return FakeRegistry()


@pytest.fixture
def deployer(tmp_path: Path, speed: int, registry: FakeRegistry) -> Iterator[Deployer]:
    """The program, with an emulator whose group is stable, and a registry."""
    with run_emulator(speed=speed) as emulator, fake_registry.served(registry) as url:
        emulator.wait_for_stable_group()
        yield Deployer(emulator, url, tmp_path, rollout="{bake_s: 1, poll_s: [0.1, 0.1]}")
