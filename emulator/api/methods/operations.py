"""Operations of zones, regions and the project: get, list, wait."""

from typing import Any

from emulator.api.calls import Call, serves
from emulator.api.errors import not_found
from emulator.api.lists import envelope, page
from emulator.environment.operations import Operation, has_vanished, is_done, render
from emulator.environment.store import Document

WAIT_S = 120.0  # "best effort", at most two minutes; source: google-cloud-compute, operations.wait


@serves("zoneOperations.get", "regionOperations.get", "globalOperations.get")
def get(call: Call) -> Document:
    """Return an operation as it is now."""
    return render(_find(call), call.world.now_s)


@serves("zoneOperations.wait", "regionOperations.wait", "globalOperations.wait")
def wait(call: Call) -> Document:
    """Return an operation; the server lets the request wait until it is done, two minutes at most."""
    operation = _find(call)
    if call.world.clock.is_manual and operation.ends_at_s is not None and not is_done(operation, call.world.now_s):
        call.world.clock.move(min(WAIT_S, operation.ends_at_s - call.world.now_s))
        call.world.advance()
        operation = _find(call)
    return render(operation, call.world.now_s)


@serves("zoneOperations.list", "regionOperations.list", "globalOperations.list")
def list_(call: Call) -> Document:
    """List the operations of a scope."""
    found = call.view.collections.get(f"{call.scope}/operations", {})
    rows = []
    for name, document in found.items():
        operation = Operation(**document["operation"])
        if not has_vanished(operation, call.world.now_s):
            rows.append((name, render(operation, call.world.now_s) | {"_created": operation.began_at_s}))
    items, token = page(call, rows)
    return envelope(call, "compute#operationList", items, token)


@serves("globalOperations.aggregatedList")
def aggregated_list(call: Call) -> Document:
    """List the operations of all scopes."""
    rows = []
    for scope, documents in call.view.scopes(call.project, "operations"):
        for name, document in documents.items():
            operation = Operation(**document["operation"])
            if not has_vanished(operation, call.world.now_s):
                shown = render(operation, call.world.now_s) | {"_created": operation.began_at_s}
                rows.append((f"{scope}/{name}", shown))
    items, token = page(call, rows, keyed=True)
    scoped: dict[str, Any] = {}
    for key, document in items:
        scoped.setdefault(key.rpartition("/")[0], {"operations": []})["operations"].append(document)
    return envelope(call, "compute#operationAggregatedList", scoped, token)


def _find(call: Call) -> Operation:
    path = f"{call.scope}/operations/{call.params['operation']}"
    operation = call.world.operation(path)
    if operation is None or has_vanished(operation, call.world.now_s):
        raise not_found(path)
    return operation
