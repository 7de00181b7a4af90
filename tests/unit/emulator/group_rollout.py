"""A group without an emulator around it, which a test moves from moment to moment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from emulator.environment.group_status import current_actions
from emulator.group.attempts import CreationError
from emulator.group.conditions import Conditions
from emulator.group.health import NEVER, ContainerHealth, HealthCheck
from emulator.group.instances import Instance, Version, is_available
from emulator.group.members import Group, deciding_soon
from emulator.group.profile import Profile
from emulator.group.rollout import advanced_group, next_s
from emulator.group.settings import Settings, Target
from emulator.group.state import is_reached, is_stable

OLD = Version("projects/p/global/instanceTemplates/old")
NEW = Version("projects/p/global/instanceTemplates/new")
ZONES = ("zone-a", "zone-b", "zone-c")
HEALTH_CHECK = HealthCheck("projects/p/global/healthChecks/check", interval_s=5, initial_delay_s=120)


def settings(version: Version = OLD, size: int = 3, **more: object) -> Settings:
    """Return the settings of a group with a single version, in one zone or in `zones`."""
    fields: dict[str, object] = {"targets": (Target(version, size),), "health_check": HEALTH_CHECK} | more
    return Settings("web", size=size, **({"zones": ZONES[:1]} | fields))  # type: ignore[arg-type]


@dataclass
class GroupRollout:
    """
    A group and its conditions.

    Args:
        settings: settings of the group; `patch` replaces them
        profiles: profiles of new instances, by the name of their template
        containers: health of bound containers, by template
        difference: returns the least action that leads from one template to another
        creation_error: code that every creation fails with; empty: creations succeed
        group: group at the present moment
    """

    settings: Settings = field(default_factory=settings)
    profiles: dict[str, Profile] = field(default_factory=dict)
    containers: dict[str, ContainerHealth] = field(default_factory=dict)
    difference: Callable[[str, str], str] = lambda old, new: "NONE" if old == new else "REPLACE"
    creation_error: str = ""
    group: Group = field(default_factory=lambda: Group(0.0))

    @property
    def conditions(self) -> Conditions:
        """The conditions of the group."""
        return Conditions(
            lambda instance: self.profiles.get(instance.intended.template.rpartition("/")[2], Profile()),
            lambda instance: self.containers.get(instance.actual_template),
            self.difference,  # type: ignore[arg-type]
            lambda _: CreationError(self.creation_error, "no room") if self.creation_error else None,
        )

    def patch(self, changed: Settings) -> None:
        """Change the settings, as a patch does."""
        self.settings = changed
        self.group = deciding_soon(self.group, self.group.at_s, self.conditions)

    def moments(self, until_s: float = NEVER, most: int = 5_000) -> Iterator[Group]:
        """Yield the group after each moment, until no change is due or a time has come."""
        for _ in range(most):
            at_s = next_s(self.group, self.settings, self.conditions)
            if at_s == NEVER or at_s > until_s:
                return
            self.group = advanced_group(self.group, self.settings, self.conditions, at_s)
            yield self.group

    def settle(self, within_s: float = 100_000) -> list[Group]:
        """Advance until the group is stable; return the group after each moment."""
        groups = []
        if not is_stable(self.group, self.settings):
            for group in self.moments(self.group.at_s + within_s):
                groups.append(group)
                if is_stable(group, self.settings):
                    break
        assert is_stable(self.group, self.settings), [instance.action for instance in self.group.instances]
        return groups

    def versions(self) -> list[Version]:
        """Return the intended versions of all instances."""
        return [instance.intended for instance in self.group.instances]


def settled(size: int = 3, **more: object) -> GroupRollout:
    """Return a group that has settled on the old version."""
    rollout = GroupRollout(settings(OLD, size, **more))
    rollout.patch(rollout.settings)
    rollout.settle()
    return rollout


def available(group: Group) -> list[Instance]:
    """Return the instances that serve."""
    return [instance for instance in group.instances if is_available(instance)]


def flags(rollout: GroupRollout) -> tuple[bool, bool]:
    """Return isStable and isReached."""
    return is_stable(rollout.group, rollout.settings), is_reached(rollout.group, rollout.settings)


def acting(rollout: GroupRollout) -> dict[str, int]:
    """Return the counters of current actions that are not 0."""
    return {action: count for action, count in current_actions(rollout.group).items() if count}
