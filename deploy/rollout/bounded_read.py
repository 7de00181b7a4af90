"""Reads that end in time, whatever the network does."""

import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def result_within(seconds: float, read: Callable[[], _T]) -> _T | None:
    """
    Return the result of a read; None if the read takes too long.

    A late read continues in a daemon thread, which ends with the process.

    Args:
        seconds: time that the caller waits.
        read: function that the thread calls.

    Raises:
        BaseException: the error of the read, if it comes in time.
    """
    results: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(read())
        except BaseException as error:  # noqa: BLE001 - the caller's thread raises it
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    return results[0] if results else None
