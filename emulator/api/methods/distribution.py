"""The distribution policy of a regional group: its zones, which are chosen once, and the shape EVEN."""

from typing import Final

from emulator.api.calls import Call
from emulator.api.errors import invalid, not_found
from emulator.environment.links import canonical, name_of, self_link
from emulator.environment.location import location_of
from emulator.environment.view import Document

_DEFAULT_ZONES: Final = 3


def distribution(call: Call, policy: Document) -> Document:
    """
    Return the distribution policy of a new regional group; without zones it has three zones of its region, or all.

    Source: Compute Engine, "About regional MIGs", read on 2026-11-27; a recorded group of a region of four zones has
    three of them and the shape EVEN.

    Raises:
        ApiError: 400, if a zone is not in the region, or is named twice; 404, if there is no such region
    """
    region = call.view.get(call.scope)
    if region is None:
        raise not_found(call.scope)
    in_region = [canonical(link) for link in region["zones"]]
    zones = [canonical(entry.get("zone") or "", call.project) for entry in policy.get("zones") or []]
    for index, zone in enumerate(zones):
        if zone not in in_region or zone in zones[:index]:
            why = f"Must be another zone of the region '{name_of(call.scope)}'."
            raise invalid(f"resource.distributionPolicy.zones[{index}].zone", zone, why)
    chosen = zones or in_region[:_DEFAULT_ZONES]
    return {"targetShape": "EVEN", **policy, "zones": [{"zone": self_link(zone)} for zone in chosen]}


def with_kept_zones(path: str, before: Document, after: Document) -> Document:
    """
    Return a patched document with the zones that the group has.

    Source: terraform-provider-google creates a group again if its `distribution_policy_zones` change.

    Args:
        path: path of the group
        before: document before the patch
        after: patched document

    Raises:
        ApiError: 400, if the patch changes the zones of a regional group
    """
    location = location_of(path, before)
    if not location.is_regional:
        return after
    policy = {**before["distributionPolicy"], **(after.get("distributionPolicy") or {})}
    zones = [name_of(canonical(entry.get("zone") or "")) for entry in policy["zones"] or []]
    if sorted(zones) != sorted(location.zones):
        why = "The zones of a regional managed instance group cannot be changed."
        raise invalid("resource.distributionPolicy.zones", zones, why)
    return {**after, "distributionPolicy": {**policy, "zones": before["distributionPolicy"]["zones"]}}
