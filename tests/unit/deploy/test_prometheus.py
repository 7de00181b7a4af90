"""The client of Prometheus: one value or one reason, whatever the server answers."""

import json
import math
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from deploy.analysis.reading import Answer
from deploy.errors import NotAllowedError
from deploy.prometheus.client import LARGEST_BODY, READ_S, Prometheus
from deploy.retry import Time
from lib.deadline import client
from tests.support.fake_prometheus import FakePrometheus, served
from tests.support.loopback import FakeHandler, http_server
from tests.unit.lib.slow_server import SlowServer, serve_slowly

_QUERY = 'max(errors{instance=~"(web-a|web-b)"})'
_TOKEN = "Bearer ya29.c.b0Aaekm1K0123456789abcdefghijklmnop"
_NO_ANSWER = "the answer is not one of Prometheus"


def _in_process(fake: httpx.BaseTransport, slept: list[float] | None = None) -> Prometheus:
    naps: list[float] = [] if slept is None else slept
    clock = Time(lambda: sum(naps), naps.append)
    return Prometheus(httpx.Client(transport=fake), "http://prometheus", lambda: {"authorization": _TOKEN}, clock)


def _over_loopback(url: str) -> Prometheus:
    http = client(READ_S, trust_env=False, body_bytes=LARGEST_BODY)
    return Prometheus(http, url, lambda: {"authorization": _TOKEN}, Time(time.monotonic, time.sleep))


def _read_answer(body: Any, status: int = 200, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fake = FakePrometheus(faults=[httpx.Response(status, content=content, headers=headers)])
    return _in_process(fake).read(_QUERY)


def _success(kind: Any, result: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


def test_query_is_sent_as_a_form_with_the_login() -> None:
    """The value of the one sample is the answer."""
    fake = FakePrometheus(lambda metric: {"web-a": 0.25, "web-c": 9.0} if metric == "errors" else {})
    assert _in_process(fake).read(_QUERY) == Answer(0.25)
    assert (fake.queries, fake.authorizations) == ([_QUERY], [_TOKEN])


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (_success("vector", [{"metric": {}, "value": [1, "0.5"]}]), Answer(0.5)),
        (_success("scalar", [1, "0"]), Answer(0.0)),
        (_success("vector", [{"metric": {}, "value": [1, "1e-05"]}]), Answer(0.00001)),
        (_success("vector", [{"metric": {}, "value": [1, "-3"]}]), Answer(-3.0)),
        (_success("vector", [{"metric": {}, "value": [1, "+Inf"]}]), Answer(math.inf)),
        (_success("vector", [{"metric": {}, "value": [1, "-Inf"]}]), Answer(None, "the value is -Inf")),
        (_success("vector", [{"metric": {}, "value": [1, "NaN"]}]), Answer(None, "the value is NaN")),
        (_success("scalar", [1, "NaN"]), Answer(None, "the value is NaN")),
        (_success("vector", []), Answer(None, "the query gives no sample")),
        (
            _success("vector", [{"metric": {"token": "s3cret"}, "value": [1, "1"]}] * 2),
            Answer(None, "the query gives 2 samples: aggregate the query to one number, such as by sum(…)", "query"),
        ),
        (_success("matrix", []), Answer(None, "the query gives a matrix that is no number", "query")),
        (_success("string", [1, "x"]), Answer(None, "the query gives a string that is no number", "query")),
        (_success("\x1b[31mred", []), Answer(None, "the query gives a result that is no number", "query")),
        (
            _success("vector", [{"metric": {}, "histogram": [1, {}]}]),
            Answer(None, "the query gives a histogram that is no number", "query"),
        ),
        (_success("vector", [{"metric": {}, "value": [1, 0.5]}]), Answer(None, _NO_ANSWER, "server")),
        (_success("vector", [{"metric": {}, "value": [1, "1_0"]}]), Answer(None, _NO_ANSWER, "server")),
        (_success("vector", [{"metric": {}, "value": [1, "\u0661"]}]), Answer(None, _NO_ANSWER, "server")),
        (_success("vector", [{"metric": {}, "value": ["1"]}]), Answer(None, _NO_ANSWER, "server")),
        (_success("vector", {"value": [1, "1"]}), Answer(None, _NO_ANSWER, "server")),
        (_success("vector", ["text"]), Answer(None, _NO_ANSWER, "server")),
        (_success(["vector"], []), Answer(None, "the query gives a result that is no number", "query")),
        ({"status": "success"}, Answer(None, _NO_ANSWER, "server")),
        ([], Answer(None, _NO_ANSWER, "server")),
        (b"", Answer(None, _NO_ANSWER, "server")),
        (b"\xff\xfe\x00", Answer(None, _NO_ANSWER, "server")),
        (b"<html>Sign in</html>", Answer(None, _NO_ANSWER, "server")),
        (b"[" * 200_000, Answer(None, _NO_ANSWER, "server")),
        (b'{"data": ' + b"9" * 5_000 + b"}", Answer(None, _NO_ANSWER, "server")),
    ],
    ids=range(28),
)
def test_answer_has_a_value_or_a_reason(body: Any, answer: Answer) -> None:
    """No other result than one number is a value, and a reason has no text of the answer."""
    assert _read_answer(body) == answer


