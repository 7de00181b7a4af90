"""Which IAM permission a method needs. Source: Compute Engine's reference, "IAM Permissions" of each method."""

from typing import Any, Final

_VERBS: Final = {
    "insert": "create",
    "patch": "update",
    "aggregatedList": "list",
    "wait": "get",
    "resize": "update",
    "recreateInstances": "update",
    "deleteInstances": "update",
    "abandonInstances": "update",
    "applyUpdatesToInstances": "update",
    "setInstanceTemplate": "update",
    "suspendInstances": "update",
    "stopInstances": "update",
    "resumeInstances": "update",
    "startInstances": "update",
    "setNamedPorts": "update",
    "listManagedInstances": "list",
    "listErrors": "get",
    "listPerInstanceConfigs": "list",
    "listInstances": "list",
}
_COLLECTIONS: Final = {
    "regionInstanceGroupManagers": "instanceGroupManagers",
    "regionInstanceTemplates": "instanceTemplates",
    "regionOperations": "regionOperations",
    "imageFamilyViews": "images",
}
_WHOLE: Final = {
    "images.getFromFamily": "compute.images.getFromFamily",
    "imageFamilyViews.get": "compute.images.getFromFamily",
}


def permission(method: str) -> str:
    """Return the permission that a method of Compute v1 needs, such as `compute.instanceTemplates.create`."""
    if method in _WHOLE:
        return _WHOLE[method]
    collection, _, verb = method.partition(".")
    return f"compute.{_COLLECTIONS.get(collection, collection)}.{_VERBS.get(verb, verb)}"


def tested(body: Any, denied: set[str]) -> dict[str, Any]:
    """Answer which of the permissions asked for are granted, as Cloud Resource Manager v1 does."""
    asked = body.get("permissions", []) if isinstance(body, dict) else []
    granted = [one for one in asked if isinstance(one, str) and one not in denied]
    return {"permissions": granted} if granted else {}
