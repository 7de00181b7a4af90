"""The fields of a live document that a seed may have: not output, not unknown, not refused by the emulator. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.api.methods.unsupported_fields import AUTOSCALER, GROUP, HEALTH_CHECK, TEMPLATE
from emulator.api.schema.check import fields_of
from emulator.seed_check import message_of
from emulator.seed_import.left_out import LeftOut

Document = dict[str, Any]
_REFUSED: Final[Mapping[str, Mapping[str, tuple[Any, ...]]]] = {
    "autoscalers": AUTOSCALER,
    "healthChecks": HEALTH_CHECK,
    "instanceGroupManagers": GROUP,
    "instanceTemplates": TEMPLATE,
}
# Fields that the server sets too, although the messages do not mark them.
_OUTPUT: Final = ("fingerprint", "labelFingerprint")
_REPEATED: Final = {"subnetworks": ("region",)}  # the seed's own region


def served(collection: str, document: Document) -> tuple[Document, list[LeftOut]]:
    """
    Return the body of a document's insert in the emulator, and what was left out of it.

    Args:
        collection: collection of the document
        document: document as Compute Engine returned it
    """
    where = f"{collection}.{document.get('name')}"
    left_out: list[LeftOut] = []
    kept = {key: value for key, value in document.items() if key not in _REPEATED.get(collection, ())}
    if collection == "instanceGroupManagers" and document.get("versions"):
        kept.pop("instanceTemplate", None)  # `versions` has it
    body = _known(message_of(collection), kept, where, left_out)
    for path, accepted in _REFUSED.get(collection, {}).items():
        if _remove(body, path.split("."), accepted):
            left_out.append(LeftOut(f"{where}.{path}", "the emulator does not serve it"))
    return body, left_out


def _known(kind: str, value: Any, where: str, left_out: list[LeftOut]) -> Any:
    """Return a value without output fields and unknown fields; of these only the unknown ones are noted."""
    if kind.startswith("[]") and isinstance(value, list):
        return [_known(kind[2:], member, f"{where}[{index}]", left_out) for index, member in enumerate(value)]
    fields = fields_of(kind)
    if fields is None or not isinstance(value, dict):
        return value
    return dict(_members(fields, value, where, left_out))


def _members(
    fields: Mapping[str, str], value: Document, where: str, left_out: list[LeftOut]
) -> Iterator[tuple[str, Any]]:
    for key, member in value.items():
        kind = fields.get(key)
        if key in _OUTPUT:
            continue
        if kind is None:
            left_out.append(LeftOut(f"{where}.{key}", "is no field of Compute v1 that the emulator knows"))
        elif member is not None and (not kind.startswith("!") or key == "namedPorts"):
            known = _known(kind.removeprefix("!"), member, f"{where}.{key}", left_out)
            if known not in ({}, []) or member in ({}, []):  # what had output fields alone is output too
                yield key, known


def _remove(body: Document, names: list[str], accepted: tuple[Any, ...]) -> bool:
    """Remove a field whose value is not accepted, and return whether it was there."""
    *parents, last = names
    for name in parents:
        body = body.get(name) or {}
    if body.get(last) in (None, "", [], {}) or body[last] in accepted:
        return False
    del body[last]
    return True
