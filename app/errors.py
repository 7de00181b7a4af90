"""
What a caller is told when something does not work.

AppError                       status, code and message; the body is {"detail": {"error": {"code": …, "message": …}}}
├── InvalidInputError          400  INVALID_INPUT: a value that the schema lets through and the product can't use
├── UnsupportedFileTypeError   400  UNSUPPORTED_FILE_TYPE
├── DownloadError              400  DOWNLOAD_FAILED: a file could not be fetched from its URL
├── DocumentError              400  UNPROCESSABLE_DOCUMENT: a file that can't be read
├── SlowError                  408  TOO_SLOW: a body that does not come
├── TooLargeError              413  TOO_LARGE
├── OutboundError              502  failed: another service did not do its part
└── UnavailableError           503  UNAVAILABLE: not now; `retry_after_s` says when

The messages are for people in Korea. The envelope and the first five codes are the design date's, `failed` too.
"""

from http import HTTPStatus
from typing import Final

from pydantic import BaseModel

RETRY_AFTER_S: Final = 10  # where nobody knows better: about as long as a machine's replacement takes to be ready


class AppError(Exception):
    """
    An answer other than success.

    Args:
        message: For a person, in Korean; nothing secret and nothing personal.
        retry_after_s: When the same request may succeed; none where repeating it is of no use.
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
    """A file's name has none of the endings that are read."""

    status = HTTPStatus.BAD_REQUEST
    code = "UNSUPPORTED_FILE_TYPE"


class DownloadError(AppError):
    """A file could not be fetched."""

    status = HTTPStatus.BAD_REQUEST
    code = "DOWNLOAD_FAILED"


class DocumentError(AppError):
    """A file is broken, locked, empty or too long."""

    status = HTTPStatus.BAD_REQUEST
    code = "UNPROCESSABLE_DOCUMENT"


class SlowError(AppError):
    """A body does not come to its end."""

    status = HTTPStatus.REQUEST_TIMEOUT
    code = "TOO_SLOW"


class TooLargeError(AppError):
    """More bytes than are taken."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "TOO_LARGE"


class OutboundError(AppError):
    """Another service did not answer, or not with what it promised."""

    status = HTTPStatus.BAD_GATEWAY


class UnavailableError(AppError):
    """The server can't do it now: it is about to end, or has enough to do."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "UNAVAILABLE"


class ErrorBody(BaseModel):
    """What went wrong."""

    code: str
    message: str


class ErrorDetail(BaseModel):
    """The error, where FastAPI puts its own."""

    error: ErrorBody


class ErrorAnswer(BaseModel):
    """Body of every answer that is no success, 422 apart."""

    detail: ErrorDetail


def error_answer(error: AppError) -> ErrorAnswer:
    """The body for an error."""
    return ErrorAnswer(detail=ErrorDetail(error=ErrorBody(code=error.code, message=error.message)))
