"""
What is to be done with a group, as one type: `Plan`.

plan_deploy, plan_rollback and plan_reconcile return a plan, and perform.py performs it. Every kind of plan has the
version entry that the group is to have in the end (`target`) and the warnings to print.
"""

from dataclasses import dataclass

from deploy.documents.group_state import Group, Version
from deploy.documents.resource import Document
from deploy.release.record import Fallback


@dataclass(frozen=True, kw_only=True)
class NothingToDo:
    """
    The group serves the target version, or has the target version and no instances.

    Args:
        target: version entry of the group.
        fallback: version that an earlier deploy would have restored; None if there is none.
        is_empty: whether the group has no instances, and a target size of 0.
        text: sentence about the group for the operator.
        restores_policy: whether the surge of a rollback is to be replaced by the environment file's.
        warnings: facts that the operator should read, one line each.
    """

    target: Version
    fallback: Fallback | None = None
    is_empty: bool = False
    text: str = ""
    restores_policy: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WaitForRollout:
    """
    The group has the target version already, and does not serve it yet: only watch it.

    Args:
        target: version entry of the group.
        fallback: version that is restored if the rollout fails; None if no release was ever proven.
        is_empty: whether the group has no instances, and a target size of 0.
        budget_s: seconds that the rollout may still take.
        short_delay: what the group's initial delay is shorter than; empty if the delay is long enough.
        text: sentence about the rollout for the operator; empty for a deploy, which says it by its progress.
        restores_policy: whether the surge of a rollback is to be replaced by the environment file's in the end.
        warnings: facts that the operator should read, one line each.
    """

    target: Version
    fallback: Fallback | None
    is_empty: bool
    budget_s: float
    short_delay: str = ""
    text: str = ""
    restores_policy: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DeployRelease:
    """
    Insert a template, apply it to the group, and roll back if it does not serve.

    Args:
        target: version entry that the group is to have.
        before: version entry of the group at preflight.
        fingerprint: fingerprint of the group at preflight.
        template: body of the template to insert.
        fallback: version that is restored if the rollout fails; None if no release was ever proven.
        is_empty: whether the group has no instances, and a target size of 0.
        budget_s: seconds that the rollout may take.
        short_delay: what the group's initial delay is shorter than; empty if the delay is long enough.
        warnings: facts that the operator should read, one line each.
    """

    target: Version
    before: Version
    fingerprint: str
    template: Document
    fallback: Fallback | None
    is_empty: bool
    budget_s: float
    short_delay: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RestoreRelease:
    """
    Apply an earlier release to the group, as fast as its size and the quota allow, without a bake; then restore the
    update policy of the environment file.

    Args:
        restored: version to restore, with the id of its template.
        before: version entry of the group at preflight.
        fingerprint: fingerprint of the group at preflight.
        surge: instances above the target size; None for the surge of the environment file.
        is_empty: whether the group has no instances, and a target size of 0.
        budget_s: seconds that the rollback may take.
        warnings: facts that the operator should read, one line each.
    """

    restored: Fallback
    before: Version
    fingerprint: str
    surge: int | None
    is_empty: bool
    budget_s: float
    warnings: tuple[str, ...] = ()

    @property
    def target(self) -> Version:
        """Version entry that the group is to have."""
        return self.restored.version


@dataclass(frozen=True, kw_only=True)
class UndoRollout:
    """
    A rollout by `deploy` is past its deadline, and not on every instance: roll back.

    Args:
        target: version entry of the group, which has failed.
        fallback: version to restore; None if no release was ever proven.
        group: group as it was judged, for the diagnostics.
        is_empty: whether the group has no instances, and a target size of 0.
        short_delay: what the group's initial delay is shorter than; empty if the delay is long enough.
        text: why the rollout has failed.
        warnings: facts that the operator should read, one line each.
    """

    target: Version
    fallback: Fallback | None
    group: Group
    is_empty: bool
    short_delay: str
    text: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ForeignRollout:
    """
    The group has a version that `deploy` did not write: write nothing.

    Args:
        target: version entry of the group.
        text: which version that is.
        warnings: facts that the operator should read, one line each.
    """

    target: Version
    text: str
    warnings: tuple[str, ...] = ()


DeployPlan = NothingToDo | WaitForRollout | DeployRelease
RollbackPlan = NothingToDo | RestoreRelease
ReconcilePlan = NothingToDo | WaitForRollout | UndoRollout | ForeignRollout
Plan = DeployPlan | RollbackPlan | ReconcilePlan
