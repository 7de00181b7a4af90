"""The warning about a clock that differs from Compute Engine's, which deadlines are judged by."""

from typing import Final

_MOST_SKEW_S: Final = 60.0


def clock_skew_warnings(ahead_s: float) -> tuple[str, ...]:
    """
    Return a warning about a clock that is more than 60 s off; empty if the clock is right.

    Args:
        ahead_s: seconds that this computer's clock is ahead of Compute Engine's.
    """
    if abs(ahead_s) <= _MOST_SKEW_S:
        return ()
    side = "ahead of" if ahead_s > 0 else "behind"
    return (
        (
            f"this computer's clock is {abs(ahead_s):.0f} s {side} Compute Engine's, which deadlines are judged by."
            " Fix: set this computer's clock"
        ),
    )
