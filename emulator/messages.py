"""HTTP, as far as the emulator needs it: a request as it came, an answer as it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
        is_cut: The connection ends before a byte of it is sent.
        hangs: It is never sent, and the connection stays.
        truncated_to: Bytes of the body after which the connection ends.
        waits_for: Path of an operation that the answer may wait for.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    is_cut: bool = False
    hangs: bool = False
    truncated_to: int | None = None
    waits_for: str = ""
