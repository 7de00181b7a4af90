"""
A steady load of checklists through a client that acts as a load balancer:
`python load.py PER_SECOND PREFIX TOKEN_FILE ADDRESS…`.

Each request has the bearer token that TOKEN_FILE holds at this time.
The load ends with its standard input, after every request has ended. stdout is a JSON object: `accepted`, rows of id,
time and address; `refused`, number of answers with 503 and of failed connections, after which a request tries again;
`unanswered`, ids whose connection a closing server ended without an answer; `lost`, descriptions of the requests with
any other end.
"""

import http.client
import itertools
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

_PORT = 8000
_PROBE_S = 0.1
_ANSWER_S = 30
_PATIENCE_S = 20
_BODY = json.dumps({"keywords": ["전세", "반려동물"]}).encode()


class Load:
    """The requests, and the servers that are ready."""

    def __init__(self, token_file: Path, addresses: list[str]) -> None:
        self._token_file = token_file
        self.accepted: list[tuple[str, float, str]] = []
        self.unanswered: list[str] = []
        self.lost: list[str] = []
        self.refused = 0
        self._is_ready = dict.fromkeys(addresses, False)
        self._turn = itertools.count()

    def probe(self, address: str) -> None:
        """Poll whether a server is ready, without end."""
        while True:
            try:
                connection = http.client.HTTPConnection(address, _PORT, timeout=1)
                connection.request("GET", "/readyz")
                self._is_ready[address] = connection.getresponse().status == HTTPStatus.OK
            except (OSError, http.client.HTTPException):
                self._is_ready[address] = False
            finally:
                connection.close()
            time.sleep(_PROBE_S)

    def send(self, name: str) -> None:
        """Send one request until a server has accepted it."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            ready = [address for address, is_ready in self._is_ready.items() if is_ready]
            if ready and self._is_over(name, ready[next(self._turn) % len(ready)]):
                return
            time.sleep(_PROBE_S)
        self.lost.append(f"{name}: no server accepted the request")

    def _is_over(self, name: str, address: str) -> bool:
        connection = http.client.HTTPConnection(address, _PORT, timeout=_ANSWER_S)
        try:
            connection.connect()
        except OSError:
            self.refused += 1
            return False
        try:
            headers = {"Authorization": f"Bearer {self._token_file.read_text()}", "Content-Type": "application/json"}
            connection.request("POST", f"/api/checklists/{name}", _BODY, headers)
            status = connection.getresponse().status
        except (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected):
            self.unanswered.append(name)
            return True
        except (OSError, http.client.HTTPException) as error:
            self.lost.append(f"{name}: {address}: {error!r}")
            return True
        finally:
            connection.close()
        if status == HTTPStatus.OK:
            self.accepted.append((name, time.time(), address))
        elif status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.refused += 1
            return False
        else:
            self.lost.append(f"{name}: {address}: status {status}")
        return True


def main(per_second: str, prefix: str, token_file: str, *addresses: str) -> None:
    """Send the load, and print its outcome."""
    load = Load(Path(token_file), list(addresses))
    for address in addresses:
        threading.Thread(target=load.probe, args=(address,), daemon=True).start()
    is_over = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        is_over.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    with ThreadPoolExecutor(64) as pool:
        for number in itertools.count():
            pool.submit(load.send, f"{prefix}-{number}")
            if is_over.wait(1 / float(per_second)):
                break
    parts = ("accepted", "refused", "unanswered", "lost")
    print(json.dumps({part: getattr(load, part) for part in parts}))


if __name__ == "__main__":
    main(*sys.argv[1:])
