"""Lists: pages, order, filters, and aggregated lists."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from emulator.api.calls import Call, shown
from emulator.api.errors import ApiError, invalid
from emulator.api.filters import compile_filter
from emulator.environment.links import self_link
from emulator.environment.view import Document

_MOST: Final = 500
Render = Callable[[str, Document], Document]


def answer_list(call: Call, kind: str, render: Render | None = None) -> Document:
    """
    Answer a list of the documents of a collection.

    Args:
        call: request
        kind: kind of the list, such as `compute#instanceTemplateList`
        render: completes a document, given its path
    """
    documents = call.view.collections.get(call.collection, {})
    rendered = (
        (name, _rendered(f"{call.collection}/{name}", document, render)) for name, document in documents.items()
    )
    items, token = page(call, rendered)
    return envelope(call, kind, items, token)


def answer_aggregated_list(call: Call, kind: str, collections: Mapping[str, Render | None]) -> Document:
    """
    Answer an aggregated list: each scope with its documents, or with a warning.

    Args:
        call: request
        kind: kind of the list, such as `compute#instanceTemplateAggregatedList`
        collections: names of the collections, each with the function that completes its documents
    """
    name = next(iter(collections))
    rendered: list[tuple[str, Document]] = []
    scopes = {_scope(path) for path in call.view.collections if path.startswith(f"{call.project}/")}
    for collection, render in collections.items():
        for scope, documents in call.view.scopes(call.project, collection):
            path = f"{call.project}/{scope}/{collection}"
            rendered += [
                (f"{scope}/{key}", _rendered(f"{path}/{key}", document, render)) for key, document in documents.items()
            ]
    items, token = page(call, rendered, keyed=True)
    scoped: dict[str, Any] = {scope: {"warning": _no_results(scope)} for scope in sorted(scopes)}
    for key, document in items:
        scope = key.rpartition("/")[0]
        scoped[scope] = {name: [*scoped.get(scope, {}).get(name, []), document]}
    for scope in call.unreachable:
        if not call.query.get("returnPartialSuccess"):
            raise ApiError(503, "backendError", f"The scope '{scope}' is unreachable.")
        scoped[scope] = {"warning": {"code": "UNREACHABLE", "message": f"The scope '{scope}' is unreachable."}}
    return envelope(call, kind, scoped, token)


def envelope(call: Call, kind: str, items: Any, token: str, member: str = "items") -> Document:
    """Return a list's JSON; an empty list has no items."""
    path = f"{call.collection}" if "/" in call.collection else call.project
    document: Document = {"kind": kind, "id": path, "selfLink": self_link(path)}
    if items:
        document[member] = items
    if token:
        document["nextPageToken"] = token
    return document


def page(call: Call, rendered: Iterable[tuple[str, Document]], *, keyed: bool = False) -> tuple[list[Any], str]:
    """
    Filter, order and cut a list.

    Args:
        call: request with `filter`, `orderBy`, `maxResults` and `pageToken` in its query
        rendered: documents with their keys; the default order is by key
        keyed: whether the page has pairs of key and document

    Returns:
        The page, and the token of the next page; empty on the last page.

    Raises:
        ApiError: 400, if a value of the query is invalid
    """
    newest_first = _newest_first(str(call.query.get("orderBy", "")))
    most = int(call.query.get("maxResults", _MOST))
    if not 0 <= most <= _MOST:
        raise invalid("maxResults", most, f"Must be from 0 to {_MOST}.")
    after = _position(str(call.query.get("pageToken", "")))
    matching = [
        ((-float(document.get("_created", 0)) if newest_first else 0.0, key), document)
        for key, document in _matching(call, rendered)
    ]
    matching.sort(key=lambda positioned: positioned[0])
    if after is not None:
        matching = [positioned for positioned in matching if positioned[0] > after]
    items = matching[: most or _MOST]
    token = _token(items[-1][0]) if len(matching) > len(items) else ""
    return [(position[1], shown(document)) if keyed else shown(document) for position, document in items], token


def whole_list(call: Call, rendered: Iterable[tuple[str, Document]]) -> list[Document]:
    """
    Filter a list and return all of it, in the order of its keys.

    Raises:
        ApiError: 400, if the filter is invalid
    """
    return [shown(document) for _, document in sorted(_matching(call, rendered), key=lambda pair: pair[0])]


def _matching(call: Call, rendered: Iterable[tuple[str, Document]]) -> list[tuple[str, Document]]:
    predicate = compile_filter(str(call.query.get("filter", "")))
    return [(key, document) for key, document in rendered if predicate(document)]


def _rendered(path: str, document: Document, render: Render | None) -> Document:
    return render(path, document) if render else document


def _newest_first(order: str) -> bool:
    if order in ("", "name", "name asc"):
        return False
    if order == "creationTimestamp desc":
        return True
    raise invalid("orderBy", order, "Only 'name' and 'creationTimestamp desc' are supported.")


def _token(position: tuple[float, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _position(token: str) -> tuple[float, str] | None:
    if not token:
        return None
    try:
        first, second = json.loads(base64.urlsafe_b64decode(token.encode()))
        return float(first), str(second)
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
        raise invalid("pageToken", token, "The page token does not belong to this list.") from error


def _scope(path: str) -> str:
    parts = path.split("/")
    return "/".join(parts[2:4]) if parts[2] in ("zones", "regions") and len(parts) > 4 else "global"


def _no_results(scope: str) -> dict[str, Any]:
    message = f"There are no results for scope '{scope}' on this page."
    return {"code": "NO_RESULTS_ON_PAGE", "message": message, "data": [{"key": "scope", "value": scope}]}
