"""How long to wait between two looks at a group: pure."""


def pause_s(poll_s: tuple[float, float], unchanged_s: float) -> float:
    """
    Return seconds until the next look: short while things change, longer the longer nothing has.

    Args:
        poll_s: Shortest and longest pause.
        unchanged_s: Since the last change.
    """
    shortest, longest = poll_s
    return min(longest, max(shortest, unchanged_s / 10))
