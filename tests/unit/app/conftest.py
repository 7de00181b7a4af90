"""
What all tests of the app share.

The controller of pytest-xdist reads this file before it starts the workers, so the imports that take long are in the
functions, which run in the workers alone.
"""

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.app.app_environment import AppEnvironment


def pytest_collectstart() -> None:
    """Try the same examples in each run, on slow computers too, so that an unrelated change does not fail."""
    from hypothesis import HealthCheck, settings

    examples = int(os.environ.get("EXAMPLES", "30"))  # of each property; .ci/run tries more
    profile = settings(
        max_examples=examples, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.register_profile("same", profile)
    settings.load_profile("same")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the server first, because they are the longest and run in one process of pytest-xdist."""
    items.sort(key=lambda item: item.path.name != "test_server.py")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables that tests recorded; with pytest-xdist a test itself prints into nothing."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "table":
                terminalreporter.write_line(f"\n{value}")


@pytest.fixture
def environment() -> "AppEnvironment":
    """An environment whose fakes answer without faults."""
    from tests.unit.app.app_environment import AppEnvironment

    return AppEnvironment()
