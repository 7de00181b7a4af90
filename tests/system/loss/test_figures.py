"""The figures of the loss laboratory."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.system.loss.figures import by_phase, duplicates, latencies, table, upper_bound
from tests.system.loss.google_balancer import production, production_check
from tests.system.loss.haproxy import configuration
from tests.system.loss.load import Results
from tests.system.loss.traffic import Kind, kinds, wrong


@pytest.mark.parametrize(
    ("requests", "lost", "bound"),
    [(0, 0, 1.0), (3, 0, 1.0), (30_000, 0, 1e-4), (1_000, 1, 4.74e-3), (1_000, 10, 0.017)],
)
def test_upper_bound_is_that_of_poisson(requests: int, lost: int, bound: float) -> None:
    """Three by the number of requests without a loss; else the limits of tables: 4.744 for 1, 16.96 for 10."""
    assert upper_bound(requests, lost) == pytest.approx(bound, rel=0.01)


def test_figures_of_phases() -> None:
    """A percentile is a value that was measured; a phase without requests has none."""
    phases = by_phase([0, 1, 2, 3], [0.5, 0.1, 0.2, 0.4], 1, 2)
    assert phases == {"before": [0.5], "during": [0.1, 0.2], "after": [0.4]}
    values = latencies([number / 1000 for number in range(1, 101)])
    assert (values.p50, values.p99, values.largest) == (50, 99, 100)
    assert latencies([]).p99 is None
    assert duplicates(["a", "b", "a", "a"]) == 2


def test_table_has_all_figures() -> None:
    """The sum of the table has no request of a scenario that may lose some."""
    phase = {"p50": 3.1, "p99": 20.0, "largest": None}
    outcome = {
        "scenario": "good rollout", "requests": 20_001, "lost": 0, "duplicated": 0, "at_most_lost": 0.00015,
        "short": {"before": phase, "during": phase, "after": phase}, "is_lossless": True, "balancer_waited_s": 0.25,
    }  # fmt: skip
    crash = outcome | {"scenario": "crash", "lost": 12, "is_lossless": False}
    rows = table([outcome, outcome, crash]).splitlines()
    times = "3.1 / 3.1 / 3.1 | 20 / 20 / 20 | - / - / -"
    assert rows[2] == f"| good rollout | 20,001 | 0 | 0 | 1.5e-04 | {times} | 0.25 |"
    assert rows[4].startswith("| crash | 20,001 | 12 | 0 | ")
    assert rows[5] == "| together | 40,002 | 0 | 0 | 7.5e-05 |  |  |  | 0.5 |"
    assert len(table([crash]).splitlines()) == 3


def test_every_request_has_a_result() -> None:
    """A missing result, one that comes twice, and an unreadable one are problems."""
    kind = kinds("a", "token", frozenset({"image"}), 100, "1", "1")[1]
    lines = [json.dumps(_row("/version", {"image": "image"}) | _timed(number)).encode() for number in range(3)]
    assert _problem(kind, lines) == ""
    assert "2 results of requests 0 to 2" in _problem(kind, [lines[0], lines[2]])
    assert "3 results of requests 0 to 1" in _problem(kind, [lines[0], lines[1], lines[1]])
    assert "result 1 of vegeta is unreadable" in _problem(kind, [lines[0], b"{}"])
    assert "JSONDecodeError" in _problem(kind, [lines[0], b"panic"])


def _timed(number: int) -> dict[str, object]:
    return {"seq": number, "timestamp": "2026-11-27T18:33:00.123456789Z", "latency": 3_000_000}


def _problem(kind: Kind, lines: list[bytes]) -> str:
    results = Results(kind)
    results.add_all(lines)
    return results.problem


def test_balancer_repeats_only_by_the_rule_of_google() -> None:
    """Usually nothing is repeated; by the rule a request without a body is, once, and a POST never is."""
    usual = configuration(production(), Path("/run/haproxy.sock"))
    assert "retries 0" in usual
    assert "retry-on" not in usual
    by_rule = configuration(replace(production(), retries=True), Path("/run/haproxy.sock"))
    assert "retries 1" in by_rule
    assert "disable-l7-retry unless { method GET HEAD }" in by_rule


def test_settings_are_those_of_terraform() -> None:
    """The first number of an argument counts, so a second health check in a file would be noticed here."""
    google, check = production(), production_check()
    known_s = google.check_interval_s * google.healthy_threshold
    assert known_s < check.interval_s * (check.healthy_threshold - 1)
    assert google.draining_s < google.request_timeout_s


def test_each_kind_recognises_its_own_answer() -> None:
    """An answer to another request is wrong, and so is another status."""
    load = {kind.name: kind for kind in kinds("a", "token", frozenset({"image"}), 100, "1", "1")}
    kept, short, checklists = load["short, kept connections"], load["short, new connections"], load["checklists"]
    assert not wrong(kept, _row("/livez", {"status": "ok"}))
    assert "not alive" in wrong(kept, _row("/livez", {"status": "not ready"}))
    assert not wrong(short, _row("/version", {"image": "image"}))
    assert "no release" in wrong(short, _row("/version", {"image": "other"}))
    assert "status 503" in wrong(short, _row("/version", {"image": "image"}, 503))
    assert "KeyError" in wrong(short, _row("/version", {}))
    assert not wrong(checklists, _row("/api/checklists/a-7", {"id": "a-7"}))
    assert "not the id a-8" in wrong(checklists, _row("/api/checklists/a-8", {"id": "a-7"}))
    assert not wrong(load["10 s"], _row("/api/checklists/sync?a-7", {"checklists": ["전세", "a h 확인 확인"]}))
    assert "no check" in wrong(load["10 s"], _row("/api/checklists/sync?a-8", {"checklists": ["a h 확인 확인"]}))


def _row(path: str, body: object, code: int = 200) -> dict[str, object]:
    """Return a result as vegeta writes it."""
    content = base64.b64encode(json.dumps(body).encode()).decode()
    return {"url": f"http://127.0.0.1:8080{path}", "code": code, "error": "", "body": content}
