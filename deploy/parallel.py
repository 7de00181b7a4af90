"""Reads at the same time, in threads that end with the process: none keeps it alive after its report."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final

_MOST_THREADS: Final = 8

_Waiting = queue.SimpleQueue[tuple["Future[Any]", Callable[[], Any]]]


def side_by_side(reads: Sequence[Callable[[], Any]]) -> list[Any]:
    """
    Return what the reads return, in their order; no further read begins after an error.

    Args:
        reads: called in at most eight threads.

    Raises:
        BaseException: the first error, by the order of the reads.
    """
    futures: list[Future[Any]] = [Future() for _ in reads]
    waiting: _Waiting = queue.SimpleQueue()
    for pair in zip(futures, reads, strict=True):
        waiting.put(pair)
    for _ in range(min(_MOST_THREADS, len(futures))):
        # A ThreadPoolExecutor's threads would be waited for at the end of the process, however long their reads last.
        threading.Thread(target=_work, args=(waiting,), daemon=True).start()
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()


def _work(waiting: _Waiting) -> None:
    while True:
        try:
            future, read = waiting.get_nowait()
        except queue.Empty:
            return
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(read())
        except BaseException as error:  # noqa: BLE001 - the caller's thread raises it
            future.set_exception(error)
