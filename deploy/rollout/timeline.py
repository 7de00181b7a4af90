"""When each instance of a rollout was in which state, as the polls of the group show it; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from deploy.documents.group_state import Group, Instance, Version
from deploy.group import version_name
from deploy.group.boot_phases import Boot
from deploy.rollout.result import InstanceTimes, Phase

# In the order in which a rollout reaches them; one without instances, or one that fails, leaves some out. Its steps are
# between the first healthy instance and the last one.
FIRST_MILESTONES: Final = ("template", "first instance running", "first healthy")
LAST_MILESTONES: Final = ("all healthy", "old deleted", "settled", "baked", "failed", "rolled back")


InstanceKey = tuple[str, Version | None]


@dataclass(frozen=True)
class Timeline:
    """
    What the polls until now have shown.

    Args:
        times: times of each instance, in the order of the polls, by its name and version: by RECREATE, a new instance
            has the name of an old one.
        reached: seconds at which each milestone was first reached: those above, and the end of each step.
    """

    times: Mapping[InstanceKey, InstanceTimes] = field(default_factory=dict)
    reached: Mapping[str, float] = field(default_factory=dict)

    @property
    def instances(self) -> tuple[InstanceTimes, ...]:
        """Times of every instance that a poll showed."""
        return tuple(self.times.values())

    def add(self, group: Group, release: Version, at_s: float) -> "Timeline":
        """
        Add a poll.

        Args:
            group: the group as the poll returned it.
            release: version that is rolled out, or was.
            at_s: seconds since the start of the rollout.
        """
        present = {self._key(instance): instance for instance in group.active_instances}
        times = {key: old if key in present else _deleted(old, at_s) for key, old in self.times.items()}
        for key, instance in present.items():
            times[key] = _times(instance, release, times.get(key), at_s)
        # A rollback reaches no milestone of the release.
        milestones = _milestones(group, release) if release in group.versions else []
        return replace(self, times=times).reach(at_s, *milestones)

    def add_boots(self, boots: Mapping[str, Boot], at_s: float) -> "Timeline":
        """
        Add what instances of the release have written of their boots.

        Args:
            boots: boots by the name of the instance.
            at_s: seconds from the start of the rollout to the poll that has just been added.
        """
        times = {
            key: replace(old, boot=boots[old.name].times.later(old.running_s, at_s))
            if old.is_new and old.name in boots and old.running_s is not None
            else old
            for key, old in self.times.items()
        }
        return replace(self, times=times)

    def _key(self, instance: Instance) -> InstanceKey:
        """Return the key of an instance; one without a version is being deleted, and keeps the key that it had."""
        keys = [key for key, times in self.times.items() if key[0] == instance.name and times.deleted_s is None]
        return keys[-1] if keys and instance.version is None else (instance.name, instance.version)

    def reach(self, at_s: float, *milestones: str) -> "Timeline":
        """Record that milestones are reached, those that were not reached before."""
        return replace(self, reached=dict.fromkeys(milestones, at_s) | dict(self.reached))

    def remove(self, *milestones: str) -> "Timeline":
        """Record that milestones were lost again."""
        return replace(self, reached={name: at_s for name, at_s in self.reached.items() if name not in milestones})

    def phases(self) -> tuple[Phase, ...]:
        """Return how long each milestone took since the milestone before."""
        phases, last_s = [], 0.0
        fixed = {*FIRST_MILESTONES, *LAST_MILESTONES}
        steps = sorted((name for name in self.reached if name not in fixed), key=self.reached.__getitem__)
        for name in (*FIRST_MILESTONES, *steps, *LAST_MILESTONES):
            if name in self.reached:
                phases.append(Phase(name, max(self.reached[name] - last_s, 0.0)))
                last_s = max(last_s, self.reached[name])
        return tuple(phases)


def state(instance: Instance) -> str:
    """Return in one word what an instance is doing, or its state."""
    if instance.action not in ("", "NONE"):
        return instance.action.lower()
    if instance.status != "RUNNING":
        return instance.status.lower() or "absent"
    return instance.health.lower() or "running"


def _times(instance: Instance, release: Version, before: InstanceTimes | None, at_s: float) -> InstanceTimes:
    current, version = state(instance), instance.version
    if before is None:
        parsed_name = version_name.parse_version_name(version.name) if version else None
        before = InstanceTimes(
            name=instance.name,
            template=version.template if version else "",
            release=parsed_name.release if parsed_name else "",
            is_new=version == release,
            state=current,
            since_s=at_s,
            first_poll_s=at_s,
        )
    is_running = instance.status == "RUNNING"
    is_healthy = is_running and instance.health == "HEALTHY"
    return replace(
        before,
        state=current,
        since_s=before.since_s if before.state == current else at_s,
        running_s=at_s if before.running_s is None and is_running else before.running_s,
        healthy_s=at_s if before.healthy_s is None and is_healthy else before.healthy_s,
        deleted_s=None,
    )


def _deleted(times: InstanceTimes, at_s: float) -> InstanceTimes:
    return times if times.deleted_s is not None else replace(times, state="deleted", since_s=at_s, deleted_s=at_s)


def _milestones(group: Group, release: Version) -> list[str]:
    """Return the milestones that a group shows as reached."""
    new = [instance for instance in group.active_instances if instance.version == release]
    running = [instance for instance in new if instance.status == "RUNNING"]
    healthy = [instance for instance in running if instance.health == "HEALTHY"]
    is_reached = {
        "first instance running": bool(running),
        "first healthy": bool(healthy),
        "all healthy": bool(healthy) and len(healthy) >= group.target_size,
        "old deleted": len(new) == len(group.active_instances),
    }
    return [name for name, is_true in is_reached.items() if is_true]
