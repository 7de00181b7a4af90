"""Operations: the answers to writes, and how they end as virtual time passes."""

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final

from emulator.environment.clock import timestamp
from emulator.environment.links import name_of, self_link

_MESSAGES: Final = {400: "BAD REQUEST", 403: "FORBIDDEN", 404: "NOT FOUND", 409: "CONFLICT", 503: "SERVICE UNAVAILABLE"}
_CODES: Final = {
    "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE": 400,
    "INVALID_FIELD_VALUE": 400,
    "QUOTA_EXCEEDED": 403,
    "PERMISSIONS_ERROR": 403,
    "RESOURCE_NOT_FOUND": 404,
    "ZONE_RESOURCE_POOL_EXHAUSTED": 503,
    "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS": 503,
}


@dataclass(frozen=True)
class Operation:
    """
    An accepted write.

    Args:
        path: `projects/P/SCOPE/operations/NAME`
        type: operation type, such as `compute.instanceTemplates.insert` or `delete`; clients branch on its end
        target: path of the written resource
        target_id: numeric id of that resource
        began_at_s: virtual time at which the write was accepted
        ends_at_s: virtual time at which the operation is DONE; None: it does not end by itself
        request_id: request id that the client sent
        error: code that it ends with; empty if it succeeds
        message: text beside that code
        has_http_code: whether a failed operation carries an HTTP code too; Google's do not always, and clients depend
            on it
        warning: text of a warning that it ends with
        vanishes_at_s: virtual time from which the operation is not found; None: it is kept
    """

    path: str
    type: str
    target: str
    target_id: str
    began_at_s: float
    ends_at_s: float | None
    request_id: str = ""
    error: str = ""
    message: str = ""
    has_http_code: bool = True
    warning: str = ""
    vanishes_at_s: float | None = None

    @property
    def id(self) -> str:
        """Numeric id, as text."""
        return str(10**18 + int.from_bytes(blake2b(self.path.encode(), digest_size=7).digest()))


@dataclass(frozen=True)
class OperationWait:
    """
    A wait for an operation, which a request to `operations.wait` begins.

    Args:
        path: path of the operation
        until_s: virtual time at which the wait ends even if the operation is not done
    """

    path: str
    until_s: float


def wait_left_s(wait: OperationWait, operation: Operation | None, now_s: float) -> float:
    """Return the virtual seconds until a wait ends: by its operation, or by its own limit."""
    if operation is None or is_done(operation, now_s):
        return 0.0
    return (wait.until_s if operation.ends_at_s is None else min(wait.until_s, operation.ends_at_s)) - now_s


def operation_name(number: int, now_s: float) -> str:
    """Return a name in the shape of Compute Engine's; equal numbers and times give equal names."""
    digest = blake2b(f"{number}/{now_s}".encode(), digest_size=15).hexdigest()
    return f"operation-{int(now_s * 1000):013d}-{digest[:13]}-{digest[13:21]}-{digest[21:29]}"


def ended(operation: Operation, now_s: float) -> Operation:
    """Return an operation that ends now."""
    return replace(operation, ends_at_s=now_s)


def is_done(operation: Operation, now_s: float) -> bool:
    """Return whether an operation has ended."""
    return operation.ends_at_s is not None and operation.ends_at_s <= now_s


def has_vanished(operation: Operation, now_s: float) -> bool:
    """Return whether an operation is no longer found."""
    return operation.vanishes_at_s is not None and operation.vanishes_at_s <= now_s


def render(operation: Operation, now_s: float) -> dict[str, Any]:
    """Return the JSON of an operation at a moment."""
    done = is_done(operation, now_s)
    scope = operation.path.split("/")[2:-2]
    document: dict[str, Any] = {
        "kind": "compute#operation",
        "id": operation.id,
        "name": name_of(operation.path),
        "operationType": operation.type,
        "targetLink": self_link(operation.target),
        "targetId": operation.target_id,
        "status": "DONE" if done else "RUNNING",
        "user": "emulator@localhost",
        "progress": 100 if done else 0,
        "insertTime": timestamp(operation.began_at_s),
        "startTime": timestamp(operation.began_at_s),
        "selfLink": self_link(operation.path),
    }
    if scope[0] in ("zones", "regions"):
        document[scope[0][:-1]] = self_link("/".join(operation.path.split("/")[:4]))
    if operation.request_id:
        document["clientOperationId"] = operation.request_id
    if done and operation.ends_at_s is not None:
        document["endTime"] = timestamp(operation.ends_at_s)
        if operation.warning:
            document["warnings"] = [{"code": "EXPERIMENTAL_TYPE_USED", "message": operation.warning, "data": []}]
        if operation.error:
            document["error"] = {"errors": [{"code": operation.error, "message": operation.message}]}
            if operation.has_http_code:
                code = _CODES.get(operation.error, 400)
                document |= {"httpErrorStatusCode": code, "httpErrorMessage": _MESSAGES[code]}
    return document
