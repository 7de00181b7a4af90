"""
Requests over connections that were idle for about as long as a server keeps them.

    python -m tests.system.loss.idle FILE AROUND_S

FILE is the JSON of an Experiment. 40 callers send a request each at the same moment, and again after a pause of almost
AROUND_S. So the balancer needs 40 connections to the servers, and all of them are idle between two moments. The
balancer stands still around each moment, beyond AROUND_S, and sends the requests after that: in a network with delays,
the news that a server closed a connection is on its way so long. No caller repeats a request.
"""

import http.client
import os
import signal
import sys
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Final

from tests.system.loss.experiment import keep, read_experiment, terms
from tests.system.loss.haproxy import PORT
from tests.system.loss.laboratory import run_laboratory

SCENARIO: Final = "idle connections"
_CALLERS: Final = 40
_PAUSES: Final = 10
_EARLY_S: Final = 0.2  # from a moment to AROUND_S
_STILL_S: Final = 0.5  # from a moment until the balancer runs on
_TIMEOUT_S: Final = 30


class _Caller:
    def __init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=_TIMEOUT_S)

    def send(self, moment: threading.Barrier) -> str:
        """Send a request at the moment; return how it ended."""
        moment.wait()
        try:
            self._connection.request("GET", "/version")
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return type(error).__name__
        return f"status {answer.status}"


def _bursts(around_s: float, balancer: int) -> Counter[str]:
    """Send a burst of requests before and after each pause; return how many requests ended how."""
    callers, ends = [_Caller() for _ in range(_CALLERS)], Counter[str]()

    def burst() -> list[Future[str]]:
        moment = threading.Barrier(_CALLERS)
        return [pool.submit(caller.send, moment) for caller in callers]

    with ThreadPoolExecutor(_CALLERS) as pool:
        ends.update(future.result() for future in burst())
        for _ in range(_PAUSES):
            answered_at = time.monotonic()
            time.sleep(around_s - 2 * _EARLY_S)
            os.kill(balancer, signal.SIGSTOP)
            time.sleep(max(0.0, answered_at + around_s - _EARLY_S - time.monotonic()))
            sent = burst()
            time.sleep(_STILL_S)
            os.kill(balancer, signal.SIGCONT)
            ends.update(future.result() for future in sent)
    return ends


def main(file: str, around_s: str) -> None:
    """Keep the number of requests, of lost ones, and of their ends as an outcome."""
    experiment = read_experiment(Path(file))
    with run_laboratory(terms(experiment), Path(experiment.folder)) as laboratory:
        ends = _bursts(float(around_s), laboratory.balancer.pid)
    right = ends[f"status {HTTPStatus.OK.value}"]
    keep(
        experiment,
        {"scenario": SCENARIO, "requests": ends.total(), "lost": ends.total() - right, "ends": ends, "problems": []},
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
