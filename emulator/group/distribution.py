"""
How a regional group distributes its instances over its zones; pure. A zonal group has a single zone.

A group that grows adds instances to the zones with the fewest, and a group that shrinks removes them from the zones
with the most; its distribution is even if the numbers of two zones differ by at most 1. Source: Compute Engine,
"Manually rebalance a regional MIG", last updated on 2025-04-02, read on 2026-11-27; google-cloud-compute 1.57.0, EVEN.

Assumed, because Google documents none of it: of zones with equal numbers the first of the distribution policy is used,
and in a rollout only instances that remain count.
"""

from collections import Counter
from collections.abc import Iterable

from emulator.group.instances import Instance
from emulator.group.members import Group, outdated, standby_pool
from emulator.group.settings import Settings


def zones_of_new_instances(group: Group, settings: Settings, count: int, target: str) -> list[str]:
    """
    Return the zones in which a group creates its next instances.

    Args:
        group: group before the creation
        settings: settings of the group
        count: number of new instances
        target: target status of the new instances
    """
    if len(settings.zones) == 1:
        return list(settings.zones) * count
    present = list(group.living)
    leaving = {instance.name for instance in outdated(group, settings)} if settings.proactive else set()
    remaining = [instance for instance in present if instance.name not in leaving]
    if target != "RUNNING":
        present = remaining = [instance for instance in standby_pool(group) if instance.target == target]
    numbers, all_numbers = _by_zone(remaining), _by_zone(present)
    zones: list[str] = []
    for _ in range(count):
        zone = min(settings.zones, key=lambda zone: (numbers[zone], all_numbers[zone]))
        numbers[zone] += 1
        all_numbers[zone] += 1
        zones.append(zone)
    return zones


def is_even(group: Group, settings: Settings) -> bool:
    """Return whether the numbers of instances of two zones differ by at most 1."""
    numbers = _by_zone(group.living)
    return max(numbers[zone] for zone in settings.zones) - min(numbers[zone] for zone in settings.zones) <= 1


def _by_zone(instances: Iterable[Instance]) -> Counter[str]:
    return Counter(instance.zone for instance in instances)
