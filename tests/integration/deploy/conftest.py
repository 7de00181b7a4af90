"""The emulator as a process, and the counts of the deep tests."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.integration.deploy.counts import LINES
from tests.unit.lib.depth import load_profile

load_profile()


@pytest.fixture(scope="session")
def served() -> Iterator[str]:
    """An emulator that requires tokens, as a process; a test that injects a fault uses the fault up."""
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--seed", "emulator/seeds/dojangkok.yaml"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().split()[-1]
    process.kill()
    process.wait()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print cases, steps and violations, also without -s."""
    if LINES:
        terminalreporter.section("proof")
    for line in LINES:
        terminalreporter.write_line(line)
