"""
Errors that become responses.

AppError                       status, code and message; the body is {"detail": {"error": {"code": …, "message": …}}}
├── InvalidInputError          400  INVALID_INPUT: a value that fits the schema and not the product
├── UnsupportedFileTypeError   400  UNSUPPORTED_FILE_TYPE
├── DownloadError              400  DOWNLOAD_FAILED: the download of a file failed
├── DocumentError              400  UNPROCESSABLE_DOCUMENT: an unreadable file
├── UnauthorizedError          401  UNAUTHORIZED: the request has no valid token
├── NotFoundError              404  NOT_FOUND: no route has this path
├── MethodNotAllowedError      405  METHOD_NOT_ALLOWED: the route has other methods
├── SlowError                  408  TOO_SLOW: a body that does not arrive in time
├── TooLargeError              413  TOO_LARGE
├── InvalidValueError          422  INVALID_VALUE: a value that does not fit the schema
├── HeadersTooLargeError       431  HEADERS_TOO_LARGE
├── OutboundError              502  failed: another service failed
└── UnavailableError           503  UNAVAILABLE: temporary; `retry_after_s` is the wait

The messages are in Korean. The envelope, the first four codes and `failed` are those of the design.
"""

import traceback
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel
from starlette.responses import JSONResponse

RETRY_AFTER_S: Final = 10  # default: about the time until a replaced instance is ready
LONGEST_RETRY_AFTER_S: Final = 300  # of every answer and callback


class AppError(Exception):
    """
    An error response.

    Args:
        message: text in Korean, without secrets and personal data.
        code: code of the response; empty for the default of the class.
        retry_after_s: seconds until the same request may succeed; None if a retry does not help.
    """

    status: HTTPStatus = HTTPStatus.INTERNAL_SERVER_ERROR
    code: str = "failed"

    def __init__(self, message: str, *, code: str = "", retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.retry_after_s = retry_after_s


class InvalidInputError(AppError):
    """The values do not fit together."""

    status = HTTPStatus.BAD_REQUEST
    code = "INVALID_INPUT"


class UnsupportedFileTypeError(AppError):
    """The file's extension is not supported."""

    status = HTTPStatus.BAD_REQUEST
    code = "UNSUPPORTED_FILE_TYPE"


class DownloadError(AppError):
    """The download of a file failed."""

    status = HTTPStatus.BAD_REQUEST
    code = "DOWNLOAD_FAILED"


class DocumentError(AppError):
    """A file is damaged, encrypted, empty or too long."""

    status = HTTPStatus.BAD_REQUEST
    code = "UNPROCESSABLE_DOCUMENT"


class UnauthorizedError(AppError):
    """A request has no valid token of a caller."""

    status = HTTPStatus.UNAUTHORIZED
    code = "UNAUTHORIZED"


class NotFoundError(AppError):
    """No route has the path of a request."""

    status = HTTPStatus.NOT_FOUND
    code = "NOT_FOUND"


class MethodNotAllowedError(AppError):
    """The route has other methods."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    code = "METHOD_NOT_ALLOWED"


class SlowError(AppError):
    """A body is not complete in time."""

    status = HTTPStatus.REQUEST_TIMEOUT
    code = "TOO_SLOW"


class TooLargeError(AppError):
    """A body or file exceeds its limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "TOO_LARGE"


class InvalidValueError(AppError):
    """A value does not fit the schema of a request."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "INVALID_VALUE"


class HeadersTooLargeError(AppError):
    """The headers of a request exceed their limit."""

    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    code = "HEADERS_TOO_LARGE"


class OutboundError(AppError):
    """Another service did not answer, or gave an invalid answer."""

    status = HTTPStatus.BAD_GATEWAY


class UnavailableError(AppError):
    """The server is shutting down or busy."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "UNAVAILABLE"


class ErrorBody(BaseModel):
    """Code and message of an error."""

    code: str
    message: str


class ErrorDetail(BaseModel):
    """The error, in the field where FastAPI puts its own errors."""

    error: ErrorBody


class ErrorAnswer(BaseModel):
    """Body of every error response."""

    detail: ErrorDetail


def clear_frames(error: BaseException) -> None:
    """
    Delete the local variables of all finished frames that an error and its causes refer to.

    A frame may refer to the error again, for example by a task, and would keep its files in memory until a full garbage
    collection.
    """
    waiting: list[BaseException | None] = [error]
    cleared: set[int] = set()
    while waiting:
        raised = waiting.pop()
        if raised is not None and id(raised) not in cleared:
            cleared.add(id(raised))
            traceback.clear_frames(raised.__traceback__)
            waiting += [raised.__cause__, raised.__context__]


def error_answer(error: AppError) -> ErrorAnswer:
    """Return the body for an error."""
    return ErrorAnswer(detail=ErrorDetail(error=ErrorBody(code=error.code, message=error.message)))


def error_response(error: AppError) -> JSONResponse:
    """Return the HTTP response for an error."""
    headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s is not None else None
    return JSONResponse(error_answer(error).model_dump(), error.status, headers)
