"""Waiting for a condition, with a limit that fails the test."""

import time
from collections.abc import Callable

_PAUSE_S = 0.1


def wait_until(condition: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait until a condition holds, and fail after a time without it."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"the condition did not hold within {within_s:g} s"
        time.sleep(_PAUSE_S)
