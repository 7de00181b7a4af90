"""Reads that may not take longer than a caller waits, whatever the network does."""

import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def result_within(seconds: float, read: Callable[[], _T]) -> _T | None:
    """
    Return what a read returns; None if it takes longer.

    A read that is late goes on in a daemon thread, which ends with the process.

    Args:
        seconds: How long the caller waits.
        read: What is called in that thread.

    Raises:
        BaseException: What `read` raises in time.
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
