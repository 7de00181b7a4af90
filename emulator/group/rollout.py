"""
How a managed instance group rolls: pure, from one moment to the next.

`step` takes a group to the next moment at which something happens: machines advance, and a while after each change the
group decides (`_decide`) which machines to add, replace and remove. Between a change and the decision lies the gap that
real groups show: no action anywhere, and yet not stable.

Chosen where Google does not say: a machine that is being deleted no longer counts against target size plus surge;
percentages are rounded half up; when a group shrinks, machines that are not available go first, then those that are
not up to date, then the youngest.
"""

from dataclasses import replace

from emulator.group.health import NEVER, Behaviour
from emulator.group.instance_names import instance_name
from emulator.group.instances import Machine, Version, advance, begin, due
from emulator.group.members import (
    IN_PLACE,
    ORDER,
    Action,
    Group,
    Settings,
    Surroundings,
    act,
    difference,
    is_available,
    living,
    needs,
    outdated,
    outdated_standby,
    pool,
    surplus,
)


def next_s(group: Group, settings: Settings, around: Surroundings) -> float:
    """Return when something will happen next, or NEVER."""
    moment = group.decide_at_s
    for machine in group.machines:
        moment = min(moment, due(machine, settings.check, around.tie(machine), group.at_s))
    return moment


def step(group: Group, settings: Settings, around: Surroundings, now_s: float) -> Group:
    """Take a group over one moment: every machine that is due advances, and then the group decides if it is time."""
    machines: list[Machine] = []
    changed = False
    errors, lost = group.errors, group.lost
    for before in group.machines:
        tie = around.tie(before)
        if due(before, settings.check, tie, group.at_s) > now_s:
            machines.append(before)
            continue
        wants_room = before.stage == "asked" and not before.is_going
        after = advance(before, settings.check, tie, now_s, around.refusal(before.zone) if wants_room else "")
        if after is not None and after.life != before.life:
            after = _reborn(after, settings, around)
        if after is not None and after.attempts != before.attempts:
            errors = (*errors, (after.name, after.attempts[-1], after.intended))[-50:]
            if after.action == "CREATING_WITHOUT_RETRIES":
                after, lost = None, lost + 1
        changed = (
            changed or after is None or after.action != before.action or before.was_available != after.was_available
        )
        machines += [after] if after is not None else []
    moved = replace(group, at_s=now_s, machines=tuple(machines), errors=errors, lost=lost)
    if changed:
        moved = replace(moved, decide_at_s=min(group.decide_at_s, now_s + around.decide_s))
    if group.decide_at_s <= now_s:
        moved = _decide(replace(moved, decide_at_s=NEVER), settings, around)
    return moved


def _decide(group: Group, settings: Settings, around: Surroundings) -> Group:
    while settings.proactive:
        updated = _update(group, settings, around)
        if updated == group:
            break
        group = updated
    if settings.proactive:
        leaving = {instance.name for instance in outdated_standby(group, settings)}
        group = act(group, leaving, "DELETING" if settings.substitutes else "RECREATING", settings)
    missing = settings.size - len(living(group))
    if missing > 0 and settings.standby.scales_out:
        group = _scale_out(group, missing)
        missing = settings.size - len(living(group))
    group = _add(group, settings, around, missing) if missing > 0 else _shrink(group, settings)
    group = _fill_pool(group, settings, around)
    return _look_again(group, settings, around)


def _look_again(group: Group, settings: Settings, around: Surroundings) -> Group:
    """A group that may update machines and can't, because all of them are needed, never calls itself stable."""
    idle = all(machine.action == "NONE" for machine in group.machines)
    blocked = settings.proactive and idle and _updatable(group, settings, around)
    return replace(group, decide_at_s=group.at_s + around.decide_s) if blocked else group


def _updatable(group: Group, settings: Settings, around: Surroundings) -> list[Machine]:
    """Machines that are not up to date, and that the policy allows to be changed."""
    return [one for one in outdated(group, settings) if _action(one, group, settings, around) != "NONE"]


