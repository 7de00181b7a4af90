"""Ids of requests, and one envelope for all errors."""

import asyncio
import json
import logging
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.logs import configure_logs
from app.request_context import RequestContext
from tests.unit.app.app_environment import AppEnvironment


def request(environment: AppEnvironment, method: str, path: str, **more: Any) -> httpx.Response:
    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.request(method, path, **more)

    return asyncio.run(scenario())


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of an error response, whose body is the envelope alone."""
    error = answer.json()["detail"]["error"]
    assert answer.json() == {"detail": {"error": {"code": error["code"], "message": error["message"]}}}
    return answer.status_code, error["code"]


def test_unknown_path_and_method_have_the_envelope(environment: AppEnvironment) -> None:
    """A 404 and a 405 have the envelope of errors, and a 405 names the methods."""
    assert code(request(environment, "GET", "/nowhere")) == (404, "NOT_FOUND")
    answer = request(environment, "PUT", "/api/checklists/7")
    assert code(answer) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "POST"


def test_wrong_value_has_the_envelope_without_the_value(environment: AppEnvironment) -> None:
    """A 422 names the places of the wrong values, and not the values."""
    answer = request(environment, "POST", "/api/checklists/sync", json={"keywords": ["a", "010-1234-5678" * 500]})
    assert code(answer) == (422, "INVALID_VALUE")
    assert answer.json()["detail"]["error"]["message"] == "요청 값이 올바르지 않습니다: body.keywords.1"
    assert "1234" not in answer.text


def test_bug_is_500_without_details(environment: AppEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error has the code failed, an id, and no text of the error."""
    monkeypatch.setattr("app.checklists.endpoints.ChecklistAccepted", lambda **_: 1 / 0)
    answer = request(environment, "POST", "/api/checklists/7", json={}, headers={"X-Request-ID": "abc"})
    assert code(answer) == (500, "failed")
    assert answer.headers["x-request-id"] == "abc"
    assert "division" not in answer.text


@pytest.mark.parametrize(
    ("given", "is_used"),
    [
        ("abc-123", True),
        ("x" * 128, True),
        ("", False),
        ("x" * 129, False),
        ("a b", False),
        ("a\tb", False),
        ("가", False),
        ("010-1234-5678", False),
    ],
)
def test_id_of_the_caller_is_used_if_it_is_one(environment: AppEnvironment, given: str, is_used: bool) -> None:
    """The response has the caller's id, or a new one if that is absent, unusable or personal data."""
    answer = request(environment, "GET", "/health", headers={"X-Request-ID": given.encode()})
    returned = answer.headers["x-request-id"]
    assert returned == given if is_used else re.fullmatch("[0-9a-f]{32}", returned)


def test_every_line_of_a_request_has_its_id(environment: AppEnvironment, tmp_path: Path) -> None:
    """Lines of a request and of its job have the id, also while requests overlap; other lines have none."""
    environment.vllm.answer = "no list"
    handlers = logging.getLogger().handlers[:]
    configure_logs("dev", tmp_path / "application.log")

    async def scenario() -> None:
        async with environment.client() as client:
            posts = (
                client.post(f"/api/checklists/c{n}", json={"keywords": ["주차"]}, headers={"X-Request-ID": f"r{n}"})
                for n in range(3)
            )
            await asyncio.gather(*posts)

    try:
        asyncio.run(scenario())
        logging.getLogger("somewhere").info("no request")
    finally:
        for handler in logging.getLogger().handlers:
            handler.close()
        logging.getLogger().handlers = handlers
    lines = [json.loads(line) for line in (tmp_path / "application.log").read_text(encoding="utf-8").splitlines()]
    ids: dict[str, list[str | None]] = {}
    for line in lines:
        ids.setdefault(line["message"], []).append(line.get("request_id"))
    assert sorted(map(str, ids["checklist started"])) == ["r0", "r1", "r2"]
    assert sorted(map(str, ids["the model's answer of 7 characters is not a list of checks"])) == ["r0", "r1", "r2"]
    assert ids["no request"] == [None]
    assert {line["case_id"][1:] == line["request_id"][1:] for line in lines if "case_id" in line} == {True}


def test_cancelled_request_is_503() -> None:
    """A request that the server cancels at its end gets 503 in the envelope."""

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(60)
        await PlainTextResponse("never")(scope, receive, send)

    async def scenario() -> httpx.Response:
        async def cancelled(scope: Scope, receive: Receive, send: Send) -> None:
            task = asyncio.create_task(RequestContext(endless)(scope, receive, send))
            asyncio.get_running_loop().call_later(0.05, task.cancel)
            await task

        async with httpx.AsyncClient(transport=httpx.ASGITransport(cancelled), base_url="http://x") as client:
            return await client.get("/")

    answer = asyncio.run(scenario())
    assert code(answer) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "10"


def test_only_the_first_id_is_examined(environment: AppEnvironment) -> None:
    """A second id of the caller has no effect, so that a thousand ids cost no time."""
    answer = request(
        environment, "GET", "/health", headers=[("X-Request-ID", "010-1234-5678"), ("X-Request-ID", "abc")]
    )
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_path_with_a_slash_at_its_end_is_unknown(environment: AppEnvironment) -> None:
    """A slash at the end is no redirect, which would name http behind a load balancer with https."""
    assert code(request(environment, "POST", "/api/checklists/7/", json={})) == (404, "NOT_FOUND")
