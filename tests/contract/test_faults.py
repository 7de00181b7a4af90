"""Every kind of fault of a plan as a client receives it, and the counts of faults that have happened."""

import time
from typing import Any

import httpx
import pytest

from tests.contract.marks import covers, environment, own, regional
from tests.contract.rig import GROUP, TEMPLATES, EmulatorClient

pytestmark = regional
READ = "instanceGroupManagers.get"
INSERT = "instanceTemplates.insert"
BODY: dict[str, Any] = {"name": "t", "properties": {}}


def exists(emulator: EmulatorClient) -> bool:
    """Return whether the template was made."""
    return emulator.send("GET", f"{TEMPLATES}/t").status_code == 200


@own
@covers("instanceTemplates.list")
@pytest.mark.parametrize("status", [403, 429, 500, 502, 503, 504])
def test_a_status(emulator: EmulatorClient, status: int) -> None:
    """A fault answers with a status, reason and headers, only on the calls that the fault lists."""
    headers = {"retry-after": "7"}
    fault = {"on": "instanceTemplates.list", "nth": [2, 3], "status": status, "reason": "because", "headers": headers}
    plan = emulator.plan(fault)
    answers = [emulator.send("GET", TEMPLATES) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, status, status, 200]
    assert answers[1].json()["error"]["errors"][0]["reason"] == "because"
    assert answers[1].headers["retry-after"] == "7"
    assert emulator.fired(plan) == [2]


@own
@covers("instanceTemplates.list", "instanceTemplates.aggregatedList")
def test_a_pattern_of_methods(emulator: EmulatorClient) -> None:
    """A star in a fault's method matches any characters; a deleted plan has no effect."""
    plan = emulator.plan({"on": "*List", "status": 500}, {"on": "instanceTemplates.l*", "status": 503})
    aggregated = TEMPLATES.replace("global", "aggregated")
    assert emulator.send("GET", TEMPLATES).status_code == 503
    assert emulator.send("GET", aggregated).status_code == 500
    emulator.control("DELETE", f"faults/{plan}")
    assert emulator.send("GET", TEMPLATES).status_code == 200
    assert emulator.control("GET", "faults") == []


@own
@covers("instanceTemplates.list")
def test_html_and_nothing(emulator: EmulatorClient) -> None:
    """A fault sends a page of HTML, or nothing, instead of JSON; with a status of its own or with 200."""
    emulator.plan({"on": "instanceTemplates.list", "nth": [1], "body": "html"})
    emulator.plan({"on": "instanceTemplates.list", "nth": [2], "body": "html", "status": 502})
    emulator.plan({"on": "instanceTemplates.list", "nth": [3], "body": "empty"})
    first, second, third = (emulator.send("GET", TEMPLATES) for _ in range(3))
    assert (first.status_code, first.text[:6], first.headers["content-type"]) == (200, "<html>", "text/html")
    assert (second.status_code, second.text[:6]) == (502, "<html>")
    assert (third.status_code, third.content) == (200, b"")


@own
@covers("instanceTemplates.list")
def test_a_truncated_body(emulator: EmulatorClient) -> None:
    """A fault ends the connection in the middle of a body."""
    emulator.plan({"on": "instanceTemplates.list", "body": "truncated"})
    with pytest.raises(httpx.RemoteProtocolError):
        emulator.send("GET", TEMPLATES)


@own
@covers("instanceTemplates.insert")
@pytest.mark.parametrize(("cut", "made"), [("before", False), ("after", True)])
def test_a_cut(emulator: EmulatorClient, cut: str, made: bool) -> None:
    """A connection that is cut before the write changes nothing; when it is cut after the write, the write stays."""
    emulator.plan({"on": INSERT, "nth": [1], "cut": cut})
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        emulator.send("POST", TEMPLATES, BODY)
    assert exists(emulator) == made
    assert emulator.send("POST", TEMPLATES, BODY).status_code == (409 if made else 200)


@own
@covers("instanceTemplates.list")
def test_a_delay(emulator: EmulatorClient) -> None:
    """A delay passes in virtual time before the answer comes."""
    emulator.plan({"on": "instanceTemplates.list", "delay_s": 40})
    before_s = emulator.now_s()
    assert emulator.send("GET", TEMPLATES).status_code == 200
    assert emulator.now_s() - before_s >= 40


@own
@covers("instanceTemplates.list")
def test_a_hung_request(emulator: EmulatorClient) -> None:
    """A request that hangs is never answered; the timeout of the client ends it."""
    emulator.plan({"on": "instanceTemplates.list", "hang": True})
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        emulator.http.get(TEMPLATES, timeout=0.2)
    assert not emulator.url or time.monotonic() - began >= 0.2


@own
@covers("instanceTemplates.insert", "globalOperations.get")
@pytest.mark.parametrize("commit", [False, True])
def test_an_operation_that_fails(emulator: EmulatorClient, commit: bool) -> None:
    """An operation ends with an error, after a write that happened or did not."""
    emulator.plan({"on": INSERT, "operation": {"error": "QUOTA_EXCEEDED", "message": "no", "commit": commit}})
    operation = emulator.finish(emulator.ask("POST", TEMPLATES, BODY))
    assert operation["error"]["errors"] == [{"code": "QUOTA_EXCEEDED", "message": "no"}]
    assert (operation["httpErrorStatusCode"], operation["httpErrorMessage"]) == (403, "FORBIDDEN")
    assert emulator.get(operation["selfLink"].removeprefix("https://www.googleapis.com")) == operation
    assert exists(emulator) == commit


