"""The lock of a state file: one process at a time."""

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO


class LockedError(Exception):
    """Another process holds the state file; the text names the process."""


def hold(path: Path, wait_s: float, sleep: Callable[[float], None] = time.sleep) -> IO[str]:
    """
    Lock a state file for the life of the returned handle.

    Args:
        path: state file; the lock is a file beside it
        wait_s: seconds to wait for another process; a line on stderr names that process
        sleep: waits real seconds

    Raises:
        LockedError: another process still holds the file after that time
    """
    handle = path.with_name(f"{path.name}.lock").open("a+", encoding="utf-8", errors="replace")
    waited_s = 0.0
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            handle.seek(0)
            held = f"{path}: held by {_holder(handle.read())}"
            if waited_s >= wait_s:
                handle.close()
                raise LockedError(
                    f"{held}; waited {wait_s:g} s. Fix: stop it, or name another file with --state."
                ) from None
            if not waited_s:
                print(f"{held}; waiting up to {wait_s:g} s", file=sys.stderr, flush=True)
            sleep(0.1)
            waited_s += 0.1
    handle.seek(0)
    handle.truncate()
    handle.write(json.dumps({"pid": os.getpid(), "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}))
    handle.flush()
    return handle


def _holder(text: str) -> str:
    """Return which process a lock file names; `another process` if the file has other content."""
    try:
        holder = json.loads(text)
        return f"process {int(holder['pid'])}, started {holder['since']!s:.40}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return "another process"
