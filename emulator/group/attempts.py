"""Failed attempts to create or change an instance."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Attempt:
    """
    A failed attempt to create or change an instance.

    Args:
        at_s: virtual time of the failure
        code: error code, such as QUOTA_EXCEEDED
        action: current action of the instance at that time
        message: text beside the code
    """

    at_s: float
    code: str
    action: str
    message: str


def error_message(code: str, instance: str, zone: str) -> str:
    """Return the message that belongs to a code; the texts are similar to Compute Engine's, not the same."""
    if code.startswith("ZONE_RESOURCE_POOL_EXHAUSTED"):
        return (
            f"The zone '{zone}' does not have enough resources available to fulfill the request."
            " Try a different zone, or try again later."
        )
    if code == "QUOTA_EXCEEDED":
        return f"Quota 'INSTANCES' exceeded. Limit reached in region '{zone.rpartition('-')[0]}'."
    return f"Instance '{instance}' creation failed: {code}"
