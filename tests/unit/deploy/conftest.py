"""What the tests of deploy counted, at the end: cases, steps, violations."""

import pytest

from tests.unit.deploy.counts import LINES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the tests counted; without -s too."""
    if LINES:
        terminalreporter.section("proof")
    for line in LINES:
        terminalreporter.write_line(line)
