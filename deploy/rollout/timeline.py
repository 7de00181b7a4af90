"""When each machine of a rollout was what, as far as looks at the group tell; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from deploy.documents.group_state import Group, Instance, Version
from deploy.group import version_name
from deploy.rollout.result import Life, Phase

# What is reached in this order; a rollout of no machines, or one that fails, leaves some out.
MILESTONES: Final = (
    "template", "first machine running", "first healthy", "all healthy", "old gone", "settled", "baked", "failed",
    "went back",
)  # fmt: skip


@dataclass(frozen=True)
class Timeline:
    """
    What the looks until now have seen.

    Args:
        lives: Of each machine by its name, in the order of first sight.
        reached: Seconds at which each of MILESTONES was first reached.
    """

    lives: Mapping[str, Life] = field(default_factory=dict)
    reached: Mapping[str, float] = field(default_factory=dict)

    @property
    def machines(self) -> tuple[Life, ...]:
        """Everyone that was seen."""
        return tuple(self.lives.values())

    def add(self, group: Group, release: Version, at_s: float) -> "Timeline":
        """
        Add a look.

        Args:
            group: As it was read.
            release: Version that is being rolled out, or was.
            at_s: Seconds since the start of the rollout.
        """
        here = {machine.name: machine for machine in group.active_instances}
        lives = {name: life if name in here else _gone(life, at_s) for name, life in self.lives.items()}
        for name, machine in here.items():
            lives[name] = _life(machine, release, lives.get(name), at_s)
        # On the way back nothing of the release is reached any more.
        shown = _milestones(group, release) if group.versions == (release,) else []
        return replace(self, lives=lives).reach(at_s, *shown)

    def reach(self, at_s: float, *milestones: str) -> "Timeline":
        """Note that milestones are reached, those that were not before."""
        return replace(self, reached=dict.fromkeys(milestones, at_s) | dict(self.reached))

    def forget(self, *milestones: str) -> "Timeline":
        """Note that milestones were lost again."""
        return replace(self, reached={name: at_s for name, at_s in self.reached.items() if name not in milestones})

    def phases(self) -> tuple[Phase, ...]:
        """Return how long each milestone took since the one before."""
        phases, last_s = [], 0.0
        for name in MILESTONES:
            if name in self.reached:
                phases.append(Phase(name, max(self.reached[name] - last_s, 0.0)))
                last_s = max(last_s, self.reached[name])
        return tuple(phases)


def state(machine: Instance) -> str:
    """Return in one word what a machine does, or what it is."""
    if machine.action not in ("", "NONE"):
        return machine.action.lower()
    if machine.status != "RUNNING":
        return machine.status.lower() or "absent"
    return machine.health.lower() or "running"


def _life(machine: Instance, release: Version, before: Life | None, at_s: float) -> Life:
    now = state(machine)
    version = machine.version
    if before is None:
        said = version_name.parse_version_name(version.name) if version else None
        before = Life(
            name=machine.name,
            template=version.template if version else "",
            release=said.release if said else "",
            is_new=version == release,
            state=now,
            since_s=at_s,
            seen_s=at_s,
        )
    runs = machine.status == "RUNNING"
    return replace(
        before,
        state=now,
        since_s=before.since_s if before.state == now else at_s,
        running_s=at_s if before.running_s is None and runs else before.running_s,
        healthy_s=at_s if before.healthy_s is None and runs and machine.health == "HEALTHY" else before.healthy_s,
        gone_s=None,
    )


def _gone(life: Life, at_s: float) -> Life:
    return life if life.gone_s is not None else replace(life, state="gone", since_s=at_s, gone_s=at_s)


def _milestones(group: Group, release: Version) -> list[str]:
    """What a look shows to be so."""
    new = [machine for machine in group.active_instances if machine.version == release]
    running = [machine for machine in new if machine.status == "RUNNING"]
    healthy = [machine for machine in running if machine.health == "HEALTHY"]
    shown = {
        "first machine running": bool(running),
        "first healthy": bool(healthy),
        "all healthy": bool(healthy) and len(healthy) >= group.target_size,
        "old gone": len(new) == len(group.active_instances),
    }
    return [name for name, is_so in shown.items() if is_so]
