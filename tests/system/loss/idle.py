"""
Requests over connections that were idle for about as long as a server keeps them.

    python -m tests.system.loss.idle FILE AROUND_S

FILE is the JSON of an Experiment. 40 callers send a request each at the same moment, and again after a pause of almost
AROUND_S. So the balancer needs 40 connections to the servers, and all of them are idle between two moments. The network
between them has a delay: a request that is sent when the server decides to close the connection finds it closed. No
caller repeats a request.
"""

import http.client
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Final

from tests.system.loss.delays import run_delays
from tests.system.loss.experiment import keep, read_experiment, terms
from tests.system.loss.haproxy import PORT
from tests.system.loss.laboratory import run_laboratory

SCENARIO: Final = "idle connections"
_CALLERS: Final = 40
_PAUSES: Final = 10
# A server that closes idle connections after AROUND_S finds a request too late that is sent within 2 * _DELAY_S before
# the balancer knows of the close, which is AROUND_S after its last answer.
_DELAY_S: Final = 0.1
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


def _bursts(around_s: float) -> Counter[str]:
    """Send a burst of requests before and after each pause; return how many requests ended how."""
    callers, ends = [_Caller() for _ in range(_CALLERS)], Counter[str]()

    def burst() -> Counter[str]:
        moment = threading.Barrier(_CALLERS)
        return Counter(pool.map(lambda caller: caller.send(moment), callers))

    with ThreadPoolExecutor(_CALLERS) as pool:
        ends.update(burst())
        for _ in range(_PAUSES):
            time.sleep(around_s - _DELAY_S)
            ends.update(burst())
    return ends


def main(file: str, around_s: str) -> None:
    """Keep the number of requests, of lost ones, and of their ends as an outcome."""
    experiment = read_experiment(Path(file))
    with (
        run_delays(_DELAY_S) as delays,
        run_laboratory(terms(experiment), Path(experiment.folder), delays.address),
    ):
        ends = _bursts(float(around_s))
    right = ends[f"status {HTTPStatus.OK.value}"]
    keep(
        experiment,
        {"scenario": SCENARIO, "requests": ends.total(), "lost": ends.total() - right, "ends": ends, "problems": []},
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
