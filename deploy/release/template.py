"""
Instance templates as raw JSON: a lossless copy with another release in it, named by its content.

Nothing here knows the fields of a machine: what is not named below is copied as it is.
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
    """Return a template's metadata by key."""
    items = ((template.get("properties") or {}).get("metadata") or {}).get("items") or []
    return {item["key"]: item.get("value", "") for item in items}


def script(template: Document) -> str:
    """
    Return the startup script that a template carries.

    Raises:
        RefusedError: It has none, or refers to one elsewhere, which is not ours to change.
    """
    found = metadata(template)
    name = template.get("name", "")
    if "startup-script-url" in found:
        raise RefusedError(
            f"template '{name}': 'startup-script-url' points to a script outside the template.",
            "put the script itself into the metadata entry 'startup-script'",
        )
    if _SCRIPT not in found:
        keys = ", ".join(sorted(found)) or "none"
        raise RefusedError(f"template '{name}': no 'startup-script' in its metadata (keys: {keys}).", "add one")
    return found[_SCRIPT]


def release_record(template: Document) -> ReleaseRecord | None:
    """
    Return the release record of a template that `deploy` created; None for every other template.

    A record alone proves nothing, because it is copied with its template: the template's link must be the one that its
    content leads to, project included, and its script must refer to the record's digest.
    """
    found = metadata(template)
    record = parse_record(found.get(RECORD_KEY, ""))
    if record is None:
        return None
    link, script = links_of(template)[0], found.get(_SCRIPT, "")
    project = project_of(link)
    if link != f"projects/{project}/global/instanceTemplates/{content_name(project, record, script)}":
        return None
    digests = [mention.reference.digest for mention in references(script, record.repository)]
    return record if digests == [record.digest] else None


def new_template(base: Document, repository: str, digest: str, release: ReleaseRecord) -> Document:
    """
    Return the body of a new template: a copy with another digest in its script, and the release's entry.

    Args:
        base: As it was read.
        repository: That the script refers to once.
        digest: To refer to.
        release: Entry to carry.

    Raises:
        RefusedError: The base can't be copied, or would become too large.
    """
    _refuse_uncopyable(base)
    body = _without_output(base)
    before = script(base)
    after = rewrite(before, deciding_reference(metadata(base), repository), digest)
    items = [item for item in body["properties"]["metadata"]["items"] if item["key"] != RECORD_KEY]
    body["properties"]["metadata"]["items"] = [
        *({**item, "value": after} if item["key"] == _SCRIPT else item for item in items),
        {"key": RECORD_KEY, "value": release.dump()},
    ]
    body["name"] = content_name(project_of(release.base), release, after)
    body["description"] = f"Release {digest} of {repository}; a copy of {name_of(release.base)}."
    _refuse_oversize(body)
    return body


def content_name(project: str, release: ReleaseRecord, rewritten: str) -> str:
    """Return a name by content: a hash of project, group, the base's id, the digest and the rewritten script."""
    content = "\n".join((project, release.group, release.base_id, release.digest, rewritten))
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    stem = re.sub(r"-r-[0-9a-f]{12}$", "", name_of(release.base))[:48].rstrip("-")
    return f"{stem}-r-{digest}"


def differences(base: Document, other: Document) -> list[str]:
    """
    Return the paths at which two templates differ, besides name, description, the script and the release's entry.

    Both may be as they were read; what only the server sets is left out of the comparison.
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
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differing(one, other, f"{path}[{index}]")
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
            for each in member if isinstance(member, list) else [member]:
                if isinstance(each, dict):
                    for output in _OUTPUT_BELOW.get(key, ()):
                        each.pop(output, None)
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
            said = f"metadata '{item['key']}' has {size} bytes, at most {_MAX_VALUE_BYTES} are allowed"
            raise RefusedError(f"template '{body['name']}': {said}.", "make it shorter")
    if total >= _MAX_METADATA_BYTES:
        raise RefusedError(
            f"template '{body['name']}': its metadata has {total} bytes, {_MAX_METADATA_BYTES} are too many.",
            "make it shorter",
        )
