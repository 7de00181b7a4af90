"""
Write compute.json from the descriptors and docstrings of google-cloud-compute.

    uv run --project emulator python -m emulator.api.schema.generate

A method is `VERB path`, its query and its body; a message is a map of fields. A field's type is `string`, `bool`,
`int32`, `int64`, `double`, `bytes`, an enum as `A|B`, or the name of a message; `[]` before it is a list, `{}` a map
with string keys, and `!` a field that only the server sets.
"""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from google.cloud import compute_v1
from google.cloud.compute_v1 import services

TARGET: Final = Path(__file__).with_name("compute.json")
# The collections that the emulator serves; of the others, only the names of the methods are kept.
SERVED: Final = (
    "addresses", "autoscalers", "backendServices", "firewalls", "globalAddresses", "globalForwardingRules",
    "globalOperations", "healthChecks", "imageFamilyViews", "images", "instanceGroupManagers", "instanceGroups",
    "instanceTemplates", "instances", "machineTypes", "networks", "projects", "regionAutoscalers",
    "regionBackendServices", "regionHealthChecks", "regionInstanceGroupManagers", "regionInstanceGroups",
    "regionInstanceTemplates", "regionOperations", "regions", "routers", "securityPolicies", "sslCertificates",
    "sslPolicies", "subnetworks", "targetHttpProxies", "targetHttpsProxies", "urlMaps", "zoneOperations", "zones",
)  # fmt: skip
_SCALARS: Final = {
    1: "double", 2: "double", 3: "int64", 4: "int64", 5: "int32", 8: "bool", 9: "string", 12: "bytes", 13: "int32",
}  # fmt: skip
_MESSAGE: Final = 11
_ENTRY: Final = re.compile(r"^    (\w+) \(", re.MULTILINE)


def generate() -> str:
    """Return the text of compute.json: one line per method and per message, so that a change reads well."""
    methods = dict(sorted(_methods()))
    messages: dict[str, dict[str, str]] = {}
    pending = [method["body"] for method in methods.values() if "body" in method]
    while pending:
        name = pending.pop()
        if name not in messages:
            messages[name] = dict(_fields(getattr(compute_v1, name)))
            pending += [
                match
                for kind in messages[name].values()
                for match in re.findall(r"[A-Z]\w+$", kind)
                if hasattr(compute_v1, match)
            ]
    parts = [
        f'"package": "google-cloud-compute {version("google-cloud-compute")}"',
        f'"methods": {_lines(methods)}',
        f'"messages": {_lines(dict(sorted(messages.items())))}',
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(entries: dict[str, Any]) -> str:
    return "{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items()) + "\n}"


def _methods() -> Iterator[tuple[str, dict[str, Any]]]:
    for service in pkgutil.iter_modules(services.__path__):
        transport = importlib.import_module(f"{services.__name__}.{service.name}.transports.rest_base")
        base = next(value for name, value in vars(transport).items() if re.fullmatch(r"_Base\w+RestTransport", name))
        collection = _camel(service.name)
        for name, call in vars(base).items():
            if not name.startswith("_Base"):
                continue
            verb = name.removeprefix("_Base")
            rule = call._get_http_options()[0]
            path = re.sub(r"{(\w+?)(=[^}]*)?}", lambda match: "{" + _camel(match[1]) + "}", rule["uri"])
            method: dict[str, Any] = {"http": f"{rule['method'].upper()} {path.removeprefix('/compute/v1/')}"}
            if collection in SERVED:
                method |= _request(collection, verb, rule)
            yield f"{collection}.{verb[0].lower()}{verb[1:]}", method


def _request(collection: str, verb: str, rule: dict[str, Any]) -> dict[str, Any]:
    client = getattr(compute_v1, f"{collection[0].upper()}{collection[1:]}Client")
    snake = re.sub(r"(?<!^)([A-Z])", r"_\1", verb).lower()
    request = _request_type(client, snake)
    in_path = set(re.findall(r"{(\w+?)(?:=[^}]*)?}", rule["uri"]))
    fields = {field.name: field for field in request.pb().DESCRIPTOR.fields}
    body = fields.pop(rule["body"]).message_type.name if "body" in rule else None
    query = {field.json_name: _type(field) for name, field in fields.items() if name not in in_path}
    return {"query": query} | ({"body": body} if body else {})


def _request_type(client: Any, snake: str) -> Any:
    annotations = getattr(client, f"{snake}_unary", getattr(client, snake)).__annotations__
    names = re.findall(r"\w+Request\b", str(annotations["request"]))
    return getattr(compute_v1, names[0])


def _fields(message: Any) -> Iterator[tuple[str, str]]:
    texts = _texts(message)
    for field in message.pb().DESCRIPTOR.fields:
        text = texts.get(field.name, "")
        read_only = "!" if re.match(r"\s*\[?output\s+only", text, re.IGNORECASE) else ""
        named = re.search(r"Check the\s+(\w+)\s+enum\s+for\s+the\s+list", text)
        enum = getattr(message, named[1], None) if named else None
        yield field.json_name, read_only + _type(field, "|".join(_values(enum)) if enum else "")


def _type(field: Any, values: str = "") -> str:
    if field.type == _MESSAGE:
        if field.message_type.GetOptions().map_entry:
            return "{}" + _type(field.message_type.fields_by_name["value"])
        return f"{'[]' if field.is_repeated else ''}{field.message_type.name}"
    return ("[]" if field.is_repeated else "") + (values or _SCALARS.get(field.type, "string"))


def _values(enum: Any) -> Iterator[str]:
    """Yield the values of an enum; values that another enum of the message has too are only in the docstring."""
    yield from (value for value in enum.__members__ if not value.startswith("UNDEFINED_"))
    additional = re.search(r"due to technical reasons:\n\n(.*?)\n\n", enum.__doc__ or "", re.DOTALL)
    yield from additional[1].split() if additional else ()


def _texts(message: Any) -> dict[str, str]:
    """Return the documentation of each field: everything between its line and the line of the next field."""
    parts = _ENTRY.split((message.__doc__ or "").partition("Attributes:")[2])
    return {name: text.partition("):")[2] for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _camel(snake: str) -> str:
    first, *rest = snake.split("_")
    return first + "".join(word.capitalize() for word in rest)


if __name__ == "__main__":
    TARGET.write_text(generate())
