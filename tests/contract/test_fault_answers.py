"""Faults that change the body, the speed or the Date of an answer, and the Date that every answer has."""

import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.contract.marks import covers, differs, environment, own
from tests.contract.rig import GROUP, TEMPLATES, EmulatorClient

READ = "instanceGroupManagers.get"


def date_s(answer: httpx.Response) -> float:
    """Return the Date of an answer in seconds since 1970."""
    return parsedate_to_datetime(answer.headers["date"]).timestamp()


@own
@covers("instanceGroupManagers.get")
@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({"value": {}}, {}),
        ({"value": {"error": {"code": 503}}}, {"error": {"code": 503}}),
        ({"value": {"versions": None}}, {"versions": None}),
        ({"value": []}, []),
        ({}, None),
    ],
)
def test_another_body(emulator: EmulatorClient, body: Any, sent: Any) -> None:
    """A fault answers 200 with another JSON value, on the calls that the fault lists."""
    emulator.web(0)
    emulator.plan({"on": READ, "nth": [1], "body": body})
    answer = emulator.send("GET", GROUP)
    assert (answer.status_code, answer.json()) == (200, sent)
    assert emulator.group()["name"] == "web"


@own
@covers("instanceGroupManagers.get")
@pytest.mark.parametrize("versions", [None, [None], "x"])
def test_other_members(emulator: EmulatorClient, versions: Any) -> None:
    """A fault replaces members of an answer and leaves the others as they are."""
    group = emulator.web(0)
    emulator.plan({"on": READ, "nth": [1], "body": {"members": {"versions": versions}}})
    assert emulator.group() == group | {"versions": versions}
    assert emulator.group() == group


@own
@covers("instanceGroupManagers.get")
def test_a_group_that_is_not_found_for_a_while(emulator: EmulatorClient) -> None:
    """A fault answers 404 for a group on the calls that the fault lists; the group exists all the time."""
    emulator.web(0)
    plan = emulator.plan({"on": READ, "nth": [1, 2, 3], "status": 404, "reason": "notFound"})
    assert [emulator.refused("GET", GROUP)[:2] for _ in range(3)] == [(404, "notFound")] * 3
    assert emulator.group()["name"] == "web"
    assert emulator.fired(plan) == [3]


@own
@covers("instanceTemplates.list")
def test_a_dripping_body(emulator: EmulatorClient) -> None:
    """A fault sends a body byte by byte, each in its virtual time, and the body is whole in the end."""
    whole = emulator.send("GET", TEMPLATES)
    emulator.plan({"on": "instanceTemplates.list", "drip_s": 0.5})
    before_s = emulator.now_s()
    dripped = emulator.send("GET", TEMPLATES) if emulator.url else emulator.http.get(TEMPLATES, timeout=None)
    assert dripped.content == whole.content
    assert emulator.now_s() - before_s >= 0.5 * len(whole.content)
    emulator.control("DELETE", "faults")
    emulator.plan({"on": "instanceTemplates.list", "drip_s": 3_600})
    before_s = emulator.now_s()
    assert emulator.http.get(TEMPLATES, timeout=None).content == whole.content
    assert 3_600 <= emulator.now_s() - before_s < 3_700


@own
@covers("instanceTemplates.list")
@environment(speed=1.0)
def test_a_dripping_body_outlives_a_deadline(emulator: EmulatorClient) -> None:
    """A client that ends the whole exchange at a deadline gets no answer, and the emulator serves the next request."""
    emulator.plan({"on": "instanceTemplates.list", "nth": [1], "drip_s": 0.2})
    began_s = time.monotonic()
    if emulator.url:
        with emulator.http.stream("GET", TEMPLATES, timeout=20) as answer:
            parts = answer.iter_raw()
            received = next(parts) + next(parts)
        assert time.monotonic() - began_s < 20
        assert len(received) < 100  # a stalled client gets what has come meanwhile
    else:
        with pytest.raises(httpx.ReadTimeout):
            emulator.http.get(TEMPLATES, timeout=3)
    assert emulator.send("GET", TEMPLATES).status_code == 200


@differs("Date is the virtual time on a clock that is moved by hand, and the real time on one that runs")
@covers("instanceGroupManagers.get")
@pytest.mark.parametrize("path", [GROUP, "/emulator/clock", "/emulator/nothing", "/", "/nothing", "/compute/v1/x"])
def test_every_answer_has_a_date(emulator: EmulatorClient, path: str) -> None:
    """Every answer has a Date in GMT: errors, the emulator's own routes and batches too."""
    emulator.web(0)
    emulator.group()
    emulator.pass_time(90)
    for answer in (emulator.send("GET", path), emulator.http.post("/batch/compute/v1")):
        assert answer.headers["date"].endswith(" GMT")
        assert abs(date_s(answer) - emulator.now_s()) < 2


@own
@covers("instanceTemplates.list")
def test_a_skewed_date(emulator: EmulatorClient) -> None:
    """A fault moves the Date of its answers; `POST clock` moves the Date of all answers, and no time of a resource."""
    emulator.plan({"on": "instanceTemplates.list", "nth": [2], "date_skew_s": -600})
    first, second, third = (date_s(emulator.send("GET", TEMPLATES)) - emulator.now_s() for _ in range(3))
    assert abs(first) < 2
    assert abs(second + 600) < 2
    assert abs(third) < 2
    emulator.control("POST", "clock", {"skew_s": 600})
    before_s = emulator.now_s()
    assert abs(date_s(emulator.send("GET", TEMPLATES)) - 600 - before_s) < 2
    assert emulator.now_s() - before_s < 2


@own
@covers("instanceTemplates.list")
def test_headers_on_a_served_answer(emulator: EmulatorClient) -> None:
    """A fault with another effect may add headers to an answer."""
    emulator.plan({"on": "instanceTemplates.list", "date_skew_s": 1, "headers": {"x-a": "b"}})
    assert emulator.send("GET", TEMPLATES).headers["x-a"] == "b"


@own
def test_all_plans_are_deleted_together(emulator: EmulatorClient) -> None:
    """`DELETE faults` stops every plan and returns them with their counts."""
    plans = [emulator.plan({"on": "instanceTemplates.list", "status": status}) for status in (500, 503)]
    assert emulator.send("GET", TEMPLATES).status_code == 500
    deleted = emulator.control("DELETE", "faults")
    assert [(plan["id"], plan["fired"]) for plan in deleted] == [(plans[0], [1]), (plans[1], [1])]
    assert emulator.control("GET", "faults") == []
    assert emulator.send("GET", TEMPLATES).status_code == 200
    assert emulator.control("DELETE", "faults") == []


@own
@pytest.mark.parametrize(
    "fault",
    [
        {"on": READ, "body": {"valeu": {}}},
        {"on": READ, "status": 503, "body": {"value": {}}},
        {"on": READ, "status": 503, "body": "truncated"},
        {"on": READ, "drip_s": 3_601},
        {"on": READ, "drip_s": -1},
        {"on": READ, "date_skew_s": "tomorrow"},
        {"on": READ, "headers": {"x": "y"}},
    ],
)
def test_an_answer_that_can_not_be_is_refused(emulator: EmulatorClient, fault: dict[str, Any]) -> None:
    """A fault with an impossible answer, or without an effect, is refused with 400."""
    assert emulator.http.post("/emulator/faults", json={"faults": [fault]}).status_code == 400
