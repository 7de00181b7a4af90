"""
A Prometheus server that holds one value for each metric and instance, and answers a few forms of queries.

The forms are those of FORMS; tests/system/processes/test_fake_prometheus.py compares each with the real server.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qs

import httpx

from tests.support.loopback import LOOPBACK, FakeHandler, http_server

_SELECTOR: Final = r'(?P<metric>\w+)\{instance=~"(?P<instances>[^"]*)"\}'
FORMS: Final = {
    "aggregated": re.compile(rf"max\({_SELECTOR}\)"),
    "scalar": re.compile(rf"scalar\(max\({_SELECTOR}\)\)"),
    "each": re.compile(_SELECTOR),
    "range": re.compile(rf"{_SELECTOR}\[1m\]"),
    "text": re.compile(r'"(?P<text>\w+)"'),
}
_NOW_S: Final = 1_790_000_000.0
Values = Callable[[str], "dict[str, float]"]


@dataclass
class FakePrometheus(httpx.BaseTransport):
    """
    The server, as a transport of a client in the same process.

    Args:
        values: returns the value of a metric by the names of the instances that have one.
        token: bearer token that a client must send; empty for none.
        faults: answers to the next queries, instead of the true one: a status, a response, or an error to raise.
        queries: every query until now, in order.
        authorizations: header `Authorization` of each query; empty where a query had none.
    """

    values: Values = field(default=lambda _: {})
    token: str = ""
    faults: list[int | httpx.Response | Exception] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of an httpx client in the same process."""
        return self.answer(request.method, request.url.path, request.headers.get("authorization", ""), request.read())

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> httpx.Response:
        """Answer a request; only instant queries by a form are served."""
        if method != "POST" or not path.endswith("/api/v1/query"):
            return httpx.Response(404, text="404 page not found")
        [query] = parse_qs(body.decode())["query"]
        self.queries.append(query)
        self.authorizations.append(authorization)
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return httpx.Response(fault, text="injected") if isinstance(fault, int) else fault
        if self.token and authorization != f"Bearer {self.token}":
            return httpx.Response(401, text="Unauthorized")
        return self._evaluated(query)

    def _evaluated(self, query: str) -> httpx.Response:
        found = next(((form, match) for form, regex in FORMS.items() if (match := regex.fullmatch(query))), None)
        if found is None:
            error = {"status": "error", "errorType": "bad_data", "error": 'invalid parameter "query": parse error'}
            return httpx.Response(400, json=error)
        form, match = found
        if form == "text":
            return _success("string", [_NOW_S, match["text"]])
        values = self.values(match["metric"]).items()
        selected = {name: value for name, value in values if re.fullmatch(match["instances"], name)}
        labels = [{"__name__": match["metric"], "instance": name, "job": "web"} for name in selected]
        samples = [[_NOW_S, _text(value)] for value in selected.values()]
        if form == "range":
            pairs = zip(labels, samples, strict=True)
            return _success("matrix", [{"metric": metric, "values": [sample]} for metric, sample in pairs])
        if form == "each":
            pairs = zip(labels, samples, strict=True)
            return _success("vector", [{"metric": metric, "value": sample} for metric, sample in pairs])
        largest = [_NOW_S, _text(max(selected.values()))] if selected else None
        if form == "scalar":
            return _success("scalar", largest or [_NOW_S, "NaN"])
        return _success("vector", [{"metric": {}, "value": largest}] if largest else [])


def _success(kind: str, result: Any) -> httpx.Response:
    return httpx.Response(200, json={"status": "success", "data": {"resultType": kind, "result": result}})


def _text(value: float) -> str:
    """Return a value as the real server writes it."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    return repr(value) if value and not 1e-6 <= abs(value) < 1e21 else f"{Decimal(repr(value)).normalize():f}"


@contextmanager
def served(prometheus: FakePrometheus) -> Iterator[str]:
    """Serve the fake on loopback until the block ends; gives its URL."""

    class Handler(FakeHandler):
        def answer(self) -> None:
            answer = prometheus.answer(self.command, self.path, self.headers.get("authorization", ""), self.read_body())
            self.reply(answer.status_code, answer.content, {"content-type": answer.headers.get("content-type", "")})

    with http_server(Handler, host=LOOPBACK) as url:
        yield url


def without_times(answer: httpx.Response) -> Any:
    """Return status, kind and rows of an answer for a comparison: without times, order, and the text of an error."""
    document = json.loads(answer.content)
    data = document.get("data", {})
    kind, rows = data.get("resultType", ""), data.get("result", [])
    if kind == "vector":
        rows = sorted((sorted(row["metric"].items()), row["value"][1]) for row in rows)
    elif kind == "matrix":
        rows = sorted((row["metric"]["instance"], row["values"][-1][1]) for row in rows)
    elif rows:
        rows = rows[1]
    return answer.status_code, document["status"], document.get("errorType"), kind, rows
