"""Runs reads side by side, in daemon threads: a slow read never keeps the process alive after its report."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final

_MOST_THREADS: Final = 8
_Reads = queue.SimpleQueue[tuple["Future[Any]", Callable[[], Any]]]


def side_by_side(reads: Sequence[Callable[[], Any]]) -> list[Any]:
    """
    Return the results of reads, in their order; no further read begins after an error.

    Args:
        reads: functions that are called in at most eight threads.

    Raises:
        BaseException: a read failed; the error is that of the first failed read in their order.
    """
    futures: list[Future[Any]] = [Future() for _ in reads]
    waiting: _Reads = queue.SimpleQueue()
    for pair in zip(futures, reads, strict=True):
        waiting.put(pair)
    for _ in range(min(_MOST_THREADS, len(futures))):
        # A ThreadPoolExecutor's threads would keep the process alive until their reads end.
        threading.Thread(target=_run_reads, args=(waiting,), daemon=True).start()
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()


def _run_reads(waiting: _Reads) -> None:
    """Run reads until none waits."""
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
