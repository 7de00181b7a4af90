"""A circuit breaker: a service that keeps failing is not called for a while, so that callers fail fast."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from app.metrics import CIRCUIT_OPEN


@dataclass(frozen=True)
class CircuitPolicy:
    """
    When a circuit opens, and how long it stays open.

    Args:
        failures: number of failed calls in a row.
        failing_s: seconds between the first and the last of these failures; a short fault ends all open calls at once,
            and their retries may still succeed.
        open_s: seconds without calls.
    """

    failures: int = 5
    failing_s: float = 3
    open_s: float = 15


class Circuit:
    """
    The circuit breaker of a destination.

    Closed until at least `failures` calls in a row have failed during `failing_s`; then open for `open_s`. After that
    the first answer closes the circuit, and the first failure opens it again.

    Args:
        destination: label of the metric.
        policy: when the circuit opens.
        clock: function that returns monotonic seconds.
    """

    def __init__(self, destination: str, policy: CircuitPolicy, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
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
        return max(0, self._opened_at + self._policy.open_s - self._clock())

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
        is_failing = now - self._first_failed_at >= self._policy.failing_s
        if is_failing and self._failed_in_a_row >= self._policy.failures:
            self._opened_at = now
            self._metric.set(1)
