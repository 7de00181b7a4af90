"""The state of a group in a few words: stable, version target reached, activity; pure."""

from typing import Final

from emulator.group.health import NEVER
from emulator.group.members import Group, outdated_standby
from emulator.group.settings import Settings
from emulator.group.sums import Sums, has_outdated, sums_of

_FURTHEST_FROM_DONE_FIRST: Final = (
    "CREATING", "RECREATING", "RESTARTING", "REFRESHING", "VERIFYING", "STARTING", "RESUMING", "STOPPING", "SUSPENDING",
    "DELETING",
)  # fmt: skip


def is_reached(group: Group, settings: Settings, sums: Sums | None = None) -> bool:
    """
    Return whether every instance that the group keeps is intended to have a target version, healthy or not.

    Args:
        group: group
        settings: settings of the group
        sums: sums over the group's instances, if they are known
    """
    sums = sums or sums_of(group.instances)
    return not has_outdated(sums.living, settings) and not outdated_standby(group, settings)


def is_stable(group: Group, settings: Settings, sums: Sums | None = None) -> bool:
    """Return whether no action runs and none is due; a group that keeps an old version is stable as well."""
    if group.decide_at_s != NEVER or len(group.instances) != settings.size + sum(settings.standby.sizes.values()):
        return False
    sums = sums or sums_of(group.instances)
    return sums.actions["NONE"] == len(group.instances)


def activity(group: Group, settings: Settings, sums: Sums | None = None) -> str:
    """Return the current action that is furthest from done, in lower case; else `stable` or `gap`."""
    sums = sums or sums_of(group.instances)
    for action in _FURTHEST_FROM_DONE_FIRST:
        if sums.actions[action]:
            return action.lower()
    return "stable" if is_stable(group, settings, sums) else "gap"
