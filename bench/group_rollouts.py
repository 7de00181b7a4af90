"""Rollouts by the emulator's state machine alone, for the benchmarks of the emulator and of scale."""

import time

from emulator.group.conditions import Conditions
from emulator.group.health import HealthCheck
from emulator.group.instances import Version
from emulator.group.members import Group, deciding_soon
from emulator.group.profile import Profile
from emulator.group.rollout import advanced_group, next_s
from emulator.group.settings import Settings, Target
from emulator.group.state import is_stable

OLD, NEW = (Version(f"projects/p/global/instanceTemplates/{name}") for name in ("old", "new"))
CONDITIONS = Conditions(
    profile=lambda instance: Profile(),
    container=lambda instance: None,
    difference=lambda old, new: "NONE" if old == new else "REPLACE",
    creation_error=lambda instance: None,
)


def group_settings(version: Version, size: int = 3) -> Settings:
    """Return the settings of a group with a single version, whose surge is a fifth of its size."""
    health_check = HealthCheck("projects/p/global/healthChecks/check", initial_delay_s=120)
    return Settings(
        "web", ("zone-a",), size, (Target(version, size),), surge=max(1, size // 5), health_check=health_check
    )


def settled_group(size: int = 3) -> Group:
    """Return a group that is stable on the old version."""
    return rolled(deciding_soon(Group(0.0), 0.0, CONDITIONS), group_settings(OLD, size))


def rolled(group: Group, settings: Settings) -> Group:
    """Return a group when it has become stable."""
    while not is_stable(group, settings):
        group = advanced_group(group, settings, CONDITIONS, next_s(group, settings, CONDITIONS))
    return group


def rollout_s(size: int) -> float:
    """Return the processor seconds of a rollout of a whole group."""
    group = settled_group(size)
    began_s = time.process_time()
    rolled(deciding_soon(group, group.at_s, CONDITIONS), group_settings(NEW, size))
    return time.process_time() - began_s
