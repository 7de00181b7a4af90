"""Answers as faults change them: errors in place of answers, other bodies, cuts, delays."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from emulator.api.answers import dated, error_answer
from emulator.api.errors import ApiError
from emulator.api.faults import Fault, Replacement
from emulator.api.messages import Answer

_HTML: Final = b"<html><head><title>502</title></head><body>The server encountered a temporary error.</body></html>"


def injected_answer(faults: Sequence[Fault]) -> Answer | None:
    """Return the answer of the first fault that prevents a request from being served; None if there is none."""
    for fault in faults:
        if fault.cut == "before":
            return Answer(0, b"", is_cut=True)
        if fault.status:
            answer = error_answer(ApiError(fault.status, fault.reason, "injected by a fault plan"), fault.headers)
            return _with_body(answer, fault) if fault.body in ("html", "empty") else answer
    return None


def with_faults(answer: Answer, faults: Sequence[Fault]) -> Answer:
    """Return the answer to a served request with the headers, bodies and cuts of its faults."""
    for fault in faults:
        if fault.cut == "after":
            answer = replace(answer, is_cut=True)
        answer = _with_body(replace(answer, headers={**answer.headers, **fault.headers}), fault)
    return answer


def with_delays(answer: Answer, faults: Sequence[Fault], now_s: float) -> Answer:
    """Return an answer with the delays of its faults, and with the Date that they give it."""
    skew_s = sum(fault.date_skew_s for fault in faults)
    delayed = replace(
        answer,
        delay_s=sum(fault.delay_s for fault in faults),
        drip_s=max((fault.drip_s for fault in faults), default=0.0),
        hangs=any(fault.hang for fault in faults),
    )
    return dated(delayed, now_s + skew_s) if skew_s else delayed


def _with_body(answer: Answer, fault: Fault) -> Answer:
    if fault.body == "html":
        return replace(answer, body=_HTML, headers={**answer.headers, "content-type": "text/html"})
    if fault.body == "empty":
        return replace(answer, body=b"")
    if fault.body == "truncated":
        return replace(answer, truncated_to=len(answer.body) // 2)
    if isinstance(fault.body, Replacement):
        return replace(answer, body=_replaced(answer.body, fault.body))
    return answer


def _replaced(body: bytes, replacement: Replacement) -> bytes:
    if replacement.members is None:
        return json.dumps(replacement.value).encode()
    try:
        return json.dumps(json.loads(body) | replacement.members).encode()
    except (ValueError, TypeError):  # an earlier fault left a body that is no object
        return body
