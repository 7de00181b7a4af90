"""Running a set-up's programs, and showing how far it is."""

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
    One line on stderr when a step starts, every 20 s while it runs, and when it is done.

    Args:
        total: Number of steps of the whole set-up.
        done: Folder with an empty file for each step that an earlier set-up finished.
    """

    def __init__(self, total: int, done: Path) -> None:
        self._total = total
        self._done = done
        self._started_at = time.monotonic()
        self._number = 0
        self._lock = threading.Lock()

    def step(self, name: str, what: str, work: Callable[[], None]) -> None:
        """Do `work` unless an earlier set-up has finished it."""
        with self._lock:
            self._number += 1
            number = self._number
        if (self._done / name).exists():
            return
        self._say(number, what)
        started_at = time.monotonic()
        finished = threading.Event()
        heart = threading.Thread(target=self._beat, args=(number, what, started_at, finished), daemon=True)
        heart.start()
        try:
            work()
        finally:
            finished.set()
        (self._done / name).touch()
        self._say(number, f"{what}: done in {time.monotonic() - started_at:.0f} s")

    def _beat(self, number: int, what: str, started_at: float, finished: threading.Event) -> None:
        while not finished.wait(_HEARTBEAT_S):
            self._say(number, f"{what}: {time.monotonic() - started_at:.0f} s so far")

    def _say(self, number: int, text: str) -> None:
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
        args: The program and its arguments.
        log: File to which the command and its stderr are appended.
        cwd: Where it runs; `None` is the current directory.
        env: Variables beside the inherited ones.

    Returns:
        What it wrote to stdout, without the white space around it.

    Raises:
        EngineError: It ended with another code than 0; the text has its last lines.
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
