"""The metadata of templates, with the all-instances configuration of a group over it; differences of templates."""

import json
from typing import Final

from emulator.environment.guest_agents import read_entry
from emulator.environment.view import Document
from emulator.group.settings import UpdateAction

# Which properties of a template can be changed on a running instance, and how; all others need a new instance.
# Source: Compute Engine's documentation of minimalAction, as quoted in google-cloud-compute.
_REFRESHED: Final = {"metadata", "labels", "tags", "description"}
_RESTARTED: Final = {"machineType", "minCpuPlatform", "serviceAccounts", "scheduling", "shieldedInstanceConfig"}
_GUEST_ATTRIBUTES: Final = "enable-guest-attributes"


def with_config(properties: Document, config: str) -> Document:
    """Return a template's properties with an all-instances configuration over its metadata and labels."""
    if not config:
        return properties
    changes = json.loads(config)
    metadata = properties.get("metadata") or {}
    items = {item.get("key", ""): item for item in metadata.get("items") or []}
    items |= {key: {"key": key, "value": value} for key, value in changes.get("metadata", {}).items()}
    labels = {**(properties.get("labels") or {}), **changes.get("labels", {})}
    return {**properties, "metadata": {**metadata, "items": list(items.values())}, "labels": labels}


def metadata_text(template: Document, config: str) -> str:
    """Return what the programs of a template's instances read of their metadata, in one text."""
    items = with_config(template.get("properties", {}), config).get("metadata", {}).get("items") or []
    entries = {str(item.get("key", "")): str(item.get("value", "")) for item in items}
    return "\n".join(read_entry(key, entries) for key in entries)


def enables_guest_attributes(template: Document, config: str) -> bool:
    """Return whether the metadata of a template's instances enable guest attributes."""
    items = with_config(template.get("properties", {}), config).get("metadata", {}).get("items") or []
    return any(item.get("key") == _GUEST_ATTRIBUTES and str(item.get("value", "")).upper() == "TRUE" for item in items)


def needed_action(old: Document, new: Document) -> UpdateAction:
    """Return the least action that brings an instance of one template to another template."""
    before, after = ((template.get("properties") or {}) for template in (old, new))
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    if changed - _REFRESHED - _RESTARTED:
        return "REPLACE"
    return "RESTART" if changed & _RESTARTED else "REFRESH" if changed else "NONE"
