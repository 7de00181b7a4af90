"""Operations of zones, regions and the project: get, list, wait."""

from typing import Any

from emulator.api.calls import Call, serves
from emulator.api.errors import not_found
from emulator.api.lists import envelope, page
from emulator.environment.operations import Operation, OperationWait, has_vanished, is_done, render
from emulator.environment.view import Document

WAIT_S = 120.0  # "best effort", at most two minutes; source: google-cloud-compute, operations.wait


@serves("zoneOperations.get", "regionOperations.get", "globalOperations.get")
def get_operation(call: Call) -> Document:
    """Return an operation as it is now."""
    return render(_operation(call), call.environment.now_s)


@serves("zoneOperations.wait", "regionOperations.wait", "globalOperations.wait")
def wait_for_operation(call: Call) -> Document | OperationWait:
    """Return an operation that is done, or the wait for it."""
    now_s, operation = call.environment.now_s, _operation(call)
    return render(operation, now_s) if is_done(operation, now_s) else OperationWait(operation.path, now_s + WAIT_S)


@serves("zoneOperations.list", "regionOperations.list", "globalOperations.list")
def list_operations(call: Call) -> Document:
    """List the operations of a scope."""
    documents = call.view.collections.get(f"{call.scope}/operations", {})
    rows = []
    for name, document in documents.items():
        operation = Operation(**document["operation"])
        if not has_vanished(operation, call.environment.now_s):
            rows.append((name, _row(call, operation)))
    items, token = page(call, rows)
    return envelope(call, "compute#operationList", items, token)


@serves("globalOperations.aggregatedList")
def aggregated_list_operations(call: Call) -> Document:
    """List the operations of all scopes."""
    rows = []
    for scope, documents in call.view.scopes(call.project, "operations"):
        for name, document in documents.items():
            operation = Operation(**document["operation"])
            if not has_vanished(operation, call.environment.now_s):
                rows.append((f"{scope}/{name}", _row(call, operation)))
    items, token = page(call, rows, keyed=True)
    scoped: dict[str, Any] = {}
    for key, document in items:
        scoped.setdefault(key.rpartition("/")[0], {"operations": []})["operations"].append(document)
    return envelope(call, "compute#operationAggregatedList", scoped, token)


def _operation(call: Call) -> Operation:
    path = f"{call.scope}/operations/{call.params['operation']}"
    operation = call.environment.operation(path)
    if operation is None or has_vanished(operation, call.environment.now_s):
        raise not_found(path)
    return operation


def _row(call: Call, operation: Operation) -> Document:
    return render(operation, call.environment.now_s) | {"_created": operation.began_at_s}
