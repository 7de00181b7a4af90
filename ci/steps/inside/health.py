"""
Ask a started server for its health: `python health.py http://HOST:PORT`.

Exit code 0: every route answered as it should. 1: one line on stderr for each that did not.
"""

import json
import sys
import time
import urllib.error
import urllib.request

_TIMEOUT_S = 5
_READY_WITHIN_S = 20


def get(url: str) -> tuple[int, str]:
    """Status and body; status 0 and the reason where there is no answer."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)


def wait_until(url: str, status: int, within_s: float) -> bool:
    """Poll until the URL answers with `status`."""
    deadline = time.monotonic() + within_s
    while get(url)[0] != status:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def problems(server: str) -> list[str]:
    """One line for each route of the server that does not answer as it should."""
    wait_until(f"{server}/readyz", 200, _READY_WITHIN_S)
    found = []
    for path, expected in (("/livez", '"ok"'), ("/readyz", '"ok"'), ("/health", '"ok"'), ("/metrics", "http_request")):
        status, body = get(f"{server}{path}")
        if status != 200 or expected not in body:
            found.append(f"GET {path}: status {status}, expected 200 and {expected}: {body[:500]}")
    status, body = get(f"{server}/version")
    if status != 200 or not json.loads(body).get("image"):
        found.append(f"GET /version: status {status}, expected 200 and the image: {body[:500]}")
    return found


if __name__ == "__main__":
    lines = problems(sys.argv[1])
    print("\n".join(lines), file=sys.stderr)
    sys.exit(1 if lines else 0)
