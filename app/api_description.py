"""The parts of the OpenAPI document that several routes share: errors with their headers and examples."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from app.body_limits import BodyPolicy
from app.connections import ConnectionPolicy
from app.errors import (
    LONGEST_RETRY_AFTER_S,
    RETRY_AFTER_S,
    AppError,
    DocumentError,
    DownloadError,
    ErrorAnswer,
    HeadersTooLargeError,
    InvalidInputError,
    InvalidValueError,
    OutboundError,
    SlowError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
    UnsupportedFileTypeError,
    error_answer,
)
from app.request_context import LONGEST_ID, REQUEST_ID_HEADER

_HEAD_KIB: Final = ConnectionPolicy.head_bytes // 2**10
_BODY_MIB: Final = BodyPolicy.body_bytes // 2**20
TITLE: Final = "DojangKok AI Server"
DESCRIPTION: Final = f"""\
Checklists and explanations of leases, for the backend of DojangKok.

- A request to `/api` has the header `Authorization: Bearer TOKEN`, unless the server has no tokens.
- Every error but the 503 of `/readyz` has the body `{{"detail": {{"error": {{"code", "message"}}}}}}`, with a message \
in Korean for the user.
- A request may have the header `{REQUEST_ID_HEADER}`, 1 to {LONGEST_ID} characters of `A-Z a-z 0-9 . _ : / = + -`. \
The answer and every log line of the request have the same id, or a new one.
- An answer with `Retry-After` may succeed after these seconds. Every request may be repeated.
- A header block has less than {_HEAD_KIB} KiB. A body has at most {_BODY_MIB} MiB, an upload \
{BodyPolicy.upload_bytes // 2**20} MiB; at least {BodyPolicy.progress_bytes // 2**10} KiB of it arrive in \
{BodyPolicy.progress_s:g} s.
"""
TAGS: Final = [
    {"name": "checklists", "description": "What to check before a lease is signed."},
    {"name": "easy contracts", "description": "A lease in plain words, as Markdown."},
    {"name": "health", "description": "For load balancers, health checks and operators."},
]


_REQUEST_ID: Final = {"description": "Id of the request.", "schema": {"type": "string", "maxLength": LONGEST_ID}}
_RETRY_AFTER: Final = {
    "description": "Seconds until the same request may succeed.",
    "schema": {"type": "integer", "minimum": 0, "maximum": LONGEST_RETRY_AFTER_S},
}
_CHALLENGE: Final = {"description": "The scheme of tokens.", "schema": {"type": "string", "const": "Bearer"}}
_EXAMPLES: Final[tuple[AppError, ...]] = (
    InvalidInputError("요청 본문을 읽을 수 없습니다."),
    InvalidInputError("files와 doc_types의 개수가 다릅니다.", code="DOC_TYPES_MISMATCH"),
    UnsupportedFileTypeError("'lease.hwp' 파일은 지원하지 않는 형식입니다. PDF, PNG, JPG, JPEG만 됩니다."),
    DownloadError("bucket.example.com에서 파일을 내려받지 못했습니다. (HTTP 403)"),
    DocumentError("lease.pdf: 암호가 걸린 파일입니다."),
    DocumentError("임대차 계약 서류가 아닙니다.", code="NOT_A_CONTRACT"),
    UnauthorizedError("유효한 인증 토큰이 필요합니다."),
    SlowError("요청 본문이 제한 시간 안에 오지 않았습니다."),
    TooLargeError(f"요청 본문은 {_BODY_MIB} MiB 이하여야 합니다."),
    InvalidValueError("요청 값이 올바르지 않습니다: body.keywords"),
    HeadersTooLargeError(f"요청 헤더는 {_HEAD_KIB} KiB보다 작아야 합니다."),
    AppError("요청을 처리하지 못했습니다."),
    OutboundError("외부 서비스(vllm)가 응답하지 않습니다."),
    UnavailableError("요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.", retry_after_s=RETRY_AFTER_S),
)
_DESCRIPTIONS: Final = {
    HTTPStatus.BAD_REQUEST: "The body, a file or its URL is unusable.",
    HTTPStatus.UNAUTHORIZED: "The request has no valid token.",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not arrive in time. The connection is closed.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body or a file is too large.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "A value does not fit the schema; the message names its place.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The header block is too large. The connection is closed.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A bug of the server.",
    HTTPStatus.BAD_GATEWAY: "Another service failed; with `Retry-After` if a repetition may help.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The server is busy or shuts down, or another service is not called for a while.",
}
_ALWAYS: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_FOR_FILES: Final = frozenset(
    ("DOC_TYPES_MISMATCH", "UNSUPPORTED_FILE_TYPE", "DOWNLOAD_FAILED", "UNPROCESSABLE_DOCUMENT", "NOT_A_CONTRACT")
)


def success(description: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the description of a 200, with the content of an answer that has no schema of its own."""
    answer = {"description": description, "headers": {REQUEST_ID_HEADER: _REQUEST_ID}}
    return {**answer, "content": content} if content else answer


def api_responses(
    answer: dict[str, Any], *, calls_services: bool = True, reads_files: bool = False
) -> dict[int | str, dict[str, Any]]:
    """
    Return all answers of a route of the API.

    Args:
        answer: the answer with status 200.
        calls_services: whether the caller waits for other services.
        reads_files: whether the request has files.
    """
    statuses = (*_ALWAYS, HTTPStatus.BAD_GATEWAY) if calls_services else _ALWAYS
    return {200: answer, **{status.value: _error(status, reads_files=reads_files) for status in sorted(statuses)}}


def _error(status: HTTPStatus, *, reads_files: bool) -> dict[str, Any]:
    examples = {
        error.code: {"value": error_answer(error).model_dump()}
        for error in _EXAMPLES
        if error.status == status and (reads_files or error.code not in _FOR_FILES)
    }
    headers = {REQUEST_ID_HEADER: _REQUEST_ID}
    if status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["Retry-After"] = _RETRY_AFTER
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = _CHALLENGE
    return {
        "model": ErrorAnswer,
        "description": _DESCRIPTIONS[status],
        "headers": headers,
        "content": {"application/json": {"examples": examples}},
    }