@own
@covers("instanceTemplates.insert")
def test_an_operation_that_fails_without_a_code(emulator: EmulatorClient) -> None:
    """A failed operation may carry its error and no HTTP code."""
    emulator.plan({"on": INSERT, "operation": {"error": "INTERNAL_ERROR", "has_http_code": False}})
    operation = emulator.finish(emulator.ask("POST", TEMPLATES, BODY))
    assert operation["error"]["errors"][0]["code"] == "INTERNAL_ERROR"
    assert not {"httpErrorStatusCode", "httpErrorMessage"} & operation.keys()


@own
@covers("instanceTemplates.insert")
def test_an_operation_with_a_warning(emulator: EmulatorClient) -> None:
    """An operation may end well, with a warning."""
    emulator.plan({"on": INSERT, "operation": {"warning": "mind this"}})
    operation = emulator.do("POST", TEMPLATES, BODY)
    assert [warning["message"] for warning in operation["warnings"]] == ["mind this"]
    assert exists(emulator)


@own
@covers("instanceTemplates.insert", "globalOperations.get")
def test_an_operation_that_hangs(emulator: EmulatorClient) -> None:
    """An operation may stay RUNNING for ever."""
    emulator.plan({"on": INSERT, "operation": {"hang": True, "commit": True}})
    operation = emulator.ask("POST", TEMPLATES, BODY)
    emulator.pass_time(300)
    again = emulator.get(operation["selfLink"].removeprefix("https://www.googleapis.com"))
    assert (again["status"], again["progress"]) == ("RUNNING", 0)
    assert exists(emulator)


@own
@covers("instanceTemplates.insert", "globalOperations.get", "globalOperations.wait", "globalOperations.list")
def test_an_operation_that_vanishes(emulator: EmulatorClient) -> None:
    """An operation may vanish for every method although its write happened."""
    emulator.plan({"on": INSERT, "operation": {"vanish": True, "commit": True}})
    operation = emulator.ask("POST", TEMPLATES, BODY)
    path = operation["selfLink"].removeprefix("https://www.googleapis.com")
    assert emulator.refused("GET", path)[:2] == (404, "notFound")
    assert emulator.refused("POST", f"{path}/wait")[:2] == (404, "notFound")
    assert "items" not in emulator.get(path.rpartition("/")[0])
    assert exists(emulator)


@own
@covers("instanceTemplates.list", "instanceTemplates.get")
@environment(speed=20.0)
def test_a_list_that_lags(emulator: EmulatorClient) -> None:
    """A lagging list shows an earlier state while a read shows the present; later the list shows the present too."""
    emulator.plan({"on": "instanceTemplates.list", "lag_s": 8})
    assert "items" not in emulator.get(TEMPLATES)
    assert emulator.send("POST", TEMPLATES, BODY).status_code == 200
    assert "items" not in emulator.get(TEMPLATES)
    assert exists(emulator)
    emulator.pass_time(9)
    assert [template["name"] for template in emulator.get(TEMPLATES)["items"]] == ["t"]


@own
@covers("instanceGroupManagers.get", "instanceGroupManagers.patch")
@environment(speed=20.0)
def test_a_group_that_lags(emulator: EmulatorClient) -> None:
    """A lagging read after a patch shows the group stable on its old version, as a stale replica would."""
    emulator.do("POST", TEMPLATES, {"name": "old", "properties": {}})
    link = emulator.do("POST", TEMPLATES, BODY)["targetLink"]
    emulator.do(
        "POST",
        GROUP.rpartition("/")[0],
        {"name": "web", "targetSize": 0, "instanceTemplate": link.replace("/t", "/old")},
    )
    emulator.settled()
    emulator.plan({"on": READ, "lag_s": 30})
    emulator.group()
    emulator.ask("PATCH", GROUP, {"versions": [{"instanceTemplate": link}]})
    assert emulator.group()["versions"][0]["instanceTemplate"].endswith("/old")
    emulator.pass_time(35)
    assert emulator.group()["versions"][0]["instanceTemplate"] == link


@own
@covers("instanceTemplates.insert")
def test_another_client_comes_first(emulator: EmulatorClient) -> None:
    """A fault of a method can send the request of another client right before a call."""
    request = {"verb": "POST", "path": TEMPLATES[1:], "body": BODY}
    plan = emulator.plan({"on": INSERT, "nth": [1], "request": request})
    assert emulator.refused("POST", TEMPLATES, BODY)[:2] == (409, "alreadyExists")
    assert emulator.fired(plan) == [1]


@own
@pytest.mark.parametrize(
    "fault",
    [
        {"on": READ},
        {"status": 500},
        {"on": READ, "when": {"phase": "gap"}, "status": 500},
        {"when": {"phase": "gap"}, "status": 500},
        {"on": READ, "status": 200},
        {"on": READ, "nth": [0], "status": 500},
        {"on": READ, "statsu": 500},
    ],
)
def test_a_plan_that_can_not_be_is_refused(emulator: EmulatorClient, fault: dict[str, Any]) -> None:
    """A fault without place or effect, or with a misspelt member, is refused with 400, and no plan is created."""
    assert emulator.http.post("/emulator/faults", json={"faults": [fault]}).status_code == 400
    assert emulator.control("GET", "faults") == []
