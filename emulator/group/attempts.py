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
        zone: zone of the instance; empty if an earlier version of the emulator kept the attempt
    """

    at_s: float
    code: str
    action: str
    message: str
    zone: str = ""


@dataclass(frozen=True)
class CreationError:
    """
    Why an instance cannot be created.

    Args:
        code: error code, such as QUOTA_EXCEEDED
        message: text beside the code
    """

    code: str
    message: str


def quota_error(instance: str, metric: str, limit: float, region: str) -> CreationError:
    """
    Return the error of an instance for which a quota has no room.

    Source: errors of groups of GKE in public reports, such as "Instance 'gke-…' creation failed: Quota 'SSD_TOTAL_GB'
    exceeded. Limit: 250.0 in region us-central1."; read on 2026-11-27.
    """
    reason = f"Quota '{metric}' exceeded. Limit: {limit:.1f} in region {region}."
    return CreationError("QUOTA_EXCEEDED", f"Instance '{instance}' creation failed: {reason}")


def error_message(code: str, instance: str, zone: str) -> str:
    """Return the message that belongs to a code; the texts are similar to Compute Engine's, not the same."""
    if code.startswith("ZONE_RESOURCE_POOL_EXHAUSTED"):
        return (
            f"The zone '{zone}' does not have enough resources available to fulfill the request."
            " Try a different zone, or try again later."
        )
    return f"Instance '{instance}' creation failed: {code}"
