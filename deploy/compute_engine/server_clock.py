"""The time at Compute Engine, from the header `Date` of its answers: every process judges deadlines by this clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from deploy.retry import Time

# The Date of a slower answer is older than the answer's end, so it counts only while no other Date is known.
_QUICK_ANSWER_S: Final = 5.0
_YEARS: Final = range(2020, 2200)  # a Date of any other year is a broken header


def own_time() -> datetime:
    """Return the time of this computer's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Reading:
    """
    A header `Date`.

    Args:
        date: time of the header.
        at_s: time at which the answer was complete, on the monotonic clock.
        ahead_s: seconds that this computer's clock was ahead of the header at that time.
    """

    date: datetime
    at_s: float
    ahead_s: float


@dataclass
class ServerClock:
    """
    The server's clock: the Date of the last answer, and the seconds since that answer.

    While no answer has had a valid Date, the time is that of this computer's clock.

    Args:
        time: monotonic clock.
        own: returns the time of this computer's clock.
    """

    time: Time
    own: Callable[[], datetime] = own_time
    _reading: Reading | None = field(default=None, init=False)

    def set_by(self, header: str, sent_s: float) -> None:
        """
        Set the clock by an answer.

        Args:
            header: header `Date` of the answer; empty if the answer has none.
            sent_s: time at which the request was sent, on the monotonic clock.
        """
        date, at_s = _parse_date(header), self.time.now_s()
        if date is not None and (self._reading is None or at_s - sent_s <= _QUICK_ANSWER_S):
            self._reading = Reading(date, at_s, (self.own() - date).total_seconds())

    def now(self) -> datetime:
        """Return the time at the server, UTC."""
        if self._reading is None:
            return self.own()
        return self._reading.date + timedelta(seconds=self.time.now_s() - self._reading.at_s)

    @property
    def is_known(self) -> bool:
        """Whether an answer has had a valid Date."""
        return self._reading is not None

    @property
    def ahead_s(self) -> float:
        """Seconds that this computer's clock is ahead of the server's; 0 while the server's is unknown."""
        return self._reading.ahead_s if self._reading else 0.0


def _parse_date(header: str) -> datetime | None:
    """Return the time of a header `Date`; None if the header is no time with a zone."""
    try:
        date = parsedate_to_datetime(header)
        return date.astimezone(UTC) if date.tzinfo and date.year in _YEARS else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
