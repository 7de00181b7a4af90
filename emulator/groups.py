"""
How a managed instance group rolls: pure, from one moment to the next.

`step` takes a group to the next moment at which something happens: machines advance, and a while after each change the
group decides (`_decide`) which machines to add, replace and remove. Between a change and the decision lies the gap that
real groups show: no action anywhere, and yet not stable.

Chosen where Google does not say: a machine that is being deleted no longer counts against target size plus surge;
percentages are rounded half up; when a group shrinks, machines that are not available go first, then those that are
not up to date, then the youngest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final, Literal

from emulator.machines import (
    NEVER,
    Attempt,
    Behaviour,
    Check,
    Machine,
    Tie,
    Version,
    advance,
    begin,
    due,
)

Action = Literal["NONE", "REFRESH", "RESTART", "REPLACE"]
_ORDER: Final[tuple[Action, ...]] = ("NONE", "REFRESH", "RESTART", "REPLACE")
_IN_PLACE: Final[Mapping[Action, str]] = {"REFRESH": "REFRESHING", "RESTART": "RESTARTING", "REPLACE": "RECREATING"}


@dataclass(frozen=True)
class Target:
    """One entry of `versions`, and how many machines it is to have."""

    version: Version
    size: int


@dataclass(frozen=True)
class Settings:
    """
    What a group was told: its document, read and resolved.

    Args:
        base_name: Of its machines.
        zones: One, or those of a regional group.
        size: Target size.
        targets: Sizes add up to the target size; the last one takes the rest, and every new machine beyond them.
        proactive: False leaves existing machines alone.
        minimal: Least action on a machine that is not up to date.
        most_disruptive: A machine that needs more than this is left alone.
        surge: Machines above target size.
        unavailable: Machines below target size.
        substitutes: New names; False recreates machines under their names.
        check: Health check.
        updates_on_repair: A repaired machine gets the target version instead of its own.
        retries: False creates machines once, and lowers the target size when that fails.
    """

    base_name: str
    zones: tuple[str, ...]
    size: int
    targets: tuple[Target, ...]
    proactive: bool = True
    minimal: Action = "REPLACE"
    most_disruptive: Action = "REPLACE"
    surge: int = 1
    unavailable: int = 0
    substitutes: bool = True
    check: Check | None = None
    updates_on_repair: bool = False
    retries: bool = True

    @property
    def versions(self) -> tuple[Version, ...]:
        """Target versions."""
        return tuple(target.version for target in self.targets)


@dataclass(frozen=True)
class Group:
    """
    The machines of a group at a moment.

    Args:
        at_s: That moment.
        machines: In the order of their making.
        decide_at_s: When the group decides next; NEVER while nothing has changed.
        made: How many machines it ever had, which names them.
        errors: Failed attempts, newest last; `listErrors` shows them.
        lost: Machines whose only attempt failed since the target size was last lowered.
    """

    at_s: float
    machines: tuple[Machine, ...] = ()
    decide_at_s: float = NEVER
    made: int = 0
    errors: tuple[tuple[str, Attempt, Version], ...] = ()
    lost: int = 0


@dataclass(frozen=True)
class Surroundings:
    """
    What a group meets, and does not decide.

    Args:
        behaviour: Of a machine's new life.
        tie: Container behind machines of a template.
        difference: Least action that leads from one template to another.
        refusal: Code that the next creation fails with, for want of capacity or quota; empty if there is room.
        decide_s: From a change to the decision that follows it.
    """

    behaviour: Callable[[Machine], Behaviour]
    tie: Callable[[str], Tie | None]
    difference: Callable[[str, str], Action]
    refusal: Callable[[str], str]
    decide_s: float = 1.0


def next_s(group: Group, settings: Settings, around: Surroundings) -> float:
    """Return when something will happen next, or NEVER."""
    moment = group.decide_at_s
    for machine in group.machines:
        moment = min(moment, due(machine, settings.check, around.tie(machine.built), group.at_s))
    return moment


def step(group: Group, settings: Settings, around: Surroundings, now_s: float) -> Group:
    """Take a group over one moment: every machine that is due advances, and then the group decides if it is time."""
    machines: list[Machine] = []
    changed = False
    errors, lost = group.errors, group.lost
    for before in group.machines:
        tie = around.tie(before.built)
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


def disturb(group: Group, now_s: float, around: Surroundings) -> Group:
    """Let a group decide soon, because its settings or its machines were changed from outside."""
    return replace(group, at_s=now_s, decide_at_s=min(group.decide_at_s, now_s + around.decide_s))


def living(group: Group) -> list[Machine]:
    """Machines that are not on their way out; target size plus surge is their limit."""
    return [machine for machine in group.machines if not machine.is_going]


def in_place(
    group: Group, names: set[str], settings: Settings, around: Surroundings, least: Action, most: Action
) -> Group:
    """Bring chosen machines to the target version where they are, at once; `applyUpdatesToInstances`."""
    version = settings.versions[-1]

    def apply(machine: Machine) -> Machine:
        if machine.name not in names or machine.is_going:
            return machine
        needed = max(least, _difference(machine, version, around), key=_ORDER.index)
        if needed == "NONE" or _ORDER.index(needed) > _ORDER.index(most):
            return machine
        return begin(machine, _IN_PLACE[needed], group.at_s, version)

    return replace(group, machines=tuple(apply(machine) for machine in group.machines))


def act(group: Group, names: set[str], action: str, settings: Settings) -> Group:
    """Start an action on chosen machines: DELETING, ABANDONING or RECREATING, the last to the target version."""
    version = settings.versions[-1] if action == "RECREATING" else None
    return replace(
        group,
        machines=tuple(
            begin(machine, action, group.at_s, version) if machine.name in names and not machine.is_going else machine
            for machine in group.machines
        ),
    )


def needs(group: Group, settings: Settings) -> dict[Version, int]:
    """Return how many machines each target version still lacks; negative where it has too many."""
    lacking = dict.fromkeys(settings.versions, 0)
    for target in settings.targets:
        lacking[target.version] += target.size
    for machine in living(group):
        if machine.intended in lacking:
            lacking[machine.intended] -= 1
    return lacking


def outdated(group: Group, settings: Settings) -> list[Machine]:
    """Machines that are to be replaced: of no target version, or of one that has too many while another lacks some."""
    lacking = needs(group, settings)
    wanted = any(count > 0 for count in lacking.values())
    extra = {version: -count for version, count in lacking.items() if count < 0 and wanted}
    found = []
    for machine in reversed(living(group)):
        if machine.intended not in lacking:
            found.append(machine)
        elif extra.get(machine.intended, 0) > 0:
            extra[machine.intended] -= 1
            found.append(machine)
    return found[::-1]


def _decide(group: Group, settings: Settings, around: Surroundings) -> Group:
    while settings.proactive:
        updated = _update(group, settings, around)
        if updated == group:
            break
        group = updated
    live = living(group)
    if len(live) < settings.size:
        group = _add(group, settings, around, settings.size - len(live))
    allowed = settings.size + (settings.surge if settings.proactive and outdated(group, settings) else 0)
    if len(live) > allowed:
        group = _shrink(group, settings, len(live) - allowed)
    return group


def _update(group: Group, settings: Settings, around: Surroundings) -> Group:
    """One decision of a rolling update: replace what may be replaced now."""
    old = [machine for machine in outdated(group, settings) if _action(machine, group, settings, around) != "NONE"]
    if not old:
        return group
    lacking = sum(count for count in needs(group, settings).values() if count > 0)
    if settings.substitutes:
        room = settings.size + settings.surge - len(living(group))
        replaced = [machine for machine in old if _action(machine, group, settings, around) == "REPLACE"]
        group = _add(group, settings, around, min(room, lacking, len(replaced)))
    for machine in sorted(old, key=_is_available):
        action = _action(machine, group, settings, around)
        if _is_available(machine) and _available(group) <= settings.size - settings.unavailable:
            continue
        if settings.substitutes and action == "REPLACE":
            group = act(group, {machine.name}, "DELETING", settings)
        else:
            group = _change(group, machine, _IN_PLACE[action], _next_version(group, settings))
    live = living(group)
    return _add(group, settings, around, settings.size - len(live)) if len(live) < settings.size else group


def _action(machine: Machine, group: Group, settings: Settings, around: Surroundings) -> Action:
    """Action that brings a machine up to date; NONE if the policy does not allow as much as it needs."""
    needed = max(settings.minimal, _difference(machine, _next_version(group, settings), around), key=_ORDER.index)
    return needed if _ORDER.index(needed) <= _ORDER.index(settings.most_disruptive) else "NONE"


def _difference(machine: Machine, version: Version, around: Surroundings) -> Action:
    return around.difference(machine.built or machine.intended.template, version.template)


def _next_version(group: Group, settings: Settings) -> Version:
    """The target version that lacks machines, or the last one, which takes the rest."""
    lacking = needs(group, settings)
    return next((version for version, count in lacking.items() if count > 0), settings.versions[-1])


def _add(group: Group, settings: Settings, around: Surroundings, count: int) -> Group:
    for _ in range(count):
        name = f"{settings.base_name}-{_suffix(settings.base_name, group.made)}"
        zone = settings.zones[group.made % len(settings.zones)]
        made = Machine(
            name, zone, _next_version(group, settings), Behaviour(), group.at_s, stage_at_s=group.at_s,
            action="CREATING" if settings.retries else "CREATING_WITHOUT_RETRIES",
        )  # fmt: skip
        made = replace(made, behaviour=around.behaviour(made))
        group = replace(group, machines=(*group.machines, made), made=group.made + 1)
    return group


def _shrink(group: Group, settings: Settings, count: int) -> Group:
    old = {machine.name for machine in outdated(group, settings)}
    order = {machine.name: index for index, machine in enumerate(group.machines)}
    leaving = sorted(
        living(group),
        key=lambda machine: (_is_available(machine), machine.name not in old, -order[machine.name]),
    )
    return act(group, {machine.name for machine in leaving[:count]}, "DELETING", settings)


def _change(group: Group, machine: Machine, action: str, version: Version) -> Group:
    changed = begin(machine, action, group.at_s, version)
    return replace(group, machines=tuple(changed if one.name == machine.name else one for one in group.machines))


def _reborn(machine: Machine, settings: Settings, around: Surroundings) -> Machine:
    """A recreated machine keeps its version unless the policy updates on repair, and draws its behaviour anew."""
    if settings.updates_on_repair:
        machine = replace(machine, intended=settings.versions[-1])
    return replace(machine, behaviour=around.behaviour(machine))


def _is_available(machine: Machine) -> bool:
    return machine.was_available and machine.status == "RUNNING" and not machine.is_going


def _available(group: Group) -> int:
    return sum(map(_is_available, group.machines))


def _suffix(base_name: str, number: int) -> str:
    """Four letters or digits, as real machines have; the same trace gives the same names."""
    alphabet = "0123456789bcdfghjklmnpqrstvwxz"
    digest = int.from_bytes(blake2b(f"{base_name}/{number}".encode(), digest_size=8).digest())
    return "".join(alphabet[digest // len(alphabet) ** place % len(alphabet)] for place in range(4))
