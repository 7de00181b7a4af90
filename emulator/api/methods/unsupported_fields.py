"""
Fields that Compute Engine acts on and the emulator does not: refused with 501 and their path.

Each field has the values that describe the emulator's behaviour and are accepted. tests/contract/test_refusals.py
compares every field of a group with this list and the list of supported fields.
"""

from collections.abc import Mapping
from typing import Any, Final

from emulator.api.errors import not_acted_on
from emulator.environment.view import Document

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
ADDRESS: Final[Mapping[str, tuple[Any, ...]]] = {
    "addressType": ("EXTERNAL",),
    "ipCollection": (),
    "ipVersion": ("IPV4",),
    "purpose": (),
    "subnetwork": (),
}
HEALTH_CHECK: Final[Mapping[str, tuple[Any, ...]]] = {"sourceRegions": ()}


def check_supported(document: Document, fields: Mapping[str, tuple[Any, ...]]) -> None:
    """
    Refuse a document that sets an unsupported field; an empty value sets nothing.

    Raises:
        ApiError: 501, if a field is unsupported; it names the field
    """
    for path, accepted in fields.items():
        value: Any = document
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value not in (None, "", [], {}) and value not in accepted:
            raise not_acted_on(f"resource.{path}", value)
