"""The keys of delivery.yaml for docs/reference.md, by the values and the errors of its reader."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from ci.application import Application, Gate
from ci.application_file import COMMAND, KEYS, PATHS, parse
from ci.errors import RefusedError
from tests.support.reference import KEY_HEADS, table

_REQUIRED: Final = {"image": "web", "port": "8080"}
_GATE: Final = {"name": "audit", "image": "python:3", "run": "audit"}
_ARGUMENT: Final = re.compile(r"^ {4}(\w+): (.+(?:\n {5,}.+)*)", re.MULTILINE)
_FIELDS: Final = {"run": "command"}  # fields whose name is not that of the key


def delivery_keys() -> str:
    """Return the table of the keys, in the order of the reader; a key of a mapping or of a gate has its path."""
    return table(KEY_HEADS, _rows())


def _rows() -> Iterator[tuple[str, ...]]:
    for key in KEYS:
        if key == "paths":
            yield from (_row(f"paths.{path}", path, Application, f"paths: {{{path}: []}}") for path in PATHS)
            continue
        yield _row(key, key, Application, f"{key}: {{}}" if key == "gates" else f"{key}: []")
        if key == "gates":
            yield from (_row(f"gates[].{part}", part, Gate, _gate_with(part)) for part in COMMAND)


def _gate_with(part: str) -> str:
    """Return a gate whose value of a key is wrong."""
    values = {**_GATE, part: [] if part in _GATE else {}}
    return f"gates: [{json.dumps(values)}]"


def _row(path: str, key: str, kind: type[Any], wrong: str) -> tuple[str, ...]:
    name = _FIELDS.get(key, key)
    meaning = meanings(kind)[name]
    is_required = key in (_REQUIRED if kind is Application else _GATE)
    return f"`{path}`", meaning, _expected(wrong), "required" if is_required else _default(kind, name)


def meanings(kind: type[Any]) -> dict[str, str]:
    """Return the meanings of the fields in the docstring of a class."""
    arguments = (inspect.getdoc(kind) or "").partition("Args:\n")[2]
    return {name: re.sub(r"\s+", " ", text) for name, text in _ARGUMENT.findall(arguments)}


def _expected(wrong: str) -> str:
    """Return the form of a value, by the error for another value."""
    required = "".join(f"{key}: {value}\n" for key, value in _REQUIRED.items() if not wrong.startswith(f"{key}:"))
    try:
        parse(f"{required}{wrong}\n")
    except RefusedError as error:
        return str(error).partition("Fix: ")[2]
    raise AssertionError(f"{wrong}: accepted")


def _default(kind: type[Any], name: str) -> str:
    """Return the value of a field that the file leaves out."""
    default = getattr(parse("image: web\nport: 8080\n") if kind is Application else Gate(""), name)
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`" if default else ""
