"""
What Compute Engine's answers have to be, for a decision to rest on them: checked in one place, before anything is read.

An answer of status 200 may come from a proxy, or belong to another resource. One that is not what was asked for is a
failed read, which is repeated; it never counts as the state of a group.
"""

from collections.abc import Callable
from typing import Any, Final

from pydantic import ValidationError

from deploy.documents import shapes
from deploy.documents.group_state import Document, name_of

Check = Callable[[Document], object]

_ROWS: Final[dict[str, type[shapes.Shape]]] = {
    "instanceTemplates": shapes.Template,
    "autoscalers": shapes.Autoscaler,
    "listManagedInstances": shapes.Instance,
    "listErrors": shapes.ErrorRow,
    "healthChecks": shapes.HealthCheck,
}


def any_object(document: Document) -> None:
    """
    Check an answer of which nothing but its members is known.

    Raises:
        ValueError: It is an error with status 200.
    """
    if "error" in document:
        raise ValueError(f"an error with status 200: {str(document['error'])[:200]}")


def group_document(name: str, zone: str) -> Check:
    """Return the check of a group's own document: a group of another name or zone is none."""

    def check(document: Document) -> None:
        any_object(document)
        group = shapes.Group.model_validate(document)
        if group.name != name or name_of(group.zone or zone) != zone:
            raise ValueError(f"another group: '{name_of(group.zone)}/{group.name}'")
        if not (document.get("versions") or group.instance_template):
            raise ValueError("a group without a version")

    return check


def resource(collection: str, name: str) -> Check:
    """Return the check of a resource's own document, by its collection and its name or numeric id."""

    def check(document: Document) -> None:
        any_object(document)
        if name not in (document.get("name"), str(document.get("id", ""))):
            raise ValueError(f"not '{name}': {str(document.get('name'))[:63]}")
        _ROWS[collection].model_validate(document)

    return check


def operation(name: str = "") -> Check:
    """Return the check of an operation: of a write's answer, or of the one of that name."""

    def check(document: Document) -> None:
        found = shapes.Operation.model_validate(document)
        if name and found.name != name:
            raise ValueError(f"another operation: '{found.name[:63]}'")

    return check


def page(collection: str, member: str) -> Check:
    """Return the check of a page of a list: its rows are under `member`, which an empty list leaves out."""
    shape = _ROWS[collection]

    def check(document: Document) -> None:
        any_object(document)
        rows = document.get(member, [])
        if not isinstance(rows, list):
            raise ValueError(f"{member}: no list")
        for row in rows:
            shape.model_validate(row)
        if not isinstance(document.get("nextPageToken", ""), str):
            raise ValueError("nextPageToken is no text")

    return check


def group_page(document: Document) -> None:
    """
    Check a page of all groups of a project.

    Raises:
        ValueError: It is none.
    """
    any_object(document)
    shapes.GroupPage.model_validate(document)


def region(document: Document) -> None:
    """
    Check a region's document with its quotas.

    Raises:
        ValueError: It is none.
    """
    any_object(document)
    shapes.Region.model_validate(document)


def permissions(document: Any) -> set[str]:
    """
    Return what an answer of testIamPermissions grants.

    Raises:
        ValueError: It names no permission: that of somebody who may read the group does.
    """
    return set(shapes.Permissions.model_validate(document).permissions)


def reason(error: ValueError) -> str:
    """Return why an answer is not what was asked for, in a line."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".lstrip(".: ")
