"""
Fields that change what Compute Engine does, and that the emulator does not act on: refused with 501 and their path.

A field is named here with the values that mean what the emulator does anyway. tests/contract/test_refusals.py holds
every field of a group against this list and the list of those that are acted on.
"""

from collections.abc import Mapping
from typing import Any, Final

from emulator.api.errors import not_acted_on
from emulator.environment.store import Document

GROUP: Final[Mapping[str, tuple[Any, ...]]] = {
    "distributionPolicy.targetShape": ("EVEN",),
    "instanceFlexibilityPolicy.instanceSelections": (),
    "instanceLifecyclePolicy.onRepair.allowChangingZone": ("NO",),
    "resourcePolicies.workloadPolicy": (),
    "statefulPolicy.preservedState.externalIPs": (),
    "statefulPolicy.preservedState.internalIPs": (),
    "targetPools": (),
    "targetSizePolicy.mode": ("INDIVIDUAL", "UNSPECIFIED_MODE"),
}
AUTOSCALER: Final[Mapping[str, tuple[Any, ...]]] = {
    "autoscalingPolicy.scaleInControl": (),
    "autoscalingPolicy.scalingSchedules": (),
}
TEMPLATE: Final[Mapping[str, tuple[Any, ...]]] = {
    "sourceInstance": (),
    "sourceInstanceParams": (),
    "properties.scheduling.gracefulShutdown.enabled": (False,),
    "properties.scheduling.maxRunDuration": (),
    "properties.scheduling.provisioningModel": ("STANDARD", "SPOT"),
    "properties.scheduling.terminationTime": (),
}
HEALTH_CHECK: Final[Mapping[str, tuple[Any, ...]]] = {"sourceRegions": ()}


def check_acted_on(document: Document, fields: Mapping[str, tuple[Any, ...]]) -> None:
    """
    Refuse a document that sets a field which is not acted on; an empty value sets nothing.

    Raises:
        ApiError: 501 that names the field.
    """
    for path, meant_anyway in fields.items():
        value: Any = document
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value not in (None, "", [], {}) and value not in meant_anyway:
            raise not_acted_on(f"resource.{path}", value)
