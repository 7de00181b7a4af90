"""How often the guest attributes of each instance were read."""

from collections import defaultdict
from typing import Final

# "a maximum of 10 queries per minute per VM instance", "a burst of 3 queries per second". Source: Google Cloud's page
# on guest attributes, as public repositories quote it (read on 2026-11-27).
_LIMITS: Final = ((60.0, 10), (1.0, 3))


class GuestQueries:
    """The times of the reads of the last minute, by the path of the instance."""

    def __init__(self) -> None:
        self._times: dict[str, list[float]] = defaultdict(list)

    def add(self, instance: str, now_s: float) -> bool:
        """Add a read, and return whether it is within the limits; a refused read does not count."""
        times = self._times[instance] = [at_s for at_s in self._times[instance] if now_s - 60.0 < at_s <= now_s]
        is_allowed = all(sum(now_s - at_s < period_s for at_s in times) < most for period_s, most in _LIMITS)
        if is_allowed:
            times.append(now_s)
        return is_allowed
