"""Responses for the errors that FastAPI raises, in the envelope of all errors."""

from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app.disconnects import CallerLeftError
from app.errors import (
    AppError,
    InvalidInputError,
    InvalidValueError,
    MethodNotAllowedError,
    NotFoundError,
    error_response,
)

_CLIENT_CLOSED: Final = 499  # as in nginx
_ERRORS: Final[dict[int, AppError]] = {
    HTTPStatus.BAD_REQUEST: InvalidInputError("요청 본문을 읽을 수 없습니다."),
    HTTPStatus.NOT_FOUND: NotFoundError("없는 경로입니다."),
    HTTPStatus.METHOD_NOT_ALLOWED: MethodNotAllowedError("이 경로에서 쓸 수 없는 메서드입니다."),
}


def add_error_handlers(app: FastAPI) -> None:
    """Make an application answer all errors in the envelope."""
    app.add_exception_handler(AppError, _app_error_response)
    app.add_exception_handler(RequestValidationError, _validation_response)
    app.add_exception_handler(HTTPException, _http_response)
    app.add_exception_handler(CallerLeftError, _unsent_response)


async def _app_error_response(_: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101 - registered for this class
    return error_response(error)


async def _validation_response(_: Request, error: Exception) -> Response:
    """Return a 422 with the places of the wrong values, and without the values, which may be personal data."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    places = dict.fromkeys(".".join(map(str, problem["loc"])) for problem in error.errors())
    return error_response(InvalidValueError(f"요청 값이 올바르지 않습니다: {', '.join(places)}"))


async def _unsent_response(_: Request, error: Exception) -> Response:
    """Return a response for the metric of requests, because the caller has left."""
    return Response(status_code=_CLIENT_CLOSED)


async def _http_response(_: Request, error: Exception) -> Response:
    """Return the response for an error of Starlette: an unknown path, a wrong method, or a body that is no JSON."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    response = error_response(_ERRORS[error.status_code])
    response.headers.update(error.headers or {})  # `Allow`
    return response
