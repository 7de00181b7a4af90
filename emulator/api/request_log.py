"""The request log: an entry for each request to the API, beside those that the environment writes for each change."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.api.faults import Fault
from emulator.api.messages import Answer, Request
from emulator.environment.environment import Environment


@dataclass
class RequestEntry:
    """
    What is known of a request until its answer leaves.

    Args:
        at_s: virtual time at which the request came
        method: method of Compute v1; empty if no method has this path
        verb: HTTP method
        path: path and query
        client: user agent
        faults: faults of the call
        is_unknown: whether no method of this emulator serves the request
        operation: path of the operation that the request began; empty if it began none
        reason: reason of an error; empty if the request succeeded
        notes: unknown and read-only fields of the body
    """

    at_s: float
    method: str
    verb: str
    path: str
    client: str
    faults: Sequence[Fault] = ()
    is_unknown: bool = False
    operation: str = ""
    reason: str = ""
    notes: list[str] = field(default_factory=list)

    def dump(self, answer: Answer) -> dict[str, Any]:
        """Return the entry as JSON; the status of an answer that never arrives is 0."""
        document: dict[str, Any] = {
            "kind": "request", "at_s": round(self.at_s, 3), "method": self.method, "verb": self.verb,
            "path": self.path, "client": self.client,
        }  # fmt: skip
        if self.faults:
            document["faults"] = [
                fault.model_dump(exclude_defaults=True, exclude={"on", "nth"}) for fault in self.faults
            ]
        if self.is_unknown:
            document["unknown"] = True
        optional = {"operation": self.operation, "reason": self.reason, "notes": self.notes}
        document |= {name: value for name, value in optional.items() if value}
        return {**document, "status": 0 if answer.is_cut or answer.hangs else answer.status}


class RequestLog:
    """
    The part of the request log that is about requests.

    Args:
        environment: environment whose store keeps the log
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def entry(self, request: Request, method: str, faults: Sequence[Fault]) -> RequestEntry:
        """Return the entry of a request that has just come."""
        client = request.headers.get("user-agent", "")[:80]
        return RequestEntry(self._environment.now_s, method, request.verb, request.target, client, faults)

    def append(self, entry: RequestEntry, answer: Answer) -> None:
        """Append the entry of a request that is answered."""
        self._environment.store.append(entry.dump(answer))
