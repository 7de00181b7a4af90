"""
Instance templates as raw JSON: a lossless copy with another release, named by its content.

This module knows few fields of a template: every other field is copied unchanged.
"""

import copy
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from deploy.documents.resource import Document, links_of, name_of, project_of
from deploy.errors import RefusedError
from deploy.release.effective_reference import deciding_reference
from deploy.release.mentions import references, rewrite
from deploy.release.record import RECORD_KEY, ReleaseRecord, parse_record

_SCRIPT: Final = "startup-script"
# Output-only fields; sending them back is refused or ignored. Source: Airflow's copy operator strips this set; facts of
# google-cloud-compute 1.57.0.
_OUTPUT: Final = ("kind", "id", "creationTimestamp", "selfLink", "region", "sourceInstance", "sourceInstanceParams")
_OUTPUT_BELOW: Final[Mapping[str, tuple[str, ...]]] = {
    "metadata": ("kind", "fingerprint"),
    "tags": ("fingerprint",),
    "disks": ("kind", "index", "licenses"),
    "networkInterfaces": ("kind", "name", "fingerprint"),
    "accessConfigs": ("kind",),
    "sourceImageEncryptionKey": ("sha256",),
    "sourceSnapshotEncryptionKey": ("sha256",),
    "diskEncryptionKey": ("sha256",),
}
# Limits of metadata, in bytes. Source: Compute Engine, "Metadata limits".
_MAX_VALUE_BYTES: Final = 262_144
_MAX_METADATA_BYTES: Final = 512 * 1024


def metadata(template: Document) -> dict[str, str]:
    """Return the metadata of a template, by key."""
    items = ((template.get("properties") or {}).get("metadata") or {}).get("items") or []
    return {item["key"]: item.get("value", "") for item in items}


def script(template: Document) -> str:
    """
    Return the startup script of a template.

    Raises:
        RefusedError: the template has no startup script, or only the URL of one, which deploy does not change.
    """
    entries = metadata(template)
    name = template.get("name", "")
    if "startup-script-url" in entries:
        raise RefusedError(
            f"template '{name}': 'startup-script-url' points to a script outside the template.",
            "put the script itself into the metadata entry 'startup-script'",
        )
    if _SCRIPT not in entries:
        keys = ", ".join(sorted(entries)) or "none"
        raise RefusedError(f"template '{name}': no 'startup-script' in its metadata (keys: {keys}).", "add one")
    return entries[_SCRIPT]


def release_record(template: Document) -> ReleaseRecord | None:
    """
    Return the release record of a template that `deploy` created; None for every other template.

    A record alone proves nothing, because a manual copy of a template has it too: the template's name must follow from
    its content and its project, and its script must refer to the record's digest.
    """
    entries = metadata(template)
    record = parse_record(entries.get(RECORD_KEY, ""))
    if record is None:
        return None
    link, script = links_of(template)[0], entries.get(_SCRIPT, "")
    project = project_of(link)
    # A copy is in the collection of its base: a global one, or that of a region.
    if link != f"{record.base.rpartition('/')[0]}/{content_name(project, record, script)}":
        return None
    digests = [mention.reference.digest for mention in references(script, record.repository)]
    return record if digests == [record.digest] else None


def new_template(base: Document, record: ReleaseRecord) -> Document:
    """
    Return the body of a new template: a copy of a base with the image and the record of a release.

    Args:
        base: template to copy.
        record: release record of the copy; its digest replaces the image's in the script.

    Raises:
        RefusedError: the base can't be copied, or its metadata would become too large.
    """
    _refuse_uncopyable(base)
    body = _without_output(base)
    before = script(base)
    after = rewrite(before, deciding_reference(metadata(base), record.repository), record.digest)
    items = [item for item in body["properties"]["metadata"]["items"] if item["key"] != RECORD_KEY]
    body["properties"]["metadata"]["items"] = [
        *({**item, "value": after} if item["key"] == _SCRIPT else item for item in items),
        {"key": RECORD_KEY, "value": record.dump()},
    ]
    body["name"] = content_name(project_of(record.base), record, after)
    body["description"] = f"Release {record.digest} of {record.repository}; a copy of {name_of(record.base)}."
    _refuse_oversize(body)
    return body


def content_name(project: str, record: ReleaseRecord, script: str) -> str:
    """Return the name of a release's template, with a hash of project, group, base id, digest and script."""
    content = "\n".join((project, record.group, record.base_id, record.digest, script))
    content_hash = hashlib.sha256(content.encode()).hexdigest()[:12]
    stem = re.sub(r"-r-[0-9a-f]{12}$", "", name_of(record.base))[:48].rstrip("-")
    return f"{stem}-r-{content_hash}"


def differences(base: Document, other: Document) -> list[str]:
    """
    Return the paths at which two templates differ; name, description, script and release record are not compared.

    Fields that only the server sets are not compared either.
    """
    return list(_differing(_comparable(base), _comparable(other), ""))


def _comparable(template: Document) -> Document:
    body = _without_output(template)
    body.pop("name", None)
    body.pop("description", None)
    items = body["properties"].setdefault("metadata", {}).setdefault("items", [])
    kept = {item["key"]: item.get("value", "") for item in items if item["key"] not in (RECORD_KEY, _SCRIPT)}
    body["properties"]["metadata"]["items"] = kept
    return body


def _differing(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _differing(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, members in enumerate(zip(before, after, strict=True)):
            yield from _differing(*members, f"{path}[{index}]")
    elif before != after:
        yield path


def _without_output(template: Document) -> Document:
    body = {key: value for key, value in copy.deepcopy(template).items() if key not in _OUTPUT}
    _strip(body.get("properties") or {})
    return body


def _strip(value: Any) -> None:
    if isinstance(value, list):
        for member in value:
            _strip(member)
    elif isinstance(value, dict):
        for key, member in value.items():
            for item in member if isinstance(member, list) else [member]:
                if isinstance(item, dict):
                    for output in _OUTPUT_BELOW.get(key, ()):
                        item.pop(output, None)
            _strip(member)


def _refuse_uncopyable(base: Document) -> None:
    for path, value in _leaves(base.get("properties") or {}, "properties"):
        if path.endswith((".rawKey", ".rsaEncryptedKey")) or (path.endswith("EncryptionKey.sha256") and value):
            raise RefusedError(
                f"template '{base.get('name')}': {path}: a customer-supplied key is never read back.",
                "use a key of Cloud KMS, or deploy by hand",
            )
        if ".resourceManagerTags" in path:
            where = f"template '{base.get('name')}': {path}"
            raise RefusedError(f"{where}: tags of Resource Manager are input-only.", "bind them to the project")


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _leaves(member, f"{path}.{key}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _leaves(member, f"{path}[{index}]")
    else:
        yield path, value


def _refuse_oversize(body: Document) -> None:
    total = 0
    for item in body["properties"]["metadata"]["items"]:
        size = len(item.get("value", "").encode())
        total += size + len(item["key"].encode())
        if size > _MAX_VALUE_BYTES:
            fact = f"metadata '{item['key']}' has {size} bytes, at most {_MAX_VALUE_BYTES} are allowed"
            raise RefusedError(f"template '{body['name']}': {fact}.", "make it shorter")
    if total >= _MAX_METADATA_BYTES:
        raise RefusedError(
            f"template '{body['name']}': its metadata has {total} bytes, {_MAX_METADATA_BYTES} are too many.",
            "make it shorter",
        )
