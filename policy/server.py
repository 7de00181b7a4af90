"""What the AI server says of itself, read in its sources: its packages are not here."""

import ast
from collections.abc import Iterator
from typing import Any, Final

from policy.running import ROOT

REQUIRED: Final = object()


def defaults() -> dict[str, Any]:
    """Every variable that it reads, with its default where that is a number; REQUIRED where there is none at all."""
    (settings,) = (one for one in _statements("settings") if isinstance(one, ast.ClassDef) and one.name == "Settings")
    return {name.upper(): _default(value) for name, value in _assigned(settings.body)}


def numbers(module: str) -> dict[str, float]:
    """The constants of a module of app/ that are numbers, computed from one another where they are."""
    found: dict[str, float] = {}
    for name, value in _assigned(_statements(module)):
        names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)} if value else set()
        kinds = (ast.BinOp, ast.operator, ast.Constant, ast.Name, ast.expr_context)
        if value and names <= found.keys() and all(isinstance(node, kinds) for node in ast.walk(value)):
            computed = eval(ast.unparse(value), {"__builtins__": {}}, found)  # noqa: S307 - arithmetic of ours alone
            if isinstance(computed, int | float):
                found[name] = computed
    return found


def stop_s(variables: dict[str, str]) -> float:
    """How long it takes at most from SIGTERM to its end: it drains, finishes, and calls back what it hands back."""
    given = defaults() | variables
    handing_back_s = numbers("server")["_ANSWER_S"] + numbers("main")["CALLBACKS_S"]
    return float(given["DRAIN_SEC"]) + float(given["FINISH_SEC"]) + handing_back_s


def _statements(module: str) -> list[ast.stmt]:
    return ast.parse((ROOT / f"app/{module}.py").read_text()).body


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr | None]]:
    for node in body:
        if isinstance(node, ast.AnnAssign):
            yield ast.unparse(node.target), node.value


def _default(value: ast.expr | None) -> Any:
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "Field":
        value = next((one.value for one in value.keywords if one.arg == "default"), None)
    if value is None:
        return REQUIRED
    return value.value if isinstance(value, ast.Constant) else None
