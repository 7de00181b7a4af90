"""What several test modules of deploy share, and at the end what they counted: cases, steps, violations."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.deploy.counts import LINES
from tests.unit.deploy.fake_registry import served as serving
from tests.unit.deploy.processes import Served


@pytest.fixture
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    """An emulator, 60 times as fast as real time or as its parameter says, and a registry, for a deployer to run."""
    one = Served(tmp_path, getattr(request, "param", 60))
    with serving(one.registry) as one.registry_url:
        yield one
    one.process.kill()
    one.process.wait()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the tests counted; without -s too."""
    if LINES:
        terminalreporter.section("proof")
    for line in LINES:
        terminalreporter.write_line(line)
