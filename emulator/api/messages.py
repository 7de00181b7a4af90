"""The HTTP of the emulator: requests as they come, answers as they leave."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from emulator.api.errors import malformed

LONGEST_DRIP_S: Final = 3_600.0
_DEEPEST: Final = 100  # nesting of objects and lists; protobuf's limit for JSON


@dataclass(frozen=True)
class Request:
    """
    An HTTP request.

    Args:
        verb: HTTP method, in capitals
        target: path and query
        headers: values by lower-case name
        body: body, undecoded
    """

    verb: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        """Everything before the query; the target may be a text that is no URL."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """Parameters of the query; of equal names the last."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """
    An HTTP answer, and what happens on its way to the client.

    Args:
        status: HTTP status
        body: body
        headers: headers beside the usual ones
        delay_s: virtual seconds before the answer is sent
        drip_s: virtual seconds that each byte of the body takes, for at most an hour in all
        is_cut: whether the connection ends before the first byte
        hangs: whether the answer is never sent although the connection stays open
        truncated_to: number of bytes of the body after which the connection ends; None: the body is complete
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drip_s: float = 0.0
    is_cut: bool = False
    hangs: bool = False
    truncated_to: int | None = None


def drip_duration_s(answer: Answer) -> float:
    """Return how many virtual seconds a dripping body takes."""
    return min(len(answer.body) * answer.drip_s, LONGEST_DRIP_S)


def decoded(body: bytes) -> Any:
    """
    Return the JSON of a body; None for an empty body.

    Raises:
        ApiError: 400, if the body is no JSON or nested too deep
    """
    if not body.strip():
        return None
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise malformed(str(error)) from error
    if _depth(document) > _DEEPEST:
        raise malformed(f"Objects and lists are nested more than {_DEEPEST} deep")
    return document


def _depth(document: Any) -> int:
    """Return how deep objects and lists are nested, without recursion."""
    depth, level = 0, [document]
    while containers := [value for value in level if isinstance(value, dict | list)]:
        depth += 1
        level = [
            member
            for container in containers
            for member in (container.values() if isinstance(container, dict) else container)
        ]
    return depth


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return JSON as bytes."""
    return json.dumps(document).encode()
