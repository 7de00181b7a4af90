"""From a verb and a path to a method: Compute v1's own routes, and the few of other services that are served."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import unquote

from emulator.api.schema.check import Method, methods
from emulator.api.service_methods import SERVICE_METHODS


@dataclass
class _Node:
    literal: dict[str, "_Node"] = field(default_factory=dict)
    variable: "_Node | None" = None
    methods: dict[tuple[str, str], Method] = field(default_factory=dict)  # by verb, and by the text after a colon


@dataclass(frozen=True)
class Route:
    """
    A method of Compute v1, or of another service.

    Args:
        method: method
        params: variables of its path
    """

    method: Method
    params: Mapping[str, str]


def find_route(verb: str, path: str) -> Route | None:
    """Return the method of a path, with or without `compute/v1` before it; None if no method has the path."""
    segments = [unquote(segment) for segment in path.strip("/").split("/")]
    if segments[:2] == ["compute", "v1"]:
        segments = segments[2:]
    suffix = segments[-1].rpartition(":")[2] if ":" in segments[-1] and segments[0] == "v1" else ""
    if suffix:
        segments[-1] = segments[-1].removesuffix(f":{suffix}")
    node = _find(_tree(), segments)
    method = node.methods.get((verb, suffix)) if node else None
    if method is None:
        return None
    names = [
        (part.strip("{}"), value) for part, value in zip(method.path, segments, strict=True) if part.startswith("{")
    ]
    return Route(method, dict(names))


def _find(node: _Node, segments: list[str]) -> _Node | None:
    if not segments:
        return node
    for child in (node.literal.get(segments[0]), node.variable):
        node_below = _find(child, segments[1:]) if child else None
        if node_below is not None and node_below.methods:
            return node_below
    return None


@cache
def _tree() -> _Node:
    root = _Node()
    for method in methods().values():
        _node(root, method.path).methods[method.verb, ""] = method
    for row in SERVICE_METHODS.values():
        _node(root, row.method.path).methods[row.method.verb, row.suffix] = row.method
    return root


def _node(node: _Node, path: tuple[str, ...]) -> _Node:
    """Return the node of a path, which is added if the tree lacks it."""
    for segment in path:
        if segment.startswith("{"):
            node.variable = node.variable or _Node()
            node = node.variable
        else:
            node = node.literal.setdefault(segment, _Node())
    return node
