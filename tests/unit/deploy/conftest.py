"""What the tests of deploy counted, at the end: cases, steps, violations."""

import pytest
from hypothesis import HealthCheck, settings

from tests.unit.deploy.counts import LINES

# The same examples each time, however slow the machine is: nobody's change fails for what it did not do.
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the tests counted; without -s too."""
    if LINES:
        terminalreporter.section("proof")
    for line in LINES:
        terminalreporter.write_line(line)
