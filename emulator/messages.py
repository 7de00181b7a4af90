"""HTTP, as far as the emulator needs it: a request as it came, an answer as it goes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.errors import malformed

MOST_DRIP_S: Final = 3_600.0


@dataclass(frozen=True)
class Request:
    """
    An HTTP request.

    Args:
        verb: In capitals.
        target: Path and query.
        headers: By lower-case name.
        body: As it came.
    """

    verb: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """
    An HTTP answer, and what happens on its way.

    Args:
        status: HTTP.
        body: To be sent.
        headers: Beside the usual ones.
        delay_s: Virtual seconds before it is sent.
        drip_s: Virtual seconds that each byte of the body takes, for at most an hour in all.
        is_cut: The connection ends before a byte of it is sent.
        hangs: It is never sent, and the connection stays.
        truncated_to: Bytes of the body after which the connection ends.
        waits_for: Path of an operation that the answer may wait for.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drip_s: float = 0.0
    is_cut: bool = False
    hangs: bool = False
    truncated_to: int | None = None
    waits_for: str = ""


def drip_duration_s(answer: Answer) -> float:
    """Return how many virtual seconds a dripping body takes."""
    return min(len(answer.body) * answer.drip_s, MOST_DRIP_S)


def decoded(body: bytes) -> Any:
    """
    Return the JSON of a body; None for an empty one.

    Raises:
        ApiError: 400.
    """
    if not body.strip():
        return None
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise malformed(str(error)) from error


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return JSON as bytes."""
    return json.dumps(document).encode()
