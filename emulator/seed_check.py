"""The check of a seed's values against its model and against the messages of Compute v1; an error names the path."""

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from emulator.api.errors import ApiError
from emulator.api.schema.check import check_body, fields_of, methods

# Keys of a resource that only the server sets, and that a seed may have: a resource with a region is created there.
PLACES: Final = ("region",)
_EXAMPLE: Final = "see emulator/seeds/example.yaml"


@dataclass(frozen=True)
class Problem:
    """
    A value that a seed must not have.

    Args:
        path: path of the value, such as `resources.instanceTemplates[0].properties.machineTyp`.
        text: what is wrong with it.
        fix: one action, without a full stop.
    """

    path: str
    text: str
    fix: str


def message_of(collection: str) -> str:
    """Return the message of a collection's resources, such as `HealthCheck`."""
    return methods()[f"{collection}.insert"].body


def model_problem(model: type[BaseModel], data: Any) -> Problem | None:
    """Return the first value that a model refuses; an unknown key comes with the nearest known one."""
    try:
        text = json.dumps(data)
    except (TypeError, ValueError, RecursionError) as error:
        return Problem("", f"a value is neither text, number, list nor object: {error}", "quote it")
    try:
        model.model_validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        path = _shown(first["loc"], data)
        if first["type"] == "missing":
            return Problem(".".join(map(str, first["loc"])), "missing", _EXAMPLE)
        if first["type"] == "extra_forbidden":
            return Problem(path, "unknown key", _nearest(str(first["loc"][-1]), _siblings(model, first["loc"])))
        return Problem(path, first["msg"], _EXAMPLE)
    return None


def resource_problem(resources: dict[str, list[dict[str, Any]]], collections: Iterable[str]) -> Problem | None:
    """
    Return the first value of the resources that Compute v1 does not have, or that only the server sets.

    Args:
        resources: bodies of inserts by collection.
        collections: collections that a seed may have.
    """
    return next(_problems(resources, tuple(collections)), None)


def _problems(resources: dict[str, list[dict[str, Any]]], collections: tuple[str, ...]) -> Iterator[Problem]:
    for collection, bodies in resources.items():
        if collection not in collections:
            yield Problem(f"resources.{collection}", "unknown key", _nearest(collection, collections))
            continue
        message = message_of(collection)
        for index, body in enumerate(bodies):
            where = f"resources.{collection}[{index}]"
            if "name" not in body:
                yield Problem(f"{where}.name", "missing", "name the resource")
            yield from _unserved(message, {key: body[key] for key in body if key not in PLACES}, where)
            try:
                check_body(message, body)
            except ApiError as error:
                text = error.message.replace("'resource.", f"'{where}.").rstrip(".")
                yield Problem(where, text, _EXAMPLE)


def _unserved(kind: str, value: Any, where: str) -> Iterator[Problem]:
    """Yield the unknown keys, the keys that only the server sets, and the keys without a value."""
    if kind.startswith("[]") and isinstance(value, list):
        for index, member in enumerate(value):
            yield from _unserved(kind[2:], member, f"{where}[{index}]")
    elif kind.startswith("{}") and isinstance(value, dict):
        for key, member in value.items():
            yield from _unserved(kind[2:], member, f"{where}.{key}")
    elif value is None:
        yield Problem(where, "has no value", "remove the key")
    elif (fields := fields_of(kind)) is not None and isinstance(value, dict):
        for key, member in value.items():
            member_kind = fields.get(key)
            if member_kind is None:
                yield Problem(f"{where}.{key}", "unknown key", _nearest(key, fields))
            elif member_kind.startswith("!") and key != "namedPorts":
                yield Problem(f"{where}.{key}", "only the server sets it", "remove the key")
            else:
                yield from _unserved(member_kind.removeprefix("!"), member, f"{where}.{key}")


def _siblings(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the object at a location may have; only lists of models are followed."""
    for part in location[:-1]:
        members = get_args(model.model_fields[part].annotation) if part in model.model_fields else ()
        model = next((kind for kind in members if isinstance(kind, type) and issubclass(kind, BaseModel)), model)
    return list(model.model_fields)


def _nearest(key: str, known: Iterable[str]) -> str:
    """Return the fix of an unknown key: the most similar known one, or else all of them."""
    similar = difflib.get_close_matches(key, list(known), n=1)
    return f"did you mean '{similar[0]}'" if similar else f"one of: {', '.join(sorted(known))}"


def _shown(location: tuple[int | str, ...], data: Any) -> str:
    """Return a location as a path, such as `instance_rules[0].boot_s`; names of a union's members are left out."""
    path = ""
    for part in location:
        try:
            data = data[part]
        except (LookupError, TypeError):
            break
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".")
