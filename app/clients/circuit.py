"""A circuit breaker: a service that keeps failing is left alone for a while, so that callers learn it at once."""

import time
from collections.abc import Callable
from typing import Final

from app.metrics import CIRCUIT_OPEN

_FAILURES: Final = 5
_FAILING_S: Final = 3.0  # a blip ends all the calls that are open at once, and their repeats are to have their chance
_OPEN_S: Final = 15.0


class Circuit:
    """
    Whether a destination is asked.

    Closed, until at least `failures` calls in a row have failed for `failing_s`; then open for `open_s`; then calls may
    try: the first answer closes it, the first failure opens it again.

    Args:
        destination: Label of the metric.
        clock: Seconds that only grow.
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
        """Seconds until calls may try; 0 if they may now."""
        if self._opened_at is None:
            return 0
        return max(0, self._opened_at + self._open_s - self._clock())

    def succeeded(self) -> None:
        """Note an answer."""
        self._failed_in_a_row = 0
        self._opened_at = None
        self._metric.set(0)

    def failed(self) -> None:
        """Note that there was none, or one that says that the service is broken."""
        now = self._clock()
        if not self._failed_in_a_row:
            self._first_failed_at = now
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= self._failures and now - self._first_failed_at >= self._failing_s:
            self._opened_at = now
            self._metric.set(1)
