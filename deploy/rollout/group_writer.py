"""Writes the target of a group, and keeps what the writes of one execution have left."""

from collections.abc import Collection
from dataclasses import dataclass

from deploy.compute_engine.managed_group import ManagedGroup
from deploy.config import Config
from deploy.documents.canary import Target
from deploy.rollout.patch import patch_group
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
        )
        self.watch.replaced, self.watch.patched = patched.replaced, patched.document
        self.has_patched = True
        self.surge = self.surge if surge is None else surge
        self.warnings += patched.warnings
