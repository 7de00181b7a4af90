"""Answers with the headers that every answer of Google's frontends has."""

from collections.abc import Mapping
from dataclasses import replace
from email.utils import formatdate
from typing import Final

from emulator.api.errors import ApiError
from emulator.api.messages import Answer, encoded

_JSON: Final = "application/json; charset=UTF-8"


def json_answer(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer with a JSON body, unless its headers name another type."""
    return Answer(status, body, {"content-type": _JSON, **(headers or {})})


def error_answer(error: ApiError, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the answer to a refused request."""
    return json_answer(error.code, encoded(error.body()), headers)


def dated(answer: Answer, now_s: float) -> Answer:
    """Return an answer with the server's Date, unless the answer has one."""
    return replace(answer, headers={"date": formatdate(now_s, usegmt=True), **answer.headers})
