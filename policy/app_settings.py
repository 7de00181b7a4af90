"""Settings and constants of the AI server, read from its sources, because policy does not install its packages."""

import ast
from collections.abc import Iterator
from typing import Any, Final

from policy.running import ROOT

REQUIRED: Final = object()


def defaults() -> dict[str, Any]:
    """Return the default of each variable that the server reads: a literal, None for other expressions, or REQUIRED."""
    (settings,) = (
        node for node in _statements("settings") if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    return {name.upper(): _default(value) for name, value in _annotated(settings.body)}


def constants(module: str) -> dict[str, float]:
    """Return the numeric constants and defaults of fields of a module of app/, computed ones included."""
    values: dict[str, float] = {}
    statements = _statements(module)
    of_classes = [field for node in statements if isinstance(node, ast.ClassDef) for field in node.body]
    for name, expression in _annotated([*statements, *of_classes]):
        nodes = list(ast.walk(expression)) if expression else []
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        arithmetic = (ast.BinOp, ast.operator, ast.Constant, ast.Name, ast.expr_context)
        if expression and names <= values.keys() and all(isinstance(node, arithmetic) for node in nodes):
            value = eval(ast.unparse(expression), {"__builtins__": {}}, values)  # noqa: S307 - arithmetic of app/ alone
            if isinstance(value, int | float):
                values[name] = value
    return values


def shutdown_s(variables: dict[str, str]) -> float:
    """Return the longest time from SIGTERM to the server's exit: drain, finish, then hand back unfinished jobs."""
    settings = defaults() | variables
    hand_back_s = constants("server")["_ANSWER_S"] + constants("main")["CALLBACKS_S"]
    return float(settings["DRAIN_SEC"]) + float(settings["FINISH_SEC"]) + hand_back_s


def _statements(module: str) -> list[ast.stmt]:
    return ast.parse((ROOT / f"app/{module}.py").read_text()).body


def _annotated(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr | None]]:
    for node in body:
        if isinstance(node, ast.AnnAssign):
            yield ast.unparse(node.target), node.value


def _default(value: ast.expr | None) -> Any:
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "Field":
        value = next((keyword.value for keyword in value.keywords if keyword.arg == "default"), None)
    if value is None:
        return REQUIRED
    return value.value if isinstance(value, ast.Constant) else None
