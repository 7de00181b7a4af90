"""HTTP, as far as the emulator needs it: a request as it came, an answer as it goes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from emulator.api.errors import malformed

MOST_DRIP_S: Final = 3_600.0
_MOST_DEPTH: Final = 100  # of nested objects and lists; protobuf's limit for JSON


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

    @property
    def path(self) -> str:
        """Everything before the query; a target is no URL, and need not be one."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """Parameters of the query; of equal ones the last."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))


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
        document = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise malformed(str(error)) from error
    if _depth(document) > _MOST_DEPTH:
        raise malformed(f"Objects and lists are nested more than {_MOST_DEPTH} deep")
    return document


def _depth(document: Any) -> int:
    """Return how deep objects and lists are nested, without recursion."""
    depth, level = 0, [document]
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        level = [member for one in level for member in (one.values() if isinstance(one, dict) else one)]
    return depth


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return JSON as bytes."""
    return json.dumps(document).encode()
