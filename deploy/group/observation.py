"""What was read of a group and its surroundings before a decision."""

from dataclasses import dataclass

from deploy.documents.group_state import Group
from deploy.documents.resource import Document
from deploy.group.quotas import Quota, QuotaCheck, instances_that_fit, quota_checks
from deploy.release import template
from deploy.release.boot_times import NO_BOOT, BootTimes


@dataclass(frozen=True)
class Observation:
    """
    Everything that a decision rests on, read at one moment.

    Args:
        group: the group with its instances.
        templates: global templates of the project, and regional ones beside the group's own.
        template: template of the group's version, or of the one beside a canary; empty if the project does not have it.
        health_check: health check that the group repairs by; None if the group has none, or the check is absent.
        autoscaler: name of the autoscaler that resizes the group; empty if there is none.
        missing_permissions: required permissions that the account does not have.
        permissions_error: why the permissions could not be read; empty if they could.
        quotas: quotas of the group's region.
        quotas_error: why the quotas could not be read; empty if they could.
        clock_ahead_s: seconds that this computer's clock is ahead of Compute Engine's.
        serving_boot: slowest phases that the serving instances have written; without any if they were not read.
    """

    group: Group
    templates: tuple[Document, ...]
    template: Document
    health_check: Document | None
    autoscaler: str
    missing_permissions: tuple[str, ...]
    permissions_error: str
    quotas: tuple[Quota, ...]
    quotas_error: str
    clock_ahead_s: float = 0.0
    serving_boot: BootTimes = NO_BOOT

    @property
    def quota_checks(self) -> tuple[QuotaCheck, ...]:
        """What an instance of the group needs of each quota, and what is free; empty if the quotas can't be read."""
        return () if self.quotas_error else quota_checks(self.template, self.quotas)

    @property
    def boot(self) -> BootTimes:
        """The boot phases: those of the serving instances, or those that the release record has."""
        record = template.release_record(self.template)
        return self.serving_boot if self.serving_boot.reached() or record is None else record.boot

    @property
    def surplus(self) -> int:
        """Instances above the target size that exist already."""
        return max(0, len(self.group.active_instances) - self.group.target_size)

    @property
    def surge_room(self) -> int | None:
        """Instances above the target size that the quotas allow, those that exist already included; None if unknown."""
        room = instances_that_fit(self.quota_checks)
        return None if room is None else room + self.surplus
