"""
Hooks that record connections of a process, or kill it. Python imports this module if its folder is on PYTHONPATH.

    SPY_CONNECTIONS=FILE   every address that a socket connects to is added there, one a line
    SPY_KILL=before:7      SIGKILL before the seventh HTTP exchange of the process, or `after:7` once it was answered
"""

import itertools
import os
import signal
import sys
from pathlib import Path
from typing import Any


def _watch(file: str) -> None:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            host, port = arguments[1][:2]
            with Path(file).open("a") as written:
                written.write(f"{host}:{port}\n")

    sys.addaudithook(hook)


def _kill(when: str, number: int) -> None:
    import httpx

    # For every transport of a client.
    numbers, send = itertools.count(1), httpx.Client.send

    def dying(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        is_last = next(numbers) == number
        if is_last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = send(self, request, **options)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    httpx.Client.send = dying  # type: ignore[method-assign]


if os.environ.get("SPY_CONNECTIONS"):
    _watch(os.environ["SPY_CONNECTIONS"])
if os.environ.get("SPY_KILL"):
    _when, _, _number = os.environ["SPY_KILL"].partition(":")
    _kill(_when, int(_number))
