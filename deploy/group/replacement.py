"""How many instances a rollout of a group replaces at a time, and whether Compute Engine accepts the numbers: pure."""

from collections.abc import Iterator

from deploy.config import Config
from deploy.documents.group_state import Group, Version
from deploy.documents.instance_count import InstanceCount
from deploy.errors import RefusedError
from deploy.group.health import capacity_codes
from deploy.group.observation import Observation
from deploy.group.update_policy import PERCENT_FROM, largest_surge


def auto_surge(config: Config, observation: Observation) -> int | None:
    """Return the surge of a rollout with `surge: auto`; None to keep the surge of the environment file."""
    group = observation.group
    if not config.rollout.is_surge_auto:
        return None
    return largest_surge(config.rollout, len(group.zones), group.target_size, observation.surge_room)


def surge_instances(config: Config, group: Group, surge: int | None = None) -> int:
    """
    Return the instances above the target size that a rollout creates at most: it replaces each instance once.

    Args:
        config: rollout settings of the environment.
        group: the group.
        surge: surge of the rollout; None for that of the environment file.
    """
    if surge is not None:
        return min(surge, group.target_size)
    return min(config.rollout.surge_in(len(group.zones)).instances(group.target_size), group.target_size)


def fits_partly(group: Group, target: Version) -> bool:
    """Return whether a part of a rollout's new instances has capacity, so that a smaller surge would fit."""
    codes = capacity_codes(group)
    new = [instance for instance in group.active_instances if instance.version == target]
    return any(instance.status or not codes & {code for code, _ in instance.errors} for instance in new)


def missing_instances(config: Config, group: Group) -> int:
    """Return by how many instances a rollout lowers the capacity at most."""
    return min(config.rollout.unavailable_count.instances(group.target_size), group.target_size)


def replaced_at_once(config: Config, group: Group, surge: int | None = None) -> int:
    """Return the number of instances that a rollout replaces at the same time, at most; at least 1."""
    return max(1, surge_instances(config, group, surge) + missing_instances(config, group))


def count_refusals(config: Config, group: Group) -> Iterator[RefusedError]:
    """Yield every refusal for `rollout.surge` and `rollout.unavailable` of the environment file."""
    zones = len(group.zones)
    for key, count in (("surge", config.rollout.surge_in(zones)), ("unavailable", config.rollout.unavailable_count)):
        where = f"group '{config.group}': `rollout.{key}` of the environment file is {count}"
        if count.is_percent and group.target_size < PERCENT_FROM:
            yield RefusedError(
                f"{where}, and a percentage needs a target size of at least {PERCENT_FROM}; the group's is"
                f" {group.target_size}.",
                f"set a number of instances: 0, or at least {zones}" if zones > 1 else "set a number of instances",
            )
        elif not _is_spread(count, zones):
            yield RefusedError(
                f"{where}, and a regional group allows 0, or at least the number of its zones, which is {zones}"
                f" ({', '.join(group.zones)}).",
                f"set `{key}: {zones}`" + (", or leave it out" if key == "surge" else " or 0"),
            )


def _is_spread(count: InstanceCount, zones: int) -> bool:
    """
    Return whether a fixed number is 0 or one for each zone.

    Source: answer 400 to a group in four zones, "Fixed updatePolicy.maxUnavailable for regional managed instance group
    has to be either 0 or at least equal to the number of zones"
    (terraform-google-modules/terraform-example-foundation#427, read on 2026-11-27).
    """
    return count.is_percent or count.number == 0 or count.number >= zones
