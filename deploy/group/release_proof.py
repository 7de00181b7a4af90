"""Whether the release that a group has is proven, and may be gone back to: pure."""

from datetime import datetime

from deploy.documents.group_state import Group, Instance, Version
from deploy.group.health import is_on_one_version, is_settled
from deploy.group.version_name import parse_version_name
from deploy.release.record import Fallback


def unproven_reason(group: Group, now: datetime) -> str:
    """
    Return why a group's release is not proven; empty if it is.

    It is while it serves from every machine. Once its time is over it stays so as long as every machine is of it, most
    are healthy and none is being recreated: one that blinks, or is added, takes nothing from a release that has shown
    that it serves. On an empty group nothing is proven.

    Args:
        group: As it was read.
        now: UTC.
    """
    staying = [machine for machine in group.active_instances if machine.version]
    if not staying:
        return "no machine serves it"
    if is_settled(group):
        return ""
    if not is_on_one_version(group):
        return "it is not on every machine"
    said = parse_version_name(group.versions[0].name)
    if said and said.deadline_at > now:
        return f"its rollout has time until {said.deadline_at:%Y-%m-%d %H:%M} UTC"
    recreated = [machine for machine in staying if machine.action == "RECREATING"]
    ill = [machine for machine in staying if machine.health != "HEALTHY"]
    return _told(recreated or ill) if recreated or 2 * len(ill) >= len(staying) else ""


def fallback_warnings(going_back: Fallback | None, before: Version, unproven_reason: str) -> tuple[str, ...]:
    """Warn where the way back of a release does not lead to what the group has now, and say what is in doubt of it."""
    if going_back is not None and going_back.version == before:
        return ()
    to = (
        f"it goes back to '{going_back.template}', not to" if going_back else "there is nothing to go back to, not even"
    )
    return (f"if this fails {to} '{before.template}', because {unproven_reason}",)


def _told(machines: list[Instance]) -> str:
    return ", ".join(
        f"{one.name} is {one.action if one.action != 'NONE' else one.health or one.status or 'unknown'}"
        for one in machines
    )
