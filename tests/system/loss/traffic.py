"""The kinds of requests of the load, and what each answer must be."""

import base64
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from tests.system.loss.haproxy import URL

LONG_S: Final = 10  # seconds of a completion for a checklist
UPLOAD_S: Final = 1  # of a completion for an easy contract
Check = Callable[[str, bytes], str]
# A PNG of one white pixel; the OCR service that is faked reads the same lease on every picture.
_PIXEL: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEANl9ngAAAAABJRU5ErkJggg=="
)
_BOUNDARY: Final = "loss-boundary"


@dataclass(frozen=True)
class Kind:
    """
    A kind of requests.

    Args:
        name: name in the figures.
        rate: requests a second, or requests and seconds, such as `1/5s`.
        keeps: whether connections are kept; if not, each request has a new one.
        target: vegeta's JSON of the request with a number.
        check: returns what is wrong with the body of an answer, given the URL of its request; empty if nothing is.
        is_endless: whether every request is equal, so that one target is enough.
    """

    name: str
    rate: str
    keeps: bool
    target: Callable[[int], dict[str, Any]]
    check: Check
    is_endless: bool = False


def kinds(prefix: str, token: str, images: frozenset[str], short: int, long: str, upload: str) -> tuple[Kind, ...]:
    """
    Return the kinds of a load.

    Args:
        prefix: beginning of the ids and keywords of this load.
        token: bearer token of the callers.
        images: images that may answer.
        short: short requests a second; a quarter of them has new connections, a hundredth are checklists.
        long: rate of the requests that last LONG_S.
        upload: rate of the uploads.
    """
    headers = {"Authorization": [f"Bearer {token}"], "Content-Type": ["application/json"]}
    multipart = headers | {"Content-Type": [f"multipart/form-data; boundary={_BOUNDARY}"]}

    def answers_version(_: str, body: bytes) -> str:
        return "" if json.loads(body)["image"] in images else f"image of no release: {body[:200]!r}"

    def checklist(number: int) -> dict[str, Any]:
        return _post(f"/api/checklists/{prefix}-{number}", headers, {"keywords": ["전세"]})

    def long_checklist(number: int) -> dict[str, Any]:
        return _post(f"/api/checklists/sync?{prefix}-{number}", headers, {"keywords": [keyword(prefix, number)]})

    def has_keyword(url: str, body: bytes) -> str:
        number = int(url.rpartition("-")[2])
        wanted = keyword(prefix, number)
        checks = json.loads(body)["checklists"]
        return "" if any(wanted in check for check in checks) else f"no check for {wanted!r}: {checks!r:.300}"

    def contract(_: int) -> dict[str, Any]:
        return _request("/api/easycontract/sync", multipart, _multipart())

    return (
        # /livez costs a quarter of the processor time of /version, which has a line in the log.
        Kind("short, kept connections", str(short - short // 4), True, _get("/livez"), _is_alive, is_endless=True),
        Kind("short, new connections", str(short // 4), False, _get("/version"), answers_version, is_endless=True),
        Kind("checklists", str(max(1, short // 100)), True, checklist, _accepts),
        Kind(f"{LONG_S} s", long, True, long_checklist, has_keyword),
        Kind("uploads", upload, False, contract, _explains, is_endless=True),
    )


def _get(path: str) -> Callable[[int], dict[str, Any]]:
    return lambda _: {"method": "GET", "url": f"{URL}{path}"}


def _is_alive(_: str, body: bytes) -> str:
    return "" if json.loads(body) == {"status": "ok"} else f"not alive: {body[:200]!r}"


def _accepts(url: str, body: bytes) -> str:
    name = url.rpartition("/")[2]
    return "" if str(json.loads(body)["id"]) == name else f"not the id {name}: {body[:200]!r}"


def _explains(_: str, body: bytes) -> str:
    return "" if "## 요약" in body.decode() else f"no explanation: {body[:200]!r}"


def keyword(prefix: str, number: int) -> str:
    """Return the keyword of a request, which no other request has."""
    return f"{prefix} {letters(number)} 확인"


def letters(number: int) -> str:
    """Return a number by letters, because the server takes digits for personal data."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def targets(kind: Kind) -> Iterator[bytes]:
    """Yield lines for vegeta: a single one for equal requests, else without end."""
    for number in itertools.islice(itertools.count(), 1 if kind.is_endless else None):
        yield json.dumps(kind.target(number)).encode() + b"\n"


def wrong(kind: Kind, row: dict[str, Any]) -> str:
    """Return what is wrong with a result of vegeta; empty if the request was answered as it must be."""
    if row["code"] != HTTPStatus.OK:
        return f"status {row['code']}: {row['error']}"
    try:
        return kind.check(row["url"], base64.b64decode(row["body"] or ""))
    except (ValueError, KeyError, TypeError) as error:
        return f"{error!r}: {row['body']!r:.200}"


def _post(path: str, headers: dict[str, list[str]], body: Any) -> dict[str, Any]:
    return _request(path, headers, json.dumps(body).encode())


def _request(path: str, headers: dict[str, list[str]], body: bytes) -> dict[str, Any]:
    return {"method": "POST", "url": f"{URL}{path}", "header": headers, "body": base64.b64encode(body).decode()}


def _multipart() -> bytes:
    file = 'Content-Disposition: form-data; name="files"; filename="lease.png"\r\nContent-Type: image/png'
    parts = ((file.encode(), _PIXEL), (b'Content-Disposition: form-data; name="doc_types"', "임대차계약서".encode()))
    lines = (b"--%b\r\n%b\r\n\r\n%b\r\n" % (_BOUNDARY.encode(), head, content) for head, content in parts)
    return b"".join(lines) + f"--{_BOUNDARY}--\r\n".encode()
