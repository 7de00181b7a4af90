"""The description of the API for its callers."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from app.checklists.schemas import Checklist, FailedCallback
from app.clients.backend import callback_body
from app.errors import AppError, UnavailableError
from app.jobs import Done, Failed
from tests.unit.app.app_environment import AppEnvironment
from tests.unit.app.description import FILE, description

CALLBACK: TypeAdapter[Checklist | FailedCallback] = TypeAdapter(Checklist | FailedCallback)


def get(environment: AppEnvironment, path: str) -> httpx.Response:
    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.get(path)

    return asyncio.run(scenario())


def test_committed_description_is_current() -> None:
    """docs/ai-server.openapi.json is the OpenAPI document of the application."""
    assert FILE.read_text(encoding="utf-8") == description(), (
        "docs/ai-server.openapi.json is stale. Fix: .venv/bin/python -m tests.unit.app.description"
    )


@pytest.mark.parametrize(("env", "status"), [("local", 200), ("dev", 200), ("prod", 404)])
def test_production_serves_no_description(env: str, status: int) -> None:
    """In prod the routes of the description answer 404."""
    for path in ("/openapi.json", "/docs", "/redoc"):
        assert get(AppEnvironment({"app_env": env}), path).status_code == status


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the operations of the committed description with their paths."""
    for path, methods in json.loads(FILE.read_text(encoding="utf-8"))["paths"].items():
        for operation in methods.values():
            yield path, operation


def test_description_has_every_error() -> None:
    """Each status of an error is in the description of its route, with an example of each code and with headers."""
    always = {"400", "401", "408", "413", "422", "431", "500", "503"}
    for path, operation in operations():
        answers = operation["responses"]
        assert operation["description"]
        assert all("X-Request-ID" in answer["headers"] for answer in answers.values())
        if path.startswith("/api/"):
            assert always <= set(answers)
            assert operation["security"] == [{"callerToken": []}]
            assert [
                status for status, answer in answers.items() if "WWW-Authenticate" in answer.get("headers", {})
            ] == ["401"]
            assert ("502" in answers) == (path != "/api/checklists/{id}")
            assert [status for status, answer in answers.items() if "Retry-After" in answer.get("headers", {})] == [
                status for status in answers if status in ("502", "503")
            ]
            assert all(answer["content"]["application/json"]["examples"] for answer in list(answers.values())[1:])


def test_description_has_the_callback() -> None:
    """The accepted checklist has its callback, with both bodies and the key of its attempts."""
    callbacks = dict(operations())["/api/checklists/{id}"]["callbacks"]
    ((url, callback),) = callbacks["checklist_complete"].items()
    assert url == "{BACKEND_CALLBACK_BASE_URL}/internal/callbacks/checklists/{$request.path.id}/complete"
    body = callback["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert [kind["$ref"].rpartition("/")[2] for kind in body["anyOf"]] == ["Checklist", "FailedCallback"]
    assert "idempotency-key" in {parameter["name"] for parameter in callback["post"]["parameters"]}


def test_description_has_the_status_of_every_class_of_errors() -> None:
    """Each status of an error is in the description, but for 404 and 405, which no route answers."""
    described = {status for _, operation in operations() for status in operation["responses"]}
    assert {str(error.status.value) for error in error_classes()} - described == {"404", "405"}


def error_classes() -> Iterator[type[AppError]]:
    """Yield each class of errors."""
    classes = [AppError]
    while classes:
        yield (error := classes.pop())
        classes += error.__subclasses__()


@pytest.mark.parametrize(
    "outcome",
    [Done(["전세 확인"]), Failed(AppError("실패했습니다.")), Failed(UnavailableError("바쁩니다.", retry_after_s=10))],
    ids=["done", "failed", "handed back"],
)
def test_callback_has_the_fields_of_its_description(outcome: Done[list[str]] | Failed) -> None:
    """Each callback that the server sends fits the description, and has no further field."""
    body = callback_body(outcome)
    assert CALLBACK.validate_python(body).model_dump(exclude_unset=True) == body
