"""What was read of a group and its surroundings before a decision."""

from dataclasses import dataclass

from deploy.documents.group_state import Group
from deploy.documents.resource import Document


@dataclass(frozen=True)
class Observation:
    """
    Everything that a decision rests on, read at one moment.

    Args:
        group: the group with its instances.
        templates: all global templates of the project.
        template: template of the group, of two versions the first one's; empty if the project does not have it.
        health_check: health check that the group repairs by; None if the group has none, or the check is absent.
        autoscaler: name of the autoscaler that resizes the group; empty if there is none.
        missing_permissions: required permissions that the account does not have.
        permissions_error: why the permissions could not be read; empty if they could.
        quota_room: instances that the region's quota still allows; None if the quota can't be read.
        clock_ahead_s: seconds that this computer's clock is ahead of Compute Engine's.
    """

    group: Group
    templates: tuple[Document, ...]
    template: Document
    health_check: Document | None
    autoscaler: str
    missing_permissions: tuple[str, ...]
    permissions_error: str
    quota_room: int | None
    clock_ahead_s: float = 0.0

    @property
    def surge_room(self) -> int | None:
        """Instances above the target size that the quota allows, those that exist already included; None if unknown."""
        surplus = max(0, len(self.group.active_instances) - self.group.target_size)
        return None if self.quota_room is None else self.quota_room + surplus
