"""
The description of the API in OpenAPI: what FastAPI does not read from the routes.

Middleware, the connection and the error handlers answer for every route, so their answers are described here once.
"""

from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI

from app.errors import RETRY_AFTER_S, ErrorAnswer
from app.request_context import REQUEST_ID_HEADER

TEXT: Final = """\
Checklists for tenants, and explanations of leases.

A request to `/api` needs `Authorization: Bearer TOKEN`, if the server has tokens.
Every response has `X-Request-ID`, which is also in each line that the server logs of the request.
Every error has the body `{"detail": {"error": {"code", "message"}}}`, also 404 and 405.
"""
TAGS: Final = [
    {"name": "checklists", "description": "What a tenant should check before signing."},
    {"name": "easy contracts", "description": "A lease of one to five files, explained in Markdown after minutes."},
    {"name": "health", "description": "For health checks and operators, without a token."},
]
_Responses = dict[int | str, dict[str, Any]]
EVERY_ROUTE: Final[_Responses] = {status: {"model": ErrorAnswer} for status in (431, 500)}
API_ROUTE: Final[_Responses] = {status: {"model": ErrorAnswer} for status in (400, 401, 408, 413, 422, 503)}


@dataclass(frozen=True)
class _Error:
    """
    The response of an error.

    Args:
        text: when the server sends it.
        code: its usual code.
        headers: names of its headers.
    """

    text: str
    code: str
    headers: tuple[str, ...] = (REQUEST_ID_HEADER,)


_RETRY: Final = (REQUEST_ID_HEADER, "Retry-After")
_ERRORS: Final = {
    "400": _Error("The body cannot be read, or a value or a file is refused.", "INVALID_INPUT"),
    "401": _Error("The request has no valid token.", "UNAUTHORIZED", (REQUEST_ID_HEADER, "WWW-Authenticate")),
    "408": _Error("The body does not arrive in time.", "TOO_SLOW"),
    "413": _Error("The body or a file is too large.", "TOO_LARGE"),
    "422": _Error("A value does not fit the schema; the message has its place.", "INVALID_VALUE"),
    "431": _Error("The headers are too large; the connection is closed.", "HEADERS_TOO_LARGE", ()),
    "500": _Error("A bug of the server.", "failed"),
    "502": _Error("vLLM or Upstage failed; with `Retry-After` if a retry may help.", "failed", _RETRY),
    "503": _Error("The server is busy or shuts down.", "UNAVAILABLE", _RETRY),
}
_MESSAGE: Final = "사용자에게 보여 줄 수 있는 설명입니다."
_JSON, _MARKDOWN = "application/json", "text/markdown"
_ERROR_BODY: Final = {"$ref": f"#/components/schemas/{ErrorAnswer.__name__}"}
_EXPLANATION: Final = "## 계약 요약\n\n보증금 5,000만 원에 월세 60만 원인 임대차 계약입니다."
_ID: Final = "6f1e0c1c0b7c4b0e9d7d0d3a6f2b5a11"
_HEADERS: Final[dict[str, dict[str, Any]]] = {
    REQUEST_ID_HEADER: {
        "description": "Id of the request.",
        "required": True,
        "schema": {"type": "string"},
        "example": _ID,
    },
    "Retry-After": {
        "description": "Seconds until the same request may succeed.",
        "schema": {"type": "integer", "minimum": 0, "maximum": 300},
        "example": RETRY_AFTER_S,
    },
    "WWW-Authenticate": {
        "description": "The scheme of tokens.",
        "required": True,
        "schema": {"type": "string", "const": "Bearer"},
    },
}
_REQUEST_ID: Final = {
    "name": REQUEST_ID_HEADER,
    "in": "header",
    "required": False,
    "description": "Id of the request. The server makes one if it is absent, is not of this form, or is personal data.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:/=+-]{1,128}$"},
    "example": _ID,
}


class DescribedApi(FastAPI):
    """FastAPI with a complete description."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document; it is made once."""
        if self.openapi_schema is None:
            _complete(super().openapi())
        return super().openapi()


def _complete(document: dict[str, Any]) -> None:
    """Add texts, headers and examples to each response of a document, and the id to each request."""
    document["components"]["headers"] = _HEADERS
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["parameters"] = [*operation.get("parameters", ()), _REQUEST_ID]
            operation["responses"] = dict(sorted(operation["responses"].items()))
            for status, response in operation["responses"].items():
                _complete_response(response, _ERRORS.get(status))


def _complete_response(response: dict[str, Any], error: _Error | None) -> None:
    content = response["content"]
    headers: tuple[str, ...] = (REQUEST_ID_HEADER,)
    if error and content.get(_JSON, {}).get("schema") == _ERROR_BODY:
        headers = error.headers
        example = {"detail": {"error": {"code": error.code, "message": _MESSAGE}}}
        response.update(description=error.text, content={_JSON: {"schema": _ERROR_BODY, "example": example}})
    elif _MARKDOWN in content:
        content[_MARKDOWN]["example"] = _EXPLANATION
    if headers:
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
