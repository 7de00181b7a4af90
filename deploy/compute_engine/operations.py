"""The result and the scope of an operation: what a write of Compute Engine returns."""

from dataclasses import dataclass
from typing import Literal

from deploy.documents.resource import Document


@dataclass(frozen=True)
class OperationResult:
    """
    How an operation ended.

    Args:
        state: done; failed; or unknown: the operation can't be read any more, and only the resource shows its effect.
        code: code of the first error.
        text: all errors, each with its code.
        warnings: warnings of an operation that succeeded.
    """

    state: Literal["done", "failed", "unknown"]
    code: str = ""
    text: str = ""
    warnings: tuple[str, ...] = ()


def operation_result(operation: Document) -> OperationResult:
    """Return the result of an operation that is DONE; its errors decide, because it may fail without an HTTP status."""
    errors = (operation.get("error") or {}).get("errors") or []
    if errors:
        text = "; ".join(f"{error.get('code')}: {error.get('message')}" for error in errors)
        return OperationResult("failed", str(errors[0].get("code", "")), text)
    if operation.get("httpErrorStatusCode"):
        text = f"{operation['httpErrorStatusCode']} {operation.get('httpErrorMessage', '')}"
        return OperationResult("failed", str(operation["httpErrorStatusCode"]), text)
    warnings = tuple(str(warning.get("message")) for warning in operation.get("warnings") or [])
    return OperationResult("done", warnings=warnings)


def operation_scope(operation: Document) -> str:
    """Return the path of an operation's scope: its zone, its region or global."""
    for scope in ("zone", "region"):
        if operation.get(scope):
            return f"{scope}s/{operation[scope].rpartition('/')[2]}"
    return "global"
