"""The programs of a set-up, and the progress that it prints."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from engine.errors import EngineError

_HEARTBEAT_S = 20
_TAIL_LINES = 15


class Progress:
    """
    Prints a line on stderr when a step starts, every 20 s while it runs, and when it is done.

    Args:
        total: number of steps of the whole set-up
        done: folder with an empty file for each step that an earlier set-up finished
    """

    def __init__(self, total: int, done: Path) -> None:
        self._total = total
        self._done = done
        self._started_at = time.monotonic()
        self._number = 0
        self._lock = threading.Lock()

    def step(self, name: str, title: str, work: Callable[[], None]) -> None:
        """Do `work` unless an earlier set-up has finished it."""
        with self._lock:
            self._number += 1
            number = self._number
        if (self._done / name).exists():
            return
        self._print(number, title)
        started_at = time.monotonic()
        finished = threading.Event()
        heart = threading.Thread(target=self._beat, args=(number, title, started_at, finished), daemon=True)
        heart.start()
        try:
            work()
        finally:
            finished.set()
        (self._done / name).touch()
        self._print(number, f"{title}: done in {time.monotonic() - started_at:.0f} s")

    def _beat(self, number: int, title: str, started_at: float, finished: threading.Event) -> None:
        while not finished.wait(_HEARTBEAT_S):
            self._print(number, f"{title}: {time.monotonic() - started_at:.0f} s so far")

    def _print(self, number: int, text: str) -> None:
        elapsed_s = int(time.monotonic() - self._started_at)
        print(
            f"  {elapsed_s // 60:2}:{elapsed_s % 60:02}  [{number}/{self._total}] {text}", file=sys.stderr, flush=True
        )


def run(
    args: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """
    Run a program of the set-up to its end.

    Args:
        args: the program and its arguments
        log: file to which the command and its stderr are appended
        cwd: folder in which the program runs; `None` is the current folder
        env: variables beside the inherited ones

    Returns:
        The stdout of the program, without the white space around it.

    Raises:
        EngineError: the program ended with another code than 0; the text has its last lines
    """
    command = " ".join(map(str, args))
    with log.open("a+") as record:
        record.write(f"\n$ {command}\n")
        record.flush()
        start = record.tell()
        ended = subprocess.run(
            [str(arg) for arg in args],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=record,
            text=True,
            check=False,
        )
        record.seek(start)
        stderr = record.read()
    if ended.returncode != 0:
        tail = "\n".join(f"    {line}" for line in (ended.stdout + stderr).splitlines()[-_TAIL_LINES:])
        raise EngineError(f"'{command}' ended with code {ended.returncode}:\n{tail}\n  The whole log: {log}")
    return ended.stdout.strip()
