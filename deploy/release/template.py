"""
Instance templates as raw JSON: a lossless copy with another release, named by its content.

This module knows few fields of a template: every other field is copied unchanged.
"""

import copy
import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from deploy.documents.resource import Document, links_of, name_of, project_of
from deploy.errors import RefusedError
from deploy.release.image_places import ImagePlaces, entries_with_references, find_image, references
from deploy.release.record import RECORD_KEY, SCRIPT_ALONE, ReleaseRecord, parse_record
from lib.image_reference import Reference

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


def image_places(template: Document, repository: str, image_in: Sequence[str] = ()) -> ImagePlaces:
    """
    Return every place of the image in a template.

    Args:
        template: any template.
        repository: repository of the image, host and path.
        image_in: entries to search in an unmanaged template; a release has the entries of its record.

    Raises:
        RefusedError: `find_image` refuses the metadata.
    """
    record = release_record(template)
    return find_image(metadata(template), repository, record.entries if record else image_in)


def image_reference(template: Document, repository: str, image_in: Sequence[str] = ()) -> Reference | None:
    """Return the reference of `image_places`; None if the metadata is refused."""
    try:
        return image_places(template, repository, image_in).reference
    except RefusedError:
        return None


def image_entries(template: Document, repository: str, image_in: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the metadata entries of a template that hold the image, also where the metadata is refused."""
    record = release_record(template)
    return record.entries if record else entries_with_references(metadata(template), repository, image_in)


def release_record(template: Document) -> ReleaseRecord | None:
    """
    Return the release record of a template that `deploy` created; None for every other template.

    A record alone proves nothing, because a manual copy of a template has it too: the template's name must follow from
    its content and its project, and each reference in the record's entries must have the record's digest.
    """
    entries = metadata(template)
    record = parse_record(entries.get(RECORD_KEY, ""))
    if record is None:
        return None
    link = links_of(template)[0]
    project = project_of(link)
    # A copy is in the collection of its base: a global one, or that of a region.
    if link != f"{record.base.rpartition('/')[0]}/{content_name(project, record, entries)}":
        return None
    mentions = [
        mention for key in record.entries for mention in references(key, entries.get(key, ""), record.repository)
    ]
    return record if {mention.reference.digest for mention in mentions} == {record.digest} else None


def new_template(base: Document, record: ReleaseRecord, image_in: Sequence[str] = ()) -> Document:
    """
    Return the body of a new template: a copy of a base with the image and the record of a release.

    Args:
        base: template to copy.
        record: release record of the copy; its digest replaces the image's at each place, and its entries become those
            of the places.
        image_in: entries to search for the image; empty for all entries.

    Raises:
        RefusedError: the base can't be copied, or its metadata would become too large.
    """
    _refuse_uncopyable(base)
    body = _without_output(base)
    places = find_image(metadata(base), record.repository, image_in)
    record, after = replace(record, entries=places.entries), places.rewritten(metadata(base), record.digest)
    items = [item for item in body["properties"]["metadata"]["items"] if item["key"] != RECORD_KEY]
    body["properties"]["metadata"]["items"] = [
        *({**item, "value": after[item["key"]]} if item["key"] in places.mentions else item for item in items),
        {"key": RECORD_KEY, "value": record.dump()},
    ]
    body["name"] = content_name(project_of(record.base), record, after)
    body["description"] = f"Release {record.digest} of {record.repository}; a copy of {name_of(record.base)}."
    _refuse_oversize(body)
    return body


def content_name(project: str, record: ReleaseRecord, metadata: Mapping[str, str]) -> str:
    """
    Return the name of a release's template, with a hash of project, group, base id, digest, entries, steps and checks.

    The key of an entry is left out if it is the startup script alone, so that releases of earlier versions of `deploy`,
    which rewrote no other entry, keep their names. Steps and checks count: an adopted template has those of its deploy.
    """
    is_script_alone = record.entries == SCRIPT_ALONE
    texts = [text for key in record.entries for text in ([] if is_script_alone else [key]) + [metadata.get(key, "")]]
    steps = [f"{step.size} {step.bake_s:g} {step.pauses}" for step in record.steps]
    content = "\n".join((project, record.group, record.base_id, record.digest, *texts, *steps, *record.checks))
    content_hash = hashlib.sha256(content.encode()).hexdigest()[:12]
    stem = re.sub(r"-r-[0-9a-f]{12}$", "", name_of(record.base))[:48].rstrip("-")
    return f"{stem}-r-{content_hash}"


def differences(base: Document, other: Document, rewritten: Collection[str] = ()) -> list[str]:
    """
    Return the paths at which two templates differ; name, description and release record are not compared.

    Fields that only the server sets are not compared either.

    Args:
        base: a template.
        other: another template.
        rewritten: keys of metadata entries that are not compared.
    """
    ignored = (RECORD_KEY, *rewritten)
    return list(_differing(_comparable(base, ignored), _comparable(other, ignored), ""))


def _comparable(template: Document, ignored: Collection[str]) -> Document:
    body = _without_output(template)
    body.pop("name", None)
    body.pop("description", None)
    items = body["properties"].setdefault("metadata", {}).setdefault("items", [])
    kept = {item["key"]: item.get("value", "") for item in items if item["key"] not in ignored}
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
