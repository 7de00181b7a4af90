"""The IAM permission that each method needs. Source: Compute Engine's reference, "IAM Permissions" of each method."""

from typing import Final

_VERBS: Final = {
    "insert": "create",
    "patch": "update",
    "aggregatedList": "list",
    "wait": "get",
    "resize": "update",
    "createInstances": "update",
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
    "getHealth": "get",
    "addRule": "update",
    "patchRule": "update",
    "removeRule": "update",
}
_COLLECTIONS: Final = {
    "regionAutoscalers": "autoscalers",
    "regionInstanceGroupManagers": "instanceGroupManagers",
    "regionInstanceGroups": "instanceGroups",
    "regionInstanceTemplates": "instanceTemplates",
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
