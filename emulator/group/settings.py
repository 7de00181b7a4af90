"""What a group's document asks for, resolved for the rollout: target versions, update policy, standby pool."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from emulator.group.health import HealthCheck
from emulator.group.instances import Version

UpdateAction = Literal["NONE", "REFRESH", "RESTART", "REPLACE"]
UPDATE_ACTIONS: Final[tuple[UpdateAction, ...]] = ("NONE", "REFRESH", "RESTART", "REPLACE")  # least disruptive first


def most_disruptive(*actions: UpdateAction) -> UpdateAction:
    """Return the most disruptive of some actions."""
    return max(actions, key=UPDATE_ACTIONS.index)


@dataclass(frozen=True)
class Target:
    """
    An entry of `versions`.

    Args:
        version: version
        size: number of instances that it is to have
        percent: percentage of the group's target size that the size was computed from; None: it is no percentage
    """

    version: Version
    size: int
    percent: int | None = None


@dataclass(frozen=True)
class Standby:
    """
    The standby pool: suspended and stopped instances that a group holds beside its target size.

    Args:
        suspended: target suspended size
        stopped: target stopped size
        delay_s: seconds from the creation of an instance until it is suspended or stopped
        scales_out: whether a group that grows takes instances from the pool first; SCALE_OUT_POOL
        is_updated: whether a rollout replaces outdated instances of the pool
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
    A group's document, read and resolved.

    Args:
        base_name: base name of its instances
        zones: the zone of the group, or the zones of a regional group
        size: target size
        targets: target versions; their sizes add up to the target size, and instances beyond it get the last version
        proactive: whether the group updates existing instances by itself
        minimal: least action on an outdated instance
        most_disruptive: an instance that needs a more disruptive action is left unchanged
        surge: instances above the target size
        unavailable: instances below the target size
        substitutes: whether replaced instances get new names; False: they are recreated under their names
        health_check: health check; None: the group has none
        balancer_checks: other health checks of load balancers that have the group as a backend; the group shows their
            verdicts and does not act on them
        drain_s: seconds for which load balancers delay the deletion of an instance
        updates_on_repair: whether a repaired instance gets the target version instead of its own
        retries: whether a failed creation is repeated; False: it is not, and the target size shrinks
        standby: standby pool
        redistributes: whether the group moves instances between its zones until they have equal numbers
        counts_deleting: whether an instance that is being deleted counts against target size plus surge
        config: all-instances configuration as JSON; empty if there is none
    """

    base_name: str
    zones: tuple[str, ...]
    size: int
    targets: tuple[Target, ...]
    proactive: bool = True
    minimal: UpdateAction = "REPLACE"
    most_disruptive: UpdateAction = "REPLACE"
    surge: int = 1
    unavailable: int = 0
    substitutes: bool = True
    health_check: HealthCheck | None = None
    balancer_checks: tuple[HealthCheck, ...] = ()
    drain_s: float = 0.0
    updates_on_repair: bool = False
    retries: bool = True
    standby: Standby = Standby()
    redistributes: bool = False
    counts_deleting: bool = True
    config: str = ""

    @property
    def versions(self) -> tuple[Version, ...]:
        """Target versions."""
        return tuple(target.version for target in self.targets)
