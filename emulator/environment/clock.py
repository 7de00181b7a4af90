"""Virtual time: real, scaled, or moved by hand."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

Mode = Literal["scaled", "manual"]
# Timestamps of Compute Engine carry the offset of Pacific time and milliseconds (facts of real answers, 2026).
_PACIFIC: Final = ZoneInfo("America/Los_Angeles")


class Clock:
    """
    Seconds of virtual time since 1970, never running backwards.

    Args:
        start_s: Virtual time at which it begins; for a state file, the time at which it stopped.
        speed: Virtual seconds per real second; 1 is real time. None is a clock that only `move` moves.
        monotonic: Real seconds of any origin.
    """

    def __init__(
        self, start_s: float, speed: float | None = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.speed = speed
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
        """Return how many real seconds it takes for virtual seconds to go by; 0 on a clock moved by hand."""
        return 0.0 if self.speed is None else seconds / self.speed


def reopened_s(kept_s: float, present_s: float, *, is_settled: bool) -> float:
    """
    Return the virtual time at which a state that was closed goes on; it never runs backwards.

    Args:
        kept_s: Virtual time at which it stopped.
        present_s: Real time.
        is_settled: Whether nothing was under way, so that nothing happens in the time that is left out.
    """
    return max(kept_s, present_s) if is_settled else kept_s


def timestamp(at_s: float) -> str:
    """Write a time as Compute Engine does: `2026-11-23T04:05:06.789-08:00`."""
    return datetime.fromtimestamp(at_s, _PACIFIC).isoformat(timespec="milliseconds")
