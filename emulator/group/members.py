"""
A managed instance group at a moment: what it was told, the machines that it has, and what can be done to them; pure.

How it rolls is in `rolling`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from emulator.group.attempts import Attempt
from emulator.group.health import NEVER, Behaviour, Check, Tie
from emulator.group.instances import Machine, Version, begin

Action = Literal["NONE", "REFRESH", "RESTART", "REPLACE"]
ORDER: Final[tuple[Action, ...]] = ("NONE", "REFRESH", "RESTART", "REPLACE")
IN_PLACE: Final[Mapping[Action, str]] = {"REFRESH": "REFRESHING", "RESTART": "RESTARTING", "REPLACE": "RECREATING"}


@dataclass(frozen=True)
class Target:
    """One entry of `versions`, and how many machines it is to have."""

    version: Version
    size: int


@dataclass(frozen=True)
class Standby:
    """
    Suspended and stopped instances that a group holds beside its target size.

    Args:
        suspended: Target suspended size.
        stopped: Target stopped size.
        delay_s: Seconds from the creation of an instance until it is suspended or stopped.
        scales_out: Whether a group that grows takes instances from the pool first; SCALE_OUT_POOL.
        is_updated: Whether a rollout replaces outdated instances of the pool.
    """

    suspended: int = 0
    stopped: int = 0
    delay_s: float = 0.0
    scales_out: bool = False
    is_updated: bool = False

    @property
    def sizes(self) -> Mapping[str, int]:
        """Sizes by target status."""
        return {"SUSPENDED": self.suspended, "STOPPED": self.stopped}


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
        standby: Instances beside the target size.
        config: All-instances configuration as JSON; empty if there is none.
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
    standby: Standby = Standby()
    config: str = ""

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
        tie: Container behind a machine.
        difference: Least action that leads from one template to another.
        refusal: Code that the next creation fails with, for want of capacity or quota; empty if there is room.
        decide_s: From a change to the decision that follows it.
    """

    behaviour: Callable[[Machine], Behaviour]
    tie: Callable[[Machine], Tie | None]
    difference: Callable[[str, str], Action]
    refusal: Callable[[str], str]
    decide_s: float = 1.0


def disturb(group: Group, now_s: float, around: Surroundings) -> Group:
    """Let a group decide soon, because its settings or its machines were changed from outside."""
    return replace(group, at_s=now_s, decide_at_s=min(group.decide_at_s, now_s + around.decide_s))


def living(group: Group) -> list[Machine]:
    """Machines that are meant to run and not on their way out; target size plus surge is their limit."""
    return [machine for machine in group.machines if not machine.is_going and not machine.is_standby]


def pool(group: Group) -> list[Machine]:
    """Instances of the standby pool that are not on their way out."""
    return [machine for machine in group.machines if machine.is_standby and not machine.is_going]


def in_place(
    group: Group, names: set[str], settings: Settings, around: Surroundings, least: Action, most: Action
) -> Group:
    """Bring chosen machines to the target version where they are, at once; `applyUpdatesToInstances`."""
    version = settings.versions[-1]

    def apply(machine: Machine) -> Machine:
        if machine.name not in names or machine.is_going:
            return machine
        changed: Action = "NONE" if machine.config == settings.config else "REFRESH"
        needed = max(least, changed, difference(machine, version, around), key=ORDER.index)
        if machine.is_standby and needed != "NONE":
            needed = "REPLACE"
        if needed == "NONE" or ORDER.index(needed) > ORDER.index(most):
            return machine
        return replace(begin(machine, IN_PLACE[needed], group.at_s, version), config=settings.config)

    return replace(group, machines=tuple(apply(machine) for machine in group.machines))


def act(group: Group, names: set[str], action: str, settings: Settings) -> Group:
    """Start an action on chosen machines: DELETING, ABANDONING or RECREATING, the last to the target version."""
    is_anew = action == "RECREATING"

    def start(machine: Machine) -> Machine:
        if machine.name not in names or machine.is_going:
            return machine
        version, config = (settings.versions[-1], settings.config) if is_anew else (None, machine.config)
        return replace(begin(machine, action, group.at_s, version), config=config)

    return replace(group, machines=tuple(map(start, group.machines)))


def needs(group: Group, settings: Settings) -> dict[Version, int]:
    """Return how many machines each target version still lacks; negative where it has too many."""
    lacking = dict.fromkeys(settings.versions, 0)
    for target in settings.targets:
        lacking[target.version] += target.size
    for machine in living(group):
        if machine.intended in lacking:
            lacking[machine.intended] -= 1
    return lacking


def is_available(machine: Machine) -> bool:
    """Return whether a machine serves: RUNNING, and HEALTHY at least once if there is a check."""
    return machine.was_available and machine.status == "RUNNING" and not machine.is_going and not machine.is_standby


def surplus(group: Group, settings: Settings) -> list[Machine]:
    """Machines of no target version, and those of a version that has too many that serve least; the first go first."""
    extra = {version: -count for version, count in needs(group, settings).items()}
    found = []
    youngest_first = living(group)
    youngest_first.reverse()
    for machine in sorted(youngest_first, key=is_available):
        if machine.intended not in extra:
            found.append(machine)
        elif extra[machine.intended] > 0:
            extra[machine.intended] -= 1
            found.append(machine)
    return found


def outdated(group: Group, settings: Settings) -> list[Machine]:
    """Machines that are to be replaced: of no target version, or of one that has too many while another lacks some."""
    lacking = needs(group, settings)
    if any(count > 0 for count in lacking.values()):
        return surplus(group, settings)
    return [machine for machine in living(group) if machine.intended not in lacking]


def outdated_standby(group: Group, settings: Settings) -> list[Machine]:
    """Instances of the standby pool that a rollout replaces."""
    if not settings.standby.is_updated:
        return []
    return [instance for instance in pool(group) if instance.intended not in settings.versions]


def difference(machine: Machine, version: Version, around: Surroundings) -> Action:
    """Return the least action that brings a machine to a version."""
    return around.difference(machine.built or machine.intended.template, version.template)
