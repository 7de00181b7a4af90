"""Checks of requests against the methods and fields of Compute v1."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from emulator.api.errors import ApiError, invalid, not_acted_on

_FILE: Final = Path(__file__).with_name("compute.json")
_RANGES: Final = {"int32": 2**31, "int64": 2**63}
# Marked as output in the documentation, and sent all the same by terraform-provider-google in an insert.
_ACCEPTED: Final = {("InstanceGroupManager", "namedPorts")}


@dataclass(frozen=True)
class Method:
    """
    A method of Compute v1.

    Args:
        name: name of the method, such as `instanceGroupManagers.patch`
        verb: HTTP method
        path: segments of the path; a variable is in braces
        query: types by parameter
        body: message of the body; empty if the method has no body
    """

    name: str
    verb: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    body: str

    @property
    def changes(self) -> bool:
        """Whether the method writes; some POSTs only read."""
        reads = ("list", "wait", "get", "testIam")
        return self.verb != "GET" and not self.name.partition(".")[2].startswith(reads)


@dataclass
class Checked:
    """A request's body without read-only fields, and notes for the request log."""

    body: Any
    notes: list[str] = field(default_factory=list)


@cache
def _schema() -> dict[str, Any]:
    return dict(json.loads(_FILE.read_text()))


@cache
def methods() -> Mapping[str, Method]:
    """Return all methods of Compute v1, by name."""
    by_name = {}
    for name, data in _schema()["methods"].items():
        verb, _, path = data["http"].partition(" ")
        by_name[name] = Method(name, verb, tuple(path.split("/")), data.get("query", {}), data.get("body", ""))
    return by_name


def fields_of(kind: str) -> Mapping[str, str] | None:
    """Return the types of a message's fields, by name; None if the type is not a message."""
    fields: Mapping[str, str] | None = _schema()["messages"].get(kind)
    return fields


def check_body(message: str, body: Any) -> Checked:
    """
    Check the types and enums of a body; remove read-only fields; keep unknown fields; note both.

    Raises:
        ApiError: 400, if a field has the wrong type or an unknown value; the text names the field, as `resource.x.y`
    """
    checked = Checked(None)
    checked.body = _message(message, body, "resource", checked.notes)
    return checked


def check_query(method: Method, query: Mapping[str, str]) -> dict[str, Any]:
    """
    Convert a query's values to their types.

    Raises:
        ApiError: 400, if a value has the wrong type; 501, if the answer would be partial
    """
    if "fields" in query:
        raise not_acted_on("fields", query["fields"])
    values: dict[str, Any] = dict(query)
    for name, value in query.items():
        kind = method.query.get(name, "string")
        if kind == "bool":
            if value.lower() not in ("true", "false"):
                raise invalid(name, value, "Must be a boolean.")
            values[name] = value.lower() == "true"
        elif kind in _RANGES:
            values[name] = int(_number(kind, value, name))
    return values


def _message(message: str, value: Any, where: str, notes: list[str]) -> Any:
    if not isinstance(value, dict):
        raise _wrong_type(where, value, "an object")
    fields = _schema()["messages"][message]
    kept: dict[str, Any] = {}
    for name, member in value.items():
        at = f"{where}.{name}"
        kind = fields.get(name)
        if kind is None:
            notes.append(f"unknown field {at}")
            kept[name] = member
        elif kind.startswith("!") and (message, name) not in _ACCEPTED:
            notes.append(f"read-only field {at}")
        elif member is None:
            kept[name] = None
        else:
            kept[name] = _value(kind.removeprefix("!"), member, at, notes)
    return kept


def _value(kind: str, value: Any, where: str, notes: list[str]) -> Any:
    if kind.startswith("[]"):
        members = _of_type(list, value, where, "a list")
        return [_value(kind[2:], member, f"{where}[{index}]", notes) for index, member in enumerate(members)]
    if kind.startswith("{}"):
        entries = _of_type(dict, value, where, "an object")
        # Null clears an entry of a patch: gcloud's `all-instances-config delete` sends it.
        return {
            key: None if member is None else _value(kind[2:], member, f"{where}.{key}", notes)
            for key, member in entries.items()
        }
    if kind in _schema()["messages"]:
        return _message(kind, value, where, notes)
    if kind in _RANGES or kind == "double":
        return _number(kind, value, where)
    if kind == "bool":
        return _of_type(bool, value, where, "a boolean")
    text = _of_type(str, value, where, "a string")
    if "|" in kind and text not in kind.split("|"):
        raise invalid(where, text, f"Must be one of [{', '.join(kind.split('|'))}].")
    return text


def _of_type(expected: type | tuple[type, ...], value: Any, where: str, name: str) -> Any:
    if not isinstance(value, expected):
        raise _wrong_type(where, value, name)
    return value


def _number(kind: str, value: Any, where: str) -> Any:
    """Integers come as numbers or as text; 64-bit ones are kept as text, as Google's JSON has them."""
    if kind == "double" and not isinstance(value, bool | str):
        return _of_type((int, float), value, where, "a number")
    text = value if isinstance(value, str) else str(value)
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,20}", text, re.ASCII):
        raise _wrong_type(where, value, "an integer")
    if not -_RANGES[kind] <= int(text) < (2**64 if kind == "int64" else _RANGES[kind]):
        raise _wrong_type(where, value, f"an {kind}")
    return text if kind == "int64" else int(text)


def _wrong_type(where: str, value: Any, expected: str) -> ApiError:
    shown = json.dumps(value)
    return invalid(where, shown if len(shown) <= 80 else f"{shown[:77]}...", f"Must be {expected}.")
