"""
Requests over connections that were idle for about as long as a server keeps them.

    python -m tests.system.loss.idle FILE AROUND_S

FILE is the JSON of an Experiment. 40 callers send a request each at the same moment, and again after a pause of about
AROUND_S. So the balancer needs 40 connections to the servers, and all of them are idle between two moments. No caller
repeats a request.
"""

import http.client
import json
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Final

from tests.system.loss.experiment import read_experiment, terms
from tests.system.loss.haproxy import PORT
from tests.system.loss.laboratory import run_laboratory

_CALLERS: Final = 40
_PAUSES: Final = 40
_EARLIEST_S, _LATEST_S = -0.1, 0.02  # the pauses are spread evenly from and to these times after AROUND_S
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
    step_s = (_LATEST_S - _EARLIEST_S) / _PAUSES
    pauses_s = [around_s + _EARLIEST_S + step_s * number for number in range(_PAUSES)]
    with ThreadPoolExecutor(_CALLERS) as pool:
        for pause_s in [0.0, *pauses_s]:
            time.sleep(pause_s)
            moment = threading.Barrier(_CALLERS)
            ends.update(pool.map(lambda caller, at=moment: caller.send(at), callers))
    return ends


def main(file: str, around_s: str) -> None:
    """Print the number of requests, of lost ones, and of their ends."""
    experiment = read_experiment(Path(file))
    with run_laboratory(terms(experiment), Path(experiment.folder)):
        ends = _bursts(float(around_s))
    right = ends[f"status {HTTPStatus.OK.value}"]
    print(json.dumps({"outcomes": [{"requests": ends.total(), "lost": ends.total() - right, "ends": ends}]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
