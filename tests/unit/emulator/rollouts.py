"""A group without an emulator around it, moved from moment to moment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from emulator.environment.group_status import is_stable
from emulator.group.health import NEVER, Behaviour, Check, Tie
from emulator.group.instances import Machine, Version
from emulator.group.members import Group, Settings, Surroundings, Target, disturb
from emulator.group.rollout import next_s, step

OLD = Version("projects/p/global/instanceTemplates/old")
NEW = Version("projects/p/global/instanceTemplates/new")
CHECK = Check("projects/p/global/healthChecks/check", interval_s=5, initial_delay_s=120)


def settings(version: Version = OLD, size: int = 3, **more: object) -> Settings:
    """A zonal group that is all of one version."""
    told: dict[str, object] = {"targets": (Target(version, size),), "check": CHECK} | more
    return Settings("web", ("zone-a",), size, **told)  # type: ignore[arg-type]


@dataclass
class Rollout:
    """
    A group, and what it meets.

    Args:
        told: Its settings; may be replaced at any moment.
        behaviours: Of machines by their template's name.
        ties: Containers by template.
        difference: Between templates.
    """

    told: Settings = field(default_factory=settings)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    ties: dict[str, Tie] = field(default_factory=dict)
    difference: Callable[[str, str], str] = lambda old, new: "NONE" if old == new else "REPLACE"
    refusal: str = ""
    group: Group = field(default_factory=lambda: Group(0.0))

    @property
    def around(self) -> Surroundings:
        return Surroundings(
            lambda machine: self.behaviours.get(machine.intended.template.rpartition("/")[2], Behaviour()),
            lambda machine: self.ties.get(machine.built),
            self.difference,  # type: ignore[arg-type]
            lambda zone: self.refusal,
        )

    def tell(self, told: Settings) -> None:
        """Change the settings, as a patch does."""
        self.told = told
        self.group = disturb(self.group, self.group.at_s, self.around)

    def moments(self, until_s: float = NEVER, most: int = 5_000) -> Iterator[Group]:
        """Yield the group after each moment, until nothing is left to happen or a time has come."""
        for _ in range(most):
            at_s = next_s(self.group, self.told, self.around)
            if at_s == NEVER or at_s > until_s:
                return
            self.group = step(self.group, self.told, self.around, at_s)
            yield self.group

    def settle(self, within_s: float = 100_000) -> list[Group]:
        """Go on until the group is stable."""
        seen = []
        if not is_stable(self.group, self.told):
            for group in self.moments(self.group.at_s + within_s):
                seen.append(group)
                if is_stable(group, self.told):
                    break
        assert is_stable(self.group, self.told), [machine.action for machine in self.group.machines]
        return seen

    def versions(self) -> list[Version]:
        return [machine.intended for machine in self.group.machines]


def started(size: int = 3, **more: object) -> Rollout:
    """A group that has settled on the old version."""
    rollout = Rollout(settings(OLD, size, **more))
    rollout.tell(rollout.told)
    rollout.settle()
    return rollout


def available(group: Group) -> list[Machine]:
    """Machines that serve."""
    return [one for one in group.machines if one.was_available and one.status == "RUNNING" and not one.is_going]
