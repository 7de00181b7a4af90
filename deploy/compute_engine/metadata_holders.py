"""
Reads the metadata of a project's templates, instances and groups, and its own.

That of its zones is not read, for the reason in docs/limits.md.

Project-wide metadata is in no instance's document, and an instance reads it beside its own. An aggregated list has the
rows of all zones and regions. A zone that cannot be reached gives its scope a warning with the code UNREACHABLE, or is
in `unreachables`; a scope without rows has NO_RESULTS_ON_PAGE. Source: Compute v1, `Project.commonInstanceMetadata`,
`InstanceAggregatedList` and `Warning`, read on 2026-11-27.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from deploy.compute_engine.client import Compute
from deploy.documents import validation
from deploy.documents.project_shapes import HolderPage, ProjectMetadataDocument
from deploy.documents.resource import Document
from deploy.release import template as templates
from deploy.release.image_uses import MetadataHolder

# One for each read below. Source: Compute Engine's reference, "IAM Permissions" of each method.
READ_PERMISSIONS: Final = (
    "compute.instanceGroupManagers.list",
    "compute.instanceTemplates.list",
    "compute.instances.list",
    "compute.projects.get",
)
_PROJECT: Final = validation.shape_check(ProjectMetadataDocument)
_EMPTY_SCOPE: Final = ("", "NO_RESULTS_ON_PAGE")
Holders = list[MetadataHolder]


def holder_reads(compute: Compute) -> tuple[Callable[[], Holders], ...]:
    """Return the reads of all metadata of a project, for a caller that makes them side by side."""
    return (
        partial(_read_project, compute),
        partial(_read, compute, "instanceTemplates", "template", templates.metadata),
        partial(_read, compute, "instances", "instance", _instance_metadata),
        partial(_read, compute, "instanceGroupManagers", "group", _group_metadata),
    )


def _read_project(compute: Compute) -> Holders:
    """
    Read the metadata that a project gives to all of its instances.

    Raises:
        CloudError: the project could not be read.
        NotAllowedError: the account may not read it.
    """
    document = compute.get("", check=_PROJECT)
    metadata = templates.metadata({"properties": {"metadata": document["commonInstanceMetadata"]}})
    return [MetadataHolder("metadata", "commonInstanceMetadata", compute.project, metadata)]


def _read(compute: Compute, collection: str, kind: str, metadata: Callable[[Document], dict[str, str]]) -> Holders:
    """
    Read one of the lists.

    Raises:
        CloudError: a page or a zone could not be read, so that the list would be incomplete.
        NotAllowedError: the account may not list them.
    """
    return [
        MetadataHolder(kind, document["name"], compute.project, metadata(document))
        for document in _documents(compute, collection)
    ]


def _documents(compute: Compute, collection: str) -> Iterator[Document]:
    for page in compute.pages(f"aggregated/{collection}", _check_page):
        for scope in page.get("items", {}).values():
            yield from scope.get(collection, [])


def _check_page(document: Document) -> None:
    """
    Check a page of such a list.

    Raises:
        ValueError: the answer is no such page, or lacks the rows of a zone.
    """
    validation.check_object(document)
    page = HolderPage.model_validate(document)
    warnings = {name: scope.warning.code for name, scope in page.items.items()} | {"the list": page.warning.code}
    missing = [f"{name} ({code})" for name, code in warnings.items() if code not in _EMPTY_SCOPE]
    missing += [f"{name} (unreachable)" for name in page.unreachables]
    if missing:
        raise ValueError(f"rows are missing: {', '.join(missing)[:200]}")


def _instance_metadata(instance: Document) -> dict[str, str]:
    return templates.metadata({"properties": instance})


def _group_metadata(group: Mapping[str, Any]) -> dict[str, str]:
    """Return the metadata that a group gives to all of its instances."""
    config = group.get("allInstancesConfig") or {}
    return dict((config.get("properties") or {}).get("metadata") or {})
