"""How many instances of a group have each action and each version: enough to tell how far its rollout is; pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from emulator.group.instances import Instance, Version
from emulator.group.settings import Settings


@dataclass
class Sums:
    """
    Sums over the instances of a group.

    Args:
        actions: number of instances by their current action
        living: number of instances that are to run and that the group keeps, by the version that they are to have
    """

    actions: Counter[str] = field(default_factory=Counter)
    living: Counter[Version] = field(default_factory=Counter)

    def add(self, instance: Instance, count: int = 1) -> None:
        """Add an instance; with a count of -1, remove it."""
        self.actions[instance.action] += count
        if not instance.is_leaving and not instance.is_standby:
            self.living[instance.intended] += count


def sums_of(instances: Iterable[Instance]) -> Sums:
    """Return the sums over instances."""
    sums = Sums()
    for instance in instances:
        sums.add(instance)
    return sums


def missing_of(living: Mapping[Version, int], settings: Settings) -> dict[Version, int]:
    """Return how many instances each target version lacks; negative where it has too many."""
    missing = dict.fromkeys(settings.versions, 0)
    for target in settings.targets:
        missing[target.version] += target.size
    return {version: count - living.get(version, 0) for version, count in missing.items()}


def has_outdated(living: Mapping[Version, int], settings: Settings) -> bool:
    """Return whether instances are of no target version, or too many of one while another lacks some."""
    counts = missing_of(living, settings)
    is_uneven = any(count > 0 for count in counts.values()) and any(count < 0 for count in counts.values())
    return is_uneven or any(count > 0 and version not in counts for version, count in living.items())