def _update(group: Group, settings: Settings, around: Surroundings) -> Group:
    """One decision of a rolling update: replace what may be replaced now."""
    old = _updatable(group, settings, around)
    if not old:
        return group
    lacking = sum(count for count in needs(group, settings).values() if count > 0)
    if settings.substitutes:
        room = settings.size + settings.surge - len(living(group))
        replaced = [machine for machine in old if _action(machine, group, settings, around) == "REPLACE"]
        group = _add(group, settings, around, min(room, lacking, len(replaced)))
    for machine in sorted(old, key=is_available):
        action = _action(machine, group, settings, around)
        if is_available(machine) and _available(group) <= settings.size - settings.unavailable:
            continue
        if settings.substitutes and action == "REPLACE":
            group = act(group, {machine.name}, "DELETING", settings)
        else:
            group = _change(group, machine, IN_PLACE[action], _next_version(group, settings), settings.config)
    live = living(group)
    return _add(group, settings, around, settings.size - len(live)) if len(live) < settings.size else group


def _action(machine: Machine, group: Group, settings: Settings, around: Surroundings) -> Action:
    """Action that brings a machine up to date; NONE if the policy does not allow as much as it needs."""
    needed = max(settings.minimal, difference(machine, _next_version(group, settings), around), key=ORDER.index)
    return needed if ORDER.index(needed) <= ORDER.index(settings.most_disruptive) else "NONE"


def _next_version(group: Group, settings: Settings) -> Version:
    """The target version that lacks machines, or the last one, which takes the rest."""
    lacking = needs(group, settings)
    return next((version for version, count in lacking.items() if count > 0), settings.versions[-1])


def _scale_out(group: Group, count: int) -> Group:
    """Resume suspended instances and start stopped ones, in this order, the oldest first."""
    ready = [instance for instance in pool(group) if instance.is_ready]
    for instance in sorted(ready, key=lambda instance: instance.target != "SUSPENDED")[:count]:
        action = "RESUMING" if instance.target == "SUSPENDED" else "STARTING"
        group = _change(group, instance, action, instance.intended, instance.config)
    return group


def _fill_pool(group: Group, settings: Settings, around: Surroundings) -> Group:
    """Create the instances that the standby pool lacks, and delete the youngest of those that are too many."""
    for target, size in settings.standby.sizes.items():
        instances = [instance for instance in pool(group) if instance.target == target]
        group = act(group, {instance.name for instance in instances[size:]}, "DELETING", settings)
        group = _add(group, settings, around, size - len(instances), target)
    return group


def _add(group: Group, settings: Settings, around: Surroundings, count: int, target: str = "RUNNING") -> Group:
    for _ in range(count):
        name = instance_name(settings.base_name, group.made)
        zone = settings.zones[group.made % len(settings.zones)]
        made = Machine(
            name, zone, _next_version(group, settings), Behaviour(), group.at_s, stage_at_s=group.at_s,
            action="CREATING" if settings.retries or target != "RUNNING" else "CREATING_WITHOUT_RETRIES",
            target=target, config=settings.config, standby_from_s=group.at_s + settings.standby.delay_s,
        )  # fmt: skip
        made = replace(made, behaviour=around.behaviour(made))
        group = replace(group, machines=(*group.machines, made), made=group.made + 1)
    return group


def _shrink(group: Group, settings: Settings) -> Group:
    """Let machines go that are too many, as far as what serves stays enough; their versions matter while it rolls."""
    youngest_first = list(reversed(living(group)))
    leaving = surplus(group, settings) if settings.proactive else sorted(youngest_first, key=is_available)
    for machine in leaving:
        if len(living(group)) <= settings.size:
            break
        if not is_available(machine) or _available(group) > settings.size - settings.unavailable:
            group = act(group, {machine.name}, "DELETING", settings)
    return group


def _change(group: Group, machine: Machine, action: str, version: Version, config: str) -> Group:
    changed = replace(begin(machine, action, group.at_s, version), config=config)
    return replace(group, machines=tuple(changed if one.name == machine.name else one for one in group.machines))


def _reborn(machine: Machine, settings: Settings, around: Surroundings) -> Machine:
    """A recreated machine keeps its version unless the policy updates on repair, and draws its behaviour anew."""
    if settings.updates_on_repair:
        machine = replace(machine, intended=settings.versions[-1])
    machine = replace(machine, config=settings.config)
    return replace(machine, behaviour=around.behaviour(machine))


def _available(group: Group) -> int:
    return sum(map(is_available, group.machines))
