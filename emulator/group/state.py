"""The state of a group in a few words: stable, version target reached, phase; pure."""

from typing import Final

from emulator.group.health import NEVER
from emulator.group.members import Group, has_outdated, outdated_standby
from emulator.group.settings import Settings

_FURTHEST_FROM_DONE_FIRST: Final = (
    "CREATING", "RECREATING", "RESTARTING", "REFRESHING", "VERIFYING", "STARTING", "RESUMING", "STOPPING", "SUSPENDING",
    "DELETING",
)  # fmt: skip


def is_reached(group: Group, settings: Settings) -> bool:
    """Return whether every instance that the group keeps is intended to have a target version, healthy or not."""
    return not has_outdated(group, settings) and not outdated_standby(group, settings)


def is_stable(group: Group, settings: Settings) -> bool:
    """Return whether no action runs and none is due; a group that keeps an old version is stable as well."""
    return (
        group.decide_at_s == NEVER
        and len(group.instances) == settings.size + sum(settings.standby.sizes.values())
        and all(instance.action == "NONE" for instance in group.instances)
    )


def phase(group: Group, settings: Settings) -> str:
    """Return the current action that is furthest from done, in lower case; else `stable` or `gap`."""
    actions = {instance.action for instance in group.instances}
    for action in _FURTHEST_FROM_DONE_FIRST:
        if action in actions:
            return action.lower()
    return "stable" if is_stable(group, settings) else "gap"
