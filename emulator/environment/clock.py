"""Virtual time: real, scaled, or moved by hand."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

# Timestamps of Compute Engine carry the offset of Pacific time and milliseconds (facts of real answers, 2026).
_PACIFIC: Final = ZoneInfo("America/Los_Angeles")


class Clock:
    """
    Seconds of virtual time since 1970; it never runs backwards.

    Args:
        start_s: virtual time at which the clock begins; for a state file, the time at which it stopped
        speed: virtual seconds per real second; 1 is real time; None: the clock changes only by `move`
        monotonic: returns real seconds of any origin

    Attributes:
        skew_s: seconds by which the `Date` of answers and the life of tokens are ahead; virtual time has no skew
    """

    def __init__(
        self, start_s: float, speed: float | None = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.speed = speed
        self.skew_s = 0.0
        self._monotonic = monotonic
        self._base_s = start_s
        self._began_s = monotonic()

    @property
    def is_manual(self) -> bool:
        """Whether time stands still between moves."""
        return self.speed is None

    def now_s(self) -> float:
        """Return the virtual time."""
        if self.speed is None:
            return self._base_s
        return self._base_s + (self._monotonic() - self._began_s) * self.speed

    def move(self, seconds: float) -> None:
        """Add virtual seconds, 0 or more."""
        self._base_s += seconds

    def real_s(self, seconds: float) -> float:
        """Return how many real seconds it takes for virtual seconds to pass; 0 on a clock that is moved by hand."""
        return 0.0 if self.speed is None else seconds / self.speed

    def date_s(self) -> float:
        """Return the seconds since 1970 for the `Date` of answers: virtual ones on a clock that is moved by hand."""
        return self.skew_s + (self.now_s() if self.is_manual else time.time())

    def token_time_s(self) -> float:
        """Return the seconds since 1970 for the life of tokens, whose clients compare them with real clocks."""
        return self.skew_s + time.time()


def reopened_s(kept_s: float, present_s: float, *, is_settled: bool) -> float:
    """
    Return the virtual time at which a closed state continues; it never runs backwards.

    Args:
        kept_s: virtual time at which the state stopped
        present_s: real time
        is_settled: whether no change was scheduled, so that the skipped time has no events
    """
    return max(kept_s, present_s) if is_settled else kept_s


def timestamp(at_s: float) -> str:
    """Return a time as Compute Engine writes it: `2026-11-23T04:05:06.789-08:00`."""
    return datetime.fromtimestamp(at_s, _PACIFIC).isoformat(timespec="milliseconds")