@pytest.mark.parametrize(
    ("status", "body", "headers", "reason", "fault"),
    [
        (400, {"error": "1:5: parse error: unexpected end"}, {}, "400 1:5: parse error: unexpected end", "query"),
        (422, {"error": "found duplicate series"}, {}, "422 found duplicate series", "query"),
        (401, b"Unauthorized", {}, "401 Unauthorized", "login"),
        (
            403,
            {"error": {"message": "Permission denied", "status": "PERMISSION_DENIED"}},
            {},
            "403 Permission denied",
            "login",
        ),
        (404, b"", {}, "404", "server"),
        (
            302,
            b"",
            {"location": "https://evil.example/"},
            "302: a redirect to another address, which is not followed",
            "server",
        ),
        (400, {"error": f"query with {_TOKEN}"}, {}, "400 query with ", "query"),
        (400, {"error": "\n".join(["a"] * 3_000)}, {}, "400 a a a", "query"),
        (400, b"[" * 100_000, {}, "400 [", "query"),
    ],
    ids=range(9),
)
def test_error_is_a_reason(status: int, body: Any, headers: dict[str, str], reason: str, fault: str) -> None:
    """An error is not repeated; its reason is short, in one line, and has no secret."""
    answer = _read_answer(body, status, **headers)
    assert (answer.value, answer.fault) == (None, fault)
    assert answer.reason.startswith(reason)
    assert len(answer.reason) < 220
    assert "\n" not in answer.reason
    assert "ya29" not in answer.reason


@pytest.mark.parametrize("fault", [500, 502, 503, 504, 429, httpx.ConnectError("refused"), httpx.ReadTimeout("late")])
def test_transient_error_is_repeated(fault: int | Exception) -> None:
    """A query that fails once has its value; a server that is down for good costs as long as one read may take."""
    values = lambda _: {"web-a": 1.0}  # noqa: E731 - one expression
    slept: list[float] = []
    assert _in_process(FakePrometheus(values, faults=[fault])).read(_QUERY) == Answer(1.0)
    answer = _in_process(FakePrometheus(values, faults=[fault] * 100), slept).read(_QUERY)
    assert answer.value is None
    assert answer.reason
    assert sum(slept) < READ_S


def test_login_that_gives_no_token_is_a_reason() -> None:
    """An expired login is no evidence about the release."""

    def headers() -> dict[str, str]:
        raise NotAllowedError("credentials: key.json: no token: expired.", "log in")

    prometheus = Prometheus(httpx.Client(transport=FakePrometheus()), "http://p", headers, Time(lambda: 0.0, print))
    assert prometheus.read(_QUERY) == Answer(None, "credentials: key.json: no token: expired", "login")


@pytest.fixture
def other_host() -> Iterator[tuple[str, list[str]]]:
    """Another host on loopback, and the logins that it was sent."""
    logins: list[str] = []

    class Handler(FakeHandler):
        def answer(self) -> None:
            logins.append(self.headers.get("authorization", ""))
            self.reply_json(_success("scalar", [1, "0"]))

    with http_server(Handler) as url:
        yield url, logins


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_to_another_host_is_not_followed(status: int, other_host: tuple[str, list[str]]) -> None:
    """The host that a redirect names gets neither the query nor the token."""
    url, logins = other_host
    fake = FakePrometheus(faults=[httpx.Response(status, headers={"location": f"{url}/api/v1/query"})])

    class Handler(FakeHandler):
        def answer(self) -> None:
            self.read_body()
            self.reply(status, headers={"location": f"{url}/api/v1/query"})

    with http_server(Handler) as first:
        answer = _over_loopback(first).read(_QUERY)
    assert (answer.value, logins) == (None, [])
    assert "redirect" in _in_process(fake).read(_QUERY).reason


def test_endless_body_ends() -> None:
    """A body of 1 GiB is left after 1 MiB; a compressed one too."""

    class Handler(FakeHandler):
        def answer(self) -> None:
            self.read_body()
            self.send_response(200)
            self.send_header("content-length", str(2**30))
            self.end_headers()
            for _ in range(2**10):
                self.wfile.write(b" " * 2**20)

    with http_server(Handler) as url:
        answer = _over_loopback(url).read(_QUERY)
    assert answer == Answer(None, "ReadError: the body is larger than 1 MiB")


def test_slow_answer_ends_in_time() -> None:
    """A byte now and then does not extend a read, so that the group is polled on time."""
    slow = SlowServer(at_once=b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", slowly=b" " * 500)
    began_s = time.monotonic()
    with serve_slowly(slow) as server:
        answer = _over_loopback(server.url).read(_QUERY)
    assert answer.value is None
    assert "no complete response within" in answer.reason
    assert time.monotonic() - began_s < READ_S + 20.0


def test_value_over_loopback() -> None:
    """The client of the program reads a value over a socket."""
    fake = FakePrometheus(lambda _: {"web-b": 7.0}, token=_TOKEN.removeprefix("Bearer "))
    with served(fake) as url:
        assert _over_loopback(url).read(_QUERY) == Answer(7.0)
