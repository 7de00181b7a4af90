"""The description of the API is complete: texts, examples, headers, and every status of an error."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from app.checklists.callbacks import ChecklistDone, ChecklistFailed
from app.clients.backend import callback_body
from app.errors import AppError, UnavailableError
from app.jobs import Done, Failed
from tests.unit.app.description import FILE

DOCUMENT = json.loads(FILE.read_text(encoding="utf-8"))
OPERATIONS = [(path, operation) for path, methods in DOCUMENT["paths"].items() for operation in methods.values()]
RESPONSES = [
    (f"{path} {status}", int(status), response)
    for path, operation in OPERATIONS
    for status, response in operation["responses"].items()
]
CALLBACK: TypeAdapter[ChecklistDone | ChecklistFailed] = TypeAdapter(ChecklistDone | ChecklistFailed)
_WITHOUT_ROUTE = {404, 405}  # no route has them; the text of the document does
_BEFORE_HTTP = 431  # the connection sends it, before there is a request with an id


def every_error() -> Iterator[type[AppError]]:
    """Yield each class of errors."""
    classes = [AppError]
    while classes:
        yield (error := classes.pop())
        classes += error.__subclasses__()


def has_example(content: dict[str, Any]) -> bool:
    """Return whether a body has an example, or whether each of its fields has one."""
    name = content["schema"].get("$ref", "").rpartition("/")[2]
    fields = DOCUMENT["components"]["schemas"].get(name, {}).get("properties", {})
    return "example" in content or (bool(fields) and all("examples" in field for field in fields.values()))


@pytest.mark.parametrize(("path", "operation"), OPERATIONS, ids=[path for path, _ in OPERATIONS])
def test_operation_has_texts_and_the_id_of_a_request(path: str, operation: dict[str, Any]) -> None:
    """Each operation has a description and a tag that the document describes, and takes the id of a request."""
    assert operation["description"].endswith("."), path
    assert set(operation["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}
    assert "X-Request-ID" in [parameter["name"] for parameter in operation["parameters"]]
    bodies = operation.get("requestBody", {}).get("content", {})
    assert all(has_example(body) for kind, body in bodies.items() if kind == "application/json"), path


@pytest.mark.parametrize(("name", "status", "response"), RESPONSES, ids=[name for name, _, _ in RESPONSES])
def test_response_has_an_example_and_its_headers(name: str, status: int, response: dict[str, Any]) -> None:
    """Each response has an example of its body, the id of the request, and the headers of its status."""
    assert all(has_example(content) for content in response["content"].values()), name
    assert ("X-Request-ID" in response.get("headers", {})) == (status != _BEFORE_HTTP), name
    assert ("WWW-Authenticate" in response.get("headers", {})) == (status == 401), name
    is_error = response["content"].get("application/json", {}).get("schema", {}).get("$ref", "").endswith("ErrorAnswer")
    assert ("Retry-After" in response.get("headers", {})) == (is_error and status in (502, 503)), name


def test_every_status_of_an_error_is_described() -> None:
    """The document has each status that the server's errors have, and the text names those without a route."""
    statuses = {int(error.status) for error in every_error()}
    assert statuses - _WITHOUT_ROUTE <= {status for _, status, _ in RESPONSES}
    assert all(str(status) in DOCUMENT["info"]["description"] for status in _WITHOUT_ROUTE)


def test_every_reference_leads_to_a_part_of_the_document() -> None:
    """No `$ref` is without its target."""
    for reference in set(json.dumps(DOCUMENT).split('"$ref": "')[1:]):
        part = DOCUMENT
        for key in reference.partition('"')[0].removeprefix("#/").split("/"):
            part = part[key]


@pytest.mark.parametrize(
    "outcome",
    [
        Done(["전세 확인"]),
        Failed(AppError("요청을 처리하지 못했습니다.")),
        Failed(UnavailableError("바쁩니다.", retry_after_s=10)),
    ],
)
def test_callback_is_that_of_the_description(outcome: Any) -> None:
    """Each callback that the server sends has the fields of the description, and no other field."""
    body = callback_body(outcome)
    assert CALLBACK.validate_python(body).model_dump(exclude_unset=True) == body
