"""
How a managed instance group rolls: pure, from one moment to the next.

`advanced_group` computes the next moment at which something happens: instances advance, and a while after each change
the group decides which instances to create, replace and delete (`decision`). Between a change and the decision lies
the gap that real groups show: no action anywhere, and yet not stable.
"""

from collections.abc import Collection
from dataclasses import replace

from emulator.group.conditions import Conditions
from emulator.group.decision import decided
from emulator.group.health import NEVER
from emulator.group.instance_lifecycle import advanced_instance, due_at_s
from emulator.group.instances import Instance
from emulator.group.members import Group, count_change, missing_by_version, version_when_updated, with_instances
from emulator.group.settings import Settings

_MOST_ERRORS = 50


def next_s(group: Group, settings: Settings, conditions: Conditions) -> float:
    """Return when something happens next, or NEVER."""
    moments = (
        due_at_s(instance, settings.health_check, conditions.container(instance), group.at_s)
        for instance in group.instances
    )
    return min((group.decide_at_s, *moments))


def due_names(group: Group, settings: Settings, conditions: Conditions, now_s: float) -> set[str]:
    """Return the names of the instances that are due at a moment."""
    return {
        instance.name
        for instance in group.instances
        if due_at_s(instance, settings.health_check, conditions.container(instance), group.at_s) <= now_s
    }


def advanced_group(
    group: Group, settings: Settings, conditions: Conditions, now_s: float, due: Collection[str] | None = None
) -> Group:
    """
    Return a group after a moment: each instance that is due has changed, and the group has decided if it is time.

    Args:
        group: group before the moment
        settings: settings of the group
        conditions: conditions of the group
        now_s: the moment
        due: names of the instances that are due, if they are known
    """
    due = due_names(group, settings, conditions, now_s) if due is None else due
    advanced: dict[str, Instance | None] = {}
    recreated: set[str] = set()
    has_changed = False
    errors, lost = group.errors, group.lost
    for before in [instance for instance in group.instances if instance.name in due]:
        after = _advanced(before, settings, conditions, now_s)
        if after is not None and after.incarnation != before.incarnation:
            recreated.add(after.name)
        if after is not None and after.attempts != before.attempts:
            errors = (*errors, (after.name, after.attempts[-1], after.intended))[-_MOST_ERRORS:]
            if after.action == "CREATING_WITHOUT_RETRIES":
                after, lost = None, lost + 1
        if after is None or after.action != before.action or after.was_available != before.was_available:
            has_changed = True
        advanced[before.name] = after
    present = [advanced.get(instance.name, instance) for instance in group.instances]
    instances = tuple(instance for instance in present if instance is not None)
    moved = replace(group, at_s=now_s, instances=instances, errors=errors, lost=lost)
    moved = _with_recreated(moved, recreated, settings, conditions) if recreated else moved
    if has_changed:
        moved = replace(moved, decide_at_s=min(group.decide_at_s, now_s + conditions.decide_s))
    if group.decide_at_s <= now_s:
        moved = decided(replace(moved, decide_at_s=NEVER), settings, conditions)
    return moved


def _advanced(before: Instance, settings: Settings, conditions: Conditions, now_s: float) -> Instance | None:
    """Return an instance after the change that is due; None if it is deleted or abandoned."""
    is_created_now = before.stage == "requested" and not before.is_leaving
    error = conditions.creation_error(before) if is_created_now else None
    return advanced_instance(before, settings.health_check, conditions.container(before), now_s, error)


def _with_recreated(group: Group, names: set[str], settings: Settings, conditions: Conditions) -> Group:
    """Return a group whose recreated instances have a new profile, and their own version unless a repair updates it."""
    missing = missing_by_version(group, settings)
    changed: dict[str, Instance] = {}
    for before in group.instances:
        if before.name not in names:
            continue
        version = version_when_updated(before, missing, settings) if settings.updates_on_repair else before.intended
        if version != before.intended:
            count_change(before, version, missing)
        after = replace(before, intended=version, config=settings.config)
        changed[after.name] = replace(after, profile=conditions.profile(after))
    return with_instances(group, changed)
