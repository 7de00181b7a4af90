"""How the tests of the emulator choose their examples."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Equal examples in each run, however slow the computer is: a change fails only for what it did.
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return the path of a state file that does not exist yet."""
    return tmp_path / "state.db"
