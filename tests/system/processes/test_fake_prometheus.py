"""The fake of Prometheus answers as the real server does, and the client reads both alike."""

import math
import time
from collections.abc import Iterator

import httpx
import pytest

from deploy.analysis.reading import Answer
from deploy.prometheus.client import Prometheus
from deploy.retry import Time
from tests.support.fake_prometheus import FakePrometheus, without_times
from tests.support.loopback import FakeHandler, http_server
from tests.support.prometheus import RealPrometheus, run_prometheus
from tests.support.waiting import wait_until

_VALUES = {
    "web-a": 0.25,
    "web-b": 3.0,
    "web-c": math.nan,
    "web-d": math.inf,
    "web-e": 1e-05,
    "web-f": 1e-07,
    "web-g": 1e22,
}
_NO_NUMBER = "that is no number"
_ANSWERS = {
    'max(x{instance=~"(web-a|web-b)"})': Answer(3.0),
    'max(x{instance=~"(web-a)"})': Answer(0.25),
    'max(x{instance=~"(web-c)"})': Answer(None, "the value is NaN"),
    'max(x{instance=~"(web-d)"})': Answer(math.inf),
    'max(x{instance=~"(web-e)"})': Answer(0.00001),
    'max(x{instance=~"(web-f)"})': Answer(1e-07),
    'max(x{instance=~"(web-g)"})': Answer(1e22),
    'max(x{instance=~"(web)"})': Answer(None, "the query gives no sample"),
    'max(absent{instance=~"(web-a)"})': Answer(None, "the query gives no sample"),
    'scalar(max(x{instance=~"(web-b)"}))': Answer(3.0),
    'scalar(max(x{instance=~"(web)"}))': Answer(None, "the value is NaN"),
    'x{instance=~"(web-a|web-b)"}': Answer(
        None, "the query gives 2 samples: aggregate the query to one number, such as by sum(…)"
    ),
    'x{instance=~"(web-a)"}': Answer(0.25),
    'x{instance=~"(web-a)"}[1m]': Answer(None, f"the query gives a matrix {_NO_NUMBER}"),
    '"text"': Answer(None, f"the query gives a string {_NO_NUMBER}"),
    "max(": Answer(None, "400 "),
}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealPrometheus]:
    """The real server, once it has scraped one server for each instance."""

    class Handler(FakeHandler):
        def answer(self) -> None:
            name = self.path.rpartition("/")[2]
            value = str(_VALUES[name]).replace("inf", "+Inf").replace("nan", "NaN")
            self.reply(200, f"x {value}\n".encode(), {"content-type": "text/plain; version=0.0.4"})

    with run_prometheus(tmp_path_factory.mktemp("prometheus")) as server, http_server(Handler) as url:
        server.scrape({name: f"{url.removeprefix('http://')}/{name}" for name in _VALUES})
        wait_until(lambda: len(server.query("x").json()["data"]["result"]) == len(_VALUES))
        yield server


@pytest.mark.parametrize("query", _ANSWERS)
def test_fake_answers_as_the_real_server(query: str, real: RealPrometheus) -> None:
    """Status, kind and values of an answer are those of the real server; only times and texts of errors differ."""
    fake = FakePrometheus(lambda metric: _VALUES if metric == "x" else {})
    with httpx.Client(transport=fake) as client:
        answer = client.post("http://fake/api/v1/query", data={"query": query})
    assert without_times(answer) == without_times(real.query(query))


@pytest.mark.parametrize("query", _ANSWERS)
def test_client_reads_the_real_server(query: str, real: RealPrometheus) -> None:
    """The client gets a value, or the reason why there is none."""
    with httpx.Client(trust_env=False) as client:
        answer = Prometheus(client, real.url, dict, Time(time.monotonic, time.sleep)).read(query)
    expected = _ANSWERS[query]
    assert answer.value == expected.value
    assert answer.reason.startswith(expected.reason)
