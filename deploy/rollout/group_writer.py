"""Writes the target of a group, and keeps what the writes of one execution have left."""

from collections.abc import Collection
from dataclasses import dataclass

from deploy.compute_engine.managed_group import ManagedGroup
from deploy.config import Config
from deploy.documents.canary import Target
from deploy.documents.group_state import Version, parse_group
from deploy.group import update_policy
from deploy.rollout.patch import patch_group, restore_policy
from deploy.rollout.watch import Watch


@dataclass
class GroupWriter:
    """
    Writes to one group, whose polls a watch judges.

    Args:
        managed: the group.
        config: names and rollout settings of the environment.
        watch: polls the group; it learns of each write, because an older answer proves nothing.
        warnings: facts that the operator should read, one line each.

    Attributes:
        has_patched: whether a target was written.
        surge: instances above the target size of the last write that had more than the environment file; None if none.
    """

    managed: ManagedGroup
    config: Config
    watch: Watch
    warnings: tuple[str, ...] = ()
    has_patched: bool = False
    surge: int | None = None

    @property
    def target_size(self) -> int:
        """Target size of the group at the last poll; 0 before the first one."""
        return self.watch.group.target_size if self.watch.group else 0

    def patch(
        self,
        target: Target,
        before: Target,
        *,
        surge: int | None = None,
        planned: str | None = None,
        image_entries: Collection[str] = (),
        is_rollback: bool = False,
    ) -> None:
        """Patch the group; arguments and errors of `patch_group`."""
        patched = patch_group(
            self.managed,
            self.config,
            target,
            before,
            surge=surge,
            planned=planned,
            image_entries=image_entries,
            is_rollback=is_rollback,
        )
        self.watch.replaced, self.watch.patched = patched.replaced, patched.document
        self.has_patched = True
        self.surge = self.surge if surge is None else surge
        self.warnings += patched.warnings

    def lower_surge(self, target: Version) -> tuple[str, ...] | None:
        """
        Set the surge of the environment file while a rollout with a larger one lasts.

        Args:
            target: version that the group is set to.

        Returns:
            Warnings of the PATCH; None if it did not take effect.
        """
        replaced, warnings = restore_policy(self.managed, self.config, target)
        if not replaced:
            return None
        self.watch.replaced = replaced
        if self.watch.patched is not None:
            policy = update_policy.accepted_policy(self.config.rollout, parse_group(dict(self.watch.patched), ()))
            self.watch.patched = {**self.watch.patched, "updatePolicy": policy}
        return warnings
