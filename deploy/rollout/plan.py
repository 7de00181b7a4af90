"""
What is to be done with a group, as one type: `Plan`.

plan_deploy, plan_promotion, plan_abort, plan_rollback and plan_reconcile return a plan, and perform.py performs it.
Every kind of plan has the version entry that the group is to have in the end (`target`) and the warnings to print.
"""

from dataclasses import dataclass
from typing import Literal

from deploy.documents.canary import Canary, Target
from deploy.documents.group_state import Group, Version
from deploy.documents.resource import Document
from deploy.group.boot_phases import UNKNOWN_BOOT, BootFacts
from deploy.release.record import Fallback
from deploy.release.steps import Step

Promotion = Literal["", "next", "full"]


@dataclass(frozen=True, kw_only=True)
class NothingToDo:
    """
    The group serves the target version, or has the target version and no instances.

    Args:
        target: version entry of the group.
        fallback: version that an earlier deploy would have restored; None if there is none.
        is_empty: whether the group has no instances, and a target size of 0.
        text: sentence about the group for the operator.
        restores_policy: whether the surge of a rollout is to be replaced by the environment file's.
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
        boot: what is known of the boots of the release.
        short_delay: what the group's initial delay is shorter than; empty if the delay is long enough.
        text: sentence about the rollout for the operator; empty for a deploy, which says it by its progress.
        restores_policy: whether the surge of a rollout is to be replaced by the environment file's in the end.
        is_judged: whether checks of the analysis judge the version while its bake lasts.
        may_be_proven: whether the last bake of steps is repeated, and may have passed; a check that fails only pauses.
        steps: steps of the release, of which this is the last one; empty for none.
        warnings: facts that the operator should read, one line each.
    """

    target: Version
    fallback: Fallback | None
    is_empty: bool
    budget_s: float
    boot: BootFacts = UNKNOWN_BOOT
    short_delay: str = ""
    text: str = ""
    restores_policy: bool = False
    is_judged: bool = True
    may_be_proven: bool = False
    steps: tuple[Step, ...] = ()
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
        image_entries: metadata entries of the template that hold the image.
        fallback: version that is restored if the rollout fails; None if no release was ever proven.
        is_empty: whether the group has no instances, and a target size of 0.
        budget_s: seconds that the rollout may take, or its last step.
        steps: parts of the group that get the release before all of it does; empty for none.
        surge: instances above the target size, by `surge: auto`; None for the surge of the environment file.
        boot: what is known of the boots of the release.
        short_delay: what the group's initial delay is shorter than; empty if the delay is long enough.
        warnings: facts that the operator should read, one line each.
    """

    target: Version
    before: Version
    fingerprint: str
    template: Document
    image_entries: tuple[str, ...]
    fallback: Fallback | None
    is_empty: bool
    budget_s: float
    steps: tuple[Step, ...] = ()
    surge: int | None = None
    boot: BootFacts = UNKNOWN_BOOT
    short_delay: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ContinueSteps:
    """
    The group is at a step of a rollout that `deploy` began: wait until the step serves, and go on to the next pause.

    Args:
        canary: what the group is set to.
        fingerprint: fingerprint of the group at preflight.
        image_entries: metadata entries of the new template that hold the image.
        fallback: the old version, which is restored if the rollout fails.
        steps: steps of the release.
        index: index of the step that the group is set to.
        promotion: step to go on to at once, without waiting for the current one: the next one, or the whole group;
            empty to wait for the current one.
        target_size: target size of the group at preflight.
        budget_s: seconds that the last step may take.
        surge: instances above the target size, by `surge: auto`; None for the surge of the environment file.
        boot: what is known of the boots of the release.
        short_delay: what the group's initial delay is shorter than; empty if the delay is long enough.
        text: sentence about the rollout for the operator.
        warnings: facts that the operator should read, one line each.
    """

    canary: Canary
    fingerprint: str
    image_entries: tuple[str, ...]
    fallback: Fallback
    steps: tuple[Step, ...]
    index: int
    promotion: Promotion = ""
    target_size: int
    budget_s: float
    surge: int | None = None
    boot: BootFacts = UNKNOWN_BOOT
    short_delay: str = ""
    text: str = ""
    warnings: tuple[str, ...] = ()
    is_empty: bool = False

    @property
    def target(self) -> Version:
        """Version entry that the group is to have in the end."""
        return self.canary.new


@dataclass(frozen=True, kw_only=True)
class RestoreRelease:
    """
    Apply an earlier release to the group, as fast as its size and the quota allow, without a bake; then restore the
    update policy of the environment file.

    Args:
        restored: version to restore, with the id of its template.
        image_entries: metadata entries of that template that hold the image.
        before: what the group was set to at preflight: a version, or a canary that is aborted.
        fingerprint: fingerprint of the group at preflight; None for an abort, which nothing is checked for.
        surge: instances above the target size; None for the surge of the environment file.
        is_empty: whether the group has no instances, and a target size of 0.
        budget_s: seconds that the rollback may take.
        warnings: facts that the operator should read, one line each.
    """

    restored: Fallback
    image_entries: tuple[str, ...]
    before: Target
    fingerprint: str | None
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
    The group has a version that `deploy` did not write, or a canary that no process can go on with: write nothing.

    Args:
        target: version entry of the group.
        text: which version that is.
        fix: action against it.
        warnings: facts that the operator should read, one line each.
    """

    target: Version
    text: str
    fix: str = "wait for the client that began it, or deploy a release"
    warnings: tuple[str, ...] = ()


DeployPlan = NothingToDo | WaitForRollout | DeployRelease | ContinueSteps
RollbackPlan = NothingToDo | RestoreRelease
ReconcilePlan = NothingToDo | WaitForRollout | ContinueSteps | UndoRollout | ForeignRollout
Plan = DeployPlan | RollbackPlan | ReconcilePlan
