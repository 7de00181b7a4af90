"""
Requests over connections that have been idle for as long as a server keeps them: `python -m tests.system.loss.idle`.

Callers send one request each at the same moment, and again after a pause. So the balancer needs as many connections to
the servers as there are callers, and between two moments all of them are idle. No caller repeats a request.
"""

import argparse
import http.client
import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from tests.system.loss.haproxy import PORT

CALLERS = 40
_TIMEOUT_S = 30


class _Caller:
    def __init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=_TIMEOUT_S)

    def send(self, moment: threading.Barrier) -> str:
        """Send a request at the moment; return how it ended."""
        moment.wait()
        try:
            self._connection.request("POST", "/api/checklists/sync", b"{}", {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return type(error).__name__
        return str(answer.status)


def bursts(pauses_s: list[float]) -> Counter[str]:
    """Send a burst before and after each pause; return how many requests ended how."""
    callers, ends = [_Caller() for _ in range(CALLERS)], Counter[str]()
    with ThreadPoolExecutor(CALLERS) as pool:
        for pause_s in [0.0, *pauses_s]:
            time.sleep(pause_s)
            moment = threading.Barrier(CALLERS)
            ends.update(pool.map(lambda caller: caller.send(moment), callers))  # noqa: B023 - awaited in this turn
    return ends


def main() -> None:
    """Print the number of requests and of those without the right answer, 401, because they have no token."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--around-s", type=float, required=True)
    parser.add_argument("--bursts", type=int, default=20)
    given = parser.parse_args()
    # The pauses sweep over 20 ms around the time at which a server closes.
    pauses_s = [given.around_s + 0.02 * (number / given.bursts - 0.5) for number in range(given.bursts)]
    ends = bursts(pauses_s)
    right = ends[str(HTTPStatus.UNAUTHORIZED.value)]
    print(json.dumps({"requests": ends.total(), "lost": ends.total() - right, "ends": ends}))


if __name__ == "__main__":
    main()
