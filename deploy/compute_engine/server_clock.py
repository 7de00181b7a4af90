"""What time it is at Compute Engine, by the `Date` header of its answers: deadlines are judged by one clock alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from deploy.retry import Time

# An answer that took longer carries a Date from some time before its end, and counts only where none is known.
_QUICK_S: Final = 5.0
_YEARS: Final = range(2020, 2200)  # a date of any other year is a broken header


def own_time() -> datetime:
    """Return the time of this computer's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Reading:
    """
    One `Date` header.

    Args:
        date: Its time.
        at_s: When its answer was complete, by the monotonic clock.
        ahead_s: How far this computer's clock was ahead of it then.
    """

    date: datetime
    at_s: float
    ahead_s: float


@dataclass
class ServerClock:
    """
    The server's clock: the Date of the last answer, and the seconds that went by since.

    Without a Date, or with one that can't be read, it is this computer's clock.

    Args:
        time: Monotonic seconds.
        own: Returns the time of this computer's clock.
    """

    time: Time
    own: Callable[[], datetime] = own_time
    _reading: Reading | None = field(default=None, init=False)

    def set_by(self, header: str, sent_s: float) -> None:
        """
        Set the clock by an answer.

        Args:
            header: `Date` of the answer; empty if it had none.
            sent_s: When its request was sent, by the monotonic clock.
        """
        date, at_s = _parsed(header), self.time.now_s()
        if date is not None and (self._reading is None or at_s - sent_s <= _QUICK_S):
            self._reading = Reading(date, at_s, (self.own() - date).total_seconds())

    def now(self) -> datetime:
        """Return what time it is at the server, UTC."""
        if self._reading is None:
            return self.own()
        return self._reading.date + timedelta(seconds=self.time.now_s() - self._reading.at_s)

    @property
    def ahead_s(self) -> float:
        """How many seconds this computer's clock is ahead of the server's; 0 if the server's is not known."""
        return self._reading.ahead_s if self._reading else 0.0


def _parsed(header: str) -> datetime | None:
    """Return the time of a Date header; None for one that is no time with a zone."""
    try:
        date = parsedate_to_datetime(header)
        return date.astimezone(UTC) if date.tzinfo and date.year in _YEARS else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
