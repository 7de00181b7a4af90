"""The fields in which the template of a release differs from its base, as a preview shows them: pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.documents.resource import Document, name_of
from deploy.release import record, template
from lib.redaction import redacted


@dataclass(frozen=True)
class Change:
    """
    A field that would differ.

    Args:
        field: path of the field; a line of a metadata entry is `KEY line 9`.
        before: value before; empty if the field is absent.
        after: value after; empty if the field is removed.
    """

    field: str
    before: str
    after: str


def template_changes(base: Document, body: Document) -> Iterator[Change]:
    """Yield each field of a new template that differs from its base, without secrets; entries line by line."""
    for field in ("name", "description"):
        if base.get(field, "") != body[field]:
            yield Change(field, base.get(field, ""), body[field])
    release = _release(body)
    entries = release.entries if release else ()
    before, after = (_readable(document, entries) for document in (base, body))
    for field in [*before, *(field for field in after if field not in before)]:
        if before.get(field, "") != after.get(field, ""):
            yield Change(field, redacted(before.get(field, "")), redacted(after.get(field, "")))
    for path in template.differences(base, body, entries):
        yield Change(path, "", "differs")


def _readable(document: Document, entries: Sequence[str]) -> dict[str, str]:
    """Return the lines of metadata entries and the members of the release record, each by its name."""
    metadata, release = template.metadata(document), _release(document)
    lines = {
        f"{key} line {number}": line.strip()
        for key in entries
        for number, line in enumerate(metadata.get(key, "").splitlines(), start=1)
    }
    members: dict[str, Any] = json.loads(release.dump()) if release else {}
    if release and release.steps:
        members["steps"] = release.steps
    if release and release.boot.reached():
        members["boot"] = " · ".join(f"{phase} {at_s:g} s" for phase, at_s in release.boot.reached())
    return lines | {f"metadata {record.RECORD_KEY}.{key}": _text(value) for key, value in members.items()}


def _release(document: Document) -> record.ReleaseRecord | None:
    return record.parse_record(template.metadata(document).get(record.RECORD_KEY, ""))


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return name_of(value["link"]) if isinstance(value, dict) else str(value or "")
