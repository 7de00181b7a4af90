"""Turns an answer of Prometheus' HTTP API into the value of a check, or into the reason why there is none."""

import math
import re
from typing import Any, Final

import httpx

from deploy.analysis.reading import Answer
from deploy.retry import TRANSIENT_STATUSES, transient_error
from lib.redaction import redacted

_WRONG_QUERY: Final = frozenset({400, 422})
_NO_LOGIN: Final = frozenset({401, 403})
_LONGEST_TEXT: Final = 4_096  # characters of an error; redaction comes before any further cut
_SHOWN: Final = 200
# As Prometheus writes a sample's value. Source: documentation of its HTTP API, "Expression query result formats", read
# 2026-11-27.
_VALUE: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|Inf)|NaN", re.ASCII)
_AGGREGATE: Final = "aggregate the query to one number, such as by sum(…)"


def parsed_answer(answer: httpx.Response) -> Answer:
    """
    Return the value in an answer to an instant query, or why it has none.

    No text of a successful answer gets into a reason: labels may hold anything.

    Raises:
        TransientError: the status is one that a later attempt may not have.
    """
    if answer.status_code in TRANSIENT_STATUSES:
        raise transient_error(_error_text(answer), answer)
    if not answer.is_success:
        is_query = answer.status_code in _WRONG_QUERY
        return Answer(
            None, _error_text(answer), "login" if answer.status_code in _NO_LOGIN else "query" if is_query else "server"
        )
    try:
        body = answer.json()
        if body["status"] != "success":
            raise ValueError
        data = body["data"]
        return _value(data["resultType"], data["result"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return Answer(None, "the answer is not one of Prometheus", "server")


def _value(kind: Any, result: Any) -> Answer:
    if kind == "scalar":
        return _sample(result)
    if kind != "vector":
        name = kind if kind in ("matrix", "string") else "result"
        return Answer(None, f"the query gives a {name} that is no number", "query")
    if not isinstance(result, list):
        raise TypeError
    if not result:
        return Answer(None, "the query gives no sample")
    if len(result) > 1:
        return Answer(None, f"the query gives {len(result)} samples: {_AGGREGATE}", "query")
    if "histogram" in result[0]:
        return Answer(None, "the query gives a histogram that is no number", "query")
    return _sample(result[0]["value"])


def _sample(pair: Any) -> Answer:
    _, text = pair
    if not _VALUE.fullmatch(text):
        raise ValueError
    value = float(text)
    if math.isnan(value) or value == -math.inf:
        return Answer(None, f"the value is {text}")
    return Answer(value)


def _error_text(answer: httpx.Response) -> str:
    """Return status and error of an answer, without secrets."""
    if answer.is_redirect:
        return f"{answer.status_code}: a redirect to another address, which is not followed"
    try:
        error = answer.json()["error"]
        text = str(error["message"] if isinstance(error, dict) else error)  # Google's own errors are objects
    except (ValueError, LookupError, TypeError, RecursionError):
        text = answer.text
    return f"{answer.status_code} {' '.join(redacted(text[:_LONGEST_TEXT]).split())[:_SHOWN]}".strip()
