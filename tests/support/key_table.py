"""The keys of a YAML file that a pydantic model reads, by its JSON schema, for docs/reference.md."""

from typing import Any

from pydantic import BaseModel

from tests.support.reference import KEY_HEADS, table


def key_table(model: type[BaseModel]) -> str:
    """Return a table of the keys, in the order of the model; a key of a nested model has its path."""
    schema = model.model_json_schema()
    return table(KEY_HEADS, _rows(schema, schema.get("$defs", {}), ""))


def _rows(schema: dict[str, Any], definitions: dict[str, Any], parent: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for key, value in schema["properties"].items():
        path = f"{parent}{key}"
        if inner := _model(value, definitions):
            rows += _rows(inner, definitions, f"{path}.")
            continue
        default = "required" if key in schema.get("required", ()) else _shown(value.get("default"))
        rows.append((f"`{path}`", value.get("description", ""), _kind(value, definitions), default))
        if member := _model(value.get("items", {}), definitions):
            rows += _rows(member, definitions, f"{path}[].")
    return rows


def _model(value: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of the model that a value refers to, or may be left out of; None for another type."""
    value = next((choice for choice in value.get("anyOf", ()) if "$ref" in choice), value)
    model = definitions.get(value.get("$ref", "").rpartition("/")[2], {})
    return model if "properties" in model else None


def _shown(default: Any) -> str:
    return "" if default in (None, "", [], {}) else f"`{default}`"


def _kind(value: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Return the type of a value and its limits in words."""
    value = definitions.get(value.get("$ref", "").rpartition("/")[2], value)
    if "enum" in value or "const" in value:
        return " or ".join(f"`{choice}`" for choice in value.get("enum", [value.get("const")]))
    if "anyOf" in value:
        return " or ".join(kind for choice in value["anyOf"] if (kind := _kind(choice, definitions)) != "null")
    if value.get("type") == "array":
        kinds = [_kind(item, definitions) for item in value.get("prefixItems", [value.get("items", {})])]
        return f"list of {' and '.join(dict.fromkeys(kinds))}"
    if value.get("type") == "object":
        return _mapping(value, definitions)
    return f"{value.get('format', value['type'])}{_limits(value)}"


def _mapping(value: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Return the type of an object; that of its values where they have a type of their own."""
    [members] = value.get("patternProperties", {"": value.get("additionalProperties")}).values()
    return f"object of {_kind(members, definitions)}" if isinstance(members, dict) and members else "object"


def _limits(value: dict[str, Any]) -> str:
    least, most = value.get("minimum"), value.get("maximum", value.get("exclusiveMaximum"))
    return "" if least is None or most is None else f", {least:.10g} to {most:.10g}"
