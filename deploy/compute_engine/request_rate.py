"""The requests that a process has sent within the last minute: Compute Engine limits those of a project."""

from collections import deque
from typing import Final

_MINUTE_S: Final = 60.0


class RequestRate:
    """The times at which a process sent requests within the last minute, on its monotonic clock."""

    def __init__(self) -> None:
        self._sent_s: deque[float] = deque()

    def add(self, now_s: float) -> None:
        """Add a request that is sent now."""
        self._remove_older(now_s)
        self._sent_s.append(now_s)

    def count(self, now_s: float) -> int:
        """Return the number of requests within the last minute."""
        self._remove_older(now_s)
        return len(self._sent_s)

    def wait_s(self, now_s: float, requests: int, most: int) -> float:
        """
        Return the seconds until further requests can be sent without exceeding a number of requests in any minute.

        Args:
            now_s: time of the monotonic clock.
            requests: number of the further requests, which are sent one after the other.
            most: requests that any minute may have, no fewer than the further ones.
        """
        excess = self.count(now_s) + requests - most
        return self._sent_s[excess - 1] + _MINUTE_S - now_s if excess > 0 else 0.0

    def _remove_older(self, now_s: float) -> None:
        while self._sent_s and self._sent_s[0] <= now_s - _MINUTE_S:
            self._sent_s.popleft()
