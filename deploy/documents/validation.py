"""
Checks of Compute Engine's answers, before deploy reads any member of them.

An answer of status 200 may come from a proxy, or belong to another resource. An answer that fails its check counts as a
failed read, which is repeated, and never as the state of a group.
"""

from collections.abc import Callable
from typing import Any, Final

from pydantic import ValidationError

from deploy.documents import project_shapes, shapes
from deploy.documents.location import Location
from deploy.documents.resource import Document

Check = Callable[[Document], object]

_ROWS: Final[dict[str, type[shapes.Shape]]] = {
    "instanceTemplates": shapes.TemplateDocument,
    "autoscalers": shapes.AutoscalerDocument,
    "listManagedInstances": shapes.InstanceRow,
    "listErrors": shapes.ErrorRow,
    "healthChecks": shapes.HealthCheckDocument,
}


def check_object(document: Document) -> None:
    """
    Check that an answer is no error.

    Raises:
        ValueError: the answer is an error with status 200.
    """
    if "error" in document:
        raise ValueError(f"an error with status 200: {str(document['error'])[:200]}")


def group_check(name: str, location: Location) -> Check:
    """Return the check of a group's document, which must have this name and, if it names one, this location."""

    def check(document: Document) -> None:
        check_object(document)
        group = shapes.GroupDocument.model_validate(document)
        own_location = Location.of(document) or location
        if group.name != name or own_location != location:
            raise ValueError(f"another group: '{own_location.name}/{group.name}'")
        if location.kind == "region" and not group.distribution_policy.zones:
            raise ValueError("a regional group without zones")
        if not (document.get("versions") or group.instance_template):
            raise ValueError("a group without a version")

    return check


def resource_check(collection: str, name: str) -> Check:
    """Return the check of a resource's document, by the collection and the name or numeric id of the resource."""

    def check(document: Document) -> None:
        check_object(document)
        if name not in (document.get("name"), str(document.get("id", ""))):
            raise ValueError(f"not '{name}': {str(document.get('name'))[:63]}")
        _ROWS[collection].model_validate(document)

    return check


def operation_check(name: str = "") -> Check:
    """Return the check of an operation, which must have this name; of any operation if the name is empty."""

    def check(document: Document) -> None:
        operation = shapes.OperationDocument.model_validate(document)
        if name and operation.name != name:
            raise ValueError(f"another operation: '{operation.name[:63]}'")

    return check


def page_check(collection: str, member: str) -> Check:
    """Return the check of a page of a list, whose rows are in `member`; a page of an empty list has no such member."""
    shape = _ROWS[collection]

    def check(document: Document) -> None:
        check_object(document)
        rows = document.get(member, [])
        if not isinstance(rows, list):
            raise ValueError(f"{member}: not a list")
        for row in rows:
            shape.model_validate(row)
        if not isinstance(document.get("nextPageToken", ""), str):
            raise ValueError("nextPageToken: not a text")

    return check


def check_group_page(document: Document) -> None:
    """
    Check a page of all groups of a project.

    Raises:
        ValueError: the answer is no such page.
    """
    check_object(document)
    shapes.GroupPage.model_validate(document)


def check_region(document: Document) -> None:
    """
    Check a region's document with its quotas.

    Raises:
        ValueError: the answer is no such document.
    """
    check_object(document)
    project_shapes.RegionDocument.model_validate(document)


def shape_check(shape: type[shapes.Shape]) -> Check:
    """Return the check of a document by its shape alone."""

    def check(document: Document) -> None:
        check_object(document)
        shape.model_validate(document)

    return check


def granted_permissions(document: Any) -> set[str]:
    """
    Return the permissions in an answer of testIamPermissions.

    Raises:
        ValueError: the answer names no permission, which an account that may read the group always has.
    """
    return set(shapes.GrantedPermissions.model_validate(document).permissions)


def reason(error: ValueError) -> str:
    """Return why an answer failed its check, in a line."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".lstrip(".: ")
