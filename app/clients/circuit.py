"""A circuit breaker: a service that keeps failing is left alone for a while, so that callers learn it at once."""

import time
from collections.abc import Callable
from typing import Final

from app.metrics import CIRCUIT_OPEN

_FAILURES: Final = 5
_OPEN_S: Final = 15.0


class Circuit:
    """
    Whether a destination is asked.

    Closed, until `failures` calls in a row have failed; then open for `open_s`; then one call may try, and its outcome
    closes it or opens it again.

    Args:
        destination: Label of the metric.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        destination: str,
        *,
        failures: int = _FAILURES,
        open_s: float = _OPEN_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures = failures
        self._open_s = open_s
        self._clock = clock
        self._failed_in_a_row = 0
        self._opened_at: float | None = None
        self._metric = CIRCUIT_OPEN.labels(destination)
        self._metric.set(0)

    def closed_in_s(self) -> float:
        """Seconds until a call may try; 0 if it may now, which makes that call the one that tries."""
        if self._opened_at is None:
            return 0
        left_s = self._opened_at + self._open_s - self._clock()
        if left_s > 0:
            return left_s
        self._opened_at = self._clock()  # for everybody else it stays open while this call tries
        return 0

    def succeeded(self) -> None:
        """Note an answer."""
        self._failed_in_a_row = 0
        self._opened_at = None
        self._metric.set(0)

    def failed(self) -> None:
        """Note that there was none, or one that says that the service is broken."""
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= self._failures:
            self._opened_at = self._clock()
            self._metric.set(1)
