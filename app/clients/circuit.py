"""A circuit breaker: a service that keeps failing is not called for a while, so that callers fail fast."""

import time
from collections.abc import Callable
from typing import Final

from app.metrics import CIRCUIT_OPEN

_FAILURES: Final = 5
_FAILING_S: Final = 3.0  # a short fault ends all open calls at once, and their retries may still succeed
_OPEN_S: Final = 15.0


class Circuit:
    """
    The circuit breaker of a destination.

    Closed until at least `failures` calls in a row have failed during `failing_s`; then open for `open_s`. After that
    the first answer closes the circuit, and the first failure opens it again.

    Args:
        destination: label of the metric.
        failures: number of failed calls in a row.
        failing_s: seconds between the first and the last of these failures.
        open_s: seconds without calls.
        clock: function that returns monotonic seconds.
    """

    def __init__(
        self,
        destination: str,
        *,
        failures: int = _FAILURES,
        failing_s: float = _FAILING_S,
        open_s: float = _OPEN_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures = failures
        self._failing_s = failing_s
        self._open_s = open_s
        self._clock = clock
        self._failed_in_a_row = 0
        self._first_failed_at = 0.0
        self._opened_at: float | None = None
        self._metric = CIRCUIT_OPEN.labels(destination)
        self._metric.set(0)

    def closed_in_s(self) -> float:
        """Return the seconds until the next allowed call; 0 if calls are allowed."""
        if self._opened_at is None:
            return 0
        return max(0, self._opened_at + self._open_s - self._clock())

    def succeeded(self) -> None:
        """Record an answer."""
        self._failed_in_a_row = 0
        self._opened_at = None
        self._metric.set(0)

    def failed(self) -> None:
        """Record a missing answer, or an answer of a failing service."""
        now = self._clock()
        if not self._failed_in_a_row:
            self._first_failed_at = now
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= self._failures and now - self._first_failed_at >= self._failing_s:
            self._opened_at = now
            self._metric.set(1)
