"""Reads how long the instances that serve took to boot: the next release is judged by it."""

from typing import Final

from deploy.compute_engine.managed_group import ManagedGroup
from deploy.errors import CloudError, NotAllowedError
from deploy.group.boot_phases import NAMESPACE, enables_guest_attributes, parse_boot
from deploy.group.health import is_serving
from deploy.group.observation import Observation
from deploy.release.boot_times import NO_BOOT, BootTimes, slowest

_INSTANCES: Final = 3
_READ_S: Final = 2.0


def read_serving_boot(managed: ManagedGroup, observed: Observation) -> BootTimes:
    """
    Return the slowest phases that instances of the group's version have written, of at most three that serve.

    No phase is returned if the template does not enable guest attributes, or none can be read.

    Args:
        managed: the group.
        observed: the group and its surroundings.
    """
    versions = observed.group.versions
    if len(versions) != 1 or not enables_guest_attributes(observed.template):
        return NO_BOOT
    boots = []
    serving = [instance for instance in observed.group.active_instances if is_serving(instance, versions[0])]
    for instance in serving[:_INSTANCES]:
        try:
            boot = parse_boot(managed.guest_attributes(instance, NAMESPACE, _READ_S))
        except (CloudError, NotAllowedError):
            break  # the plan does without: the same error would delay the other reads too
        if boot is not None and not boot.failure:
            boots.append(boot.times)
    return slowest(boots)
