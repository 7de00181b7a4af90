"""
Write the JSON schema of seed files, from their model and from the messages of Compute v1.

    uv run --project emulator python -m emulator.seed_schema
"""

import json
from pathlib import Path
from typing import Any, Final

from emulator.api.schema.check import fields_of
from emulator.seed import ORDER, Seed
from emulator.seed_check import PLACES, message_of

TARGET: Final = Path(__file__).with_name("seeds") / "seed.schema.json"
_NUMBERS: Final[dict[str, dict[str, Any]]] = {
    "bool": {"type": "boolean"},
    "double": {"type": "number"},
    # Compute v1 takes whole numbers as numbers and as text.
    "int32": {"type": ["integer", "string"], "pattern": "^-?[0-9]{1,10}$"},
    "int64": {"type": ["integer", "string"], "pattern": "^-?[0-9]{1,20}$"},
}


def generate() -> str:
    """Return the text of the schema."""
    schema = Seed.model_json_schema()
    for field in schema["properties"].values():
        if "patternProperties" in field:  # pydantic leaves out that no other key is allowed
            field["additionalProperties"] = False
    messages: dict[str, Any] = {}
    collections = {collection: _resources(collection, messages) for collection in ORDER}
    schema["properties"]["resources"] |= {"properties": collections, "additionalProperties": False}
    schema["$defs"] |= dict(sorted(messages.items()))
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(head | schema, indent=1) + "\n"


def _resources(collection: str, messages: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a collection's bodies, and add the messages that they have."""
    message = message_of(collection)
    body = _message(message, messages)
    places = {key: {"type": "string"} for key in PLACES}
    properties = places | body["properties"]
    return {"type": "array", "items": {**body, "properties": properties, "required": ["name"]}}


def _message(message: str, messages: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a message without the fields that only the server sets."""
    fields = fields_of(message) or {}
    properties = {
        name: _value(kind.removeprefix("!"), messages)
        for name, kind in fields.items()
        if not kind.startswith("!") or name == "namedPorts"
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _value(kind: str, messages: dict[str, Any]) -> dict[str, Any]:
    if kind.startswith("[]"):
        return {"type": "array", "items": _value(kind[2:], messages)}
    if kind.startswith("{}"):
        return {"type": "object", "additionalProperties": _value(kind[2:], messages)}
    if fields_of(kind) is not None:
        if kind not in messages:
            messages[kind] = {}  # a message may contain itself
            messages[kind] = _message(kind, messages)
        return {"$ref": f"#/$defs/{kind}"}
    if "|" in kind:
        return {"enum": kind.split("|")}
    return _NUMBERS.get(kind, {"type": "string"})


if __name__ == "__main__":
    TARGET.write_text(generate())
