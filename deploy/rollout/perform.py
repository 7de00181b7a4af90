"""Performs a plan: the one place that writes to a group and rolls it back. The fingerprint fences every write."""

from dataclasses import replace
from functools import partial

from deploy.compute_engine.fallback_template import compare_fallback
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.config import Config
from deploy.documents.group_state import Version
from deploy.errors import CapacityError, DeployError, NotRestoredError, RefusedError, RolledBackError, SupersededError
from deploy.group import health
from deploy.group.health import Verdict
from deploy.release.record import Fallback
from deploy.rollout.diagnostics import failed_instance, read_diagnostics
from deploy.rollout.insert_template import insert_template
from deploy.rollout.patch import Patched, patch_group, restore_policy
from deploy.rollout.plan import (
    DeployRelease,
    ForeignRollout,
    NothingToDo,
    Plan,
    RestoreRelease,
    UndoRollout,
    WaitForRollout,
)
from deploy.rollout.pruning import prune_templates
from deploy.rollout.result import RolloutResult
from deploy.rollout.watch import NotServedError, PrintLine, ShowSnapshot, Watch
from deploy.rollout.watch_state import Goal


class Execution:
    """
    The execution of one plan.

    Args:
        managed: group that the plan is for.
        config: names and rollout settings of the environment.
        plan: plan to perform.
        print_line: prints a line of progress.
        show_snapshot: shows the progress after each poll.
    """

    def __init__(
        self, managed: ManagedGroup, config: Config, plan: Plan, print_line: PrintLine, show_snapshot: ShowSnapshot
    ) -> None:
        self.managed = managed
        self._config = config
        self._plan = plan
        self._print_line = print_line
        self._show_snapshot = show_snapshot
        self._watch: Watch | None = None
        self._has_patched = False
        self._has_restored_policy = False
        self._warnings = plan.warnings

    def perform(self) -> RolloutResult:
        """
        Do what the plan says.

        Raises:
            RefusedError: the group has a rollout that `deploy` did not begin; nothing was written.
            DeployError: the rollout failed; what could be undone was undone.
        """
        plan = self._plan
        match plan:
            case NothingToDo():
                watch = self._begin()
                if plan.restores_policy:
                    self._restore_policy(watch, plan.target)
                return self._result(watch)
            case WaitForRollout():
                if plan.text:
                    self._print_line(plan.text)
                return self._finish(plan, self._begin())
            case DeployRelease():
                return self._deploy(plan, self._begin())
            case RestoreRelease():
                return self._restore(plan, self._begin())
            case UndoRollout():
                return self._undo(plan)
            case ForeignRollout():
                fix = "wait for the client that began it, or deploy a release"
                raise RefusedError(f"group '{self._config.group}': {plan.text}.", fix)

    def result_so_far(self) -> RolloutResult | None:
        """Return what the execution has done until now; None before it has begun."""
        return self._result(self._watch) if self._watch else None

    def _begin(self) -> Watch:
        self._watch = Watch(self.managed, self._config, self._plan.target, self._show_snapshot, self._print_line)
        return self._watch

    def _deploy(self, plan: DeployRelease, watch: Watch) -> RolloutResult:
        """Insert the template, apply the target version, and wait until it serves."""
        self._warnings += insert_template(self.managed, plan.target.link, plan.template)
        watch.reach("template")
        self._apply(watch, self._patch(plan))
        return self._finish(plan, watch)

    def _restore(self, plan: RestoreRelease, watch: Watch) -> RolloutResult:
        """Apply an earlier release, and wait until it serves; a failure may leave the group between two versions."""
        self._refuse_mismatch(plan.restored)
        self._apply(watch, self._patch(plan, plan.surge))
        try:
            self._warnings += watch.until_served(Goal(target=plan.target, budget_s=plan.budget_s, is_rollback=True))
        except NotServedError as error:
            watch.reach("failed")
            text = f"rollback to '{plan.target.template}': {error.verdict.text}{_edits(watch)}."
            raise NotRestoredError(text, "run `reconcile`") from error
        if plan.surge is not None:
            self._restore_policy(watch, plan.target)
        return self._result(watch)

    def _undo(self, plan: UndoRollout) -> RolloutResult:
        """Roll back a rollout that is past its deadline."""
        self._print_line(plan.text)
        if plan.fallback is not None:
            self._refuse_mismatch(plan.fallback)
        watch = self._begin()
        watch.group = plan.group
        raise self._roll_back(plan, watch, Verdict("failed", plan.text))

    def _finish(self, plan: WaitForRollout | DeployRelease, watch: Watch) -> RolloutResult:
        """Wait until the target version serves, then prune; roll back if it fails."""
        goal = Goal(
            target=plan.target,
            budget_s=plan.budget_s,
            bake_s=self._config.rollout.bake_s,
            had_instances=not plan.is_empty,
        )
        try:
            self._warnings += watch.until_served(goal)
        except NotServedError as error:
            raise self._roll_back(plan, watch, error.verdict) from None
        if isinstance(plan, WaitForRollout) and plan.restores_policy:
            self._restore_policy(watch, plan.target)
        return self._prune(watch)

    def _patch(self, plan: DeployRelease | RestoreRelease, surge: int | None = None) -> Patched:
        patch = partial(patch_group, planned=plan.fingerprint, image_entries=plan.image_entries)
        return patch(self.managed, self._config, plan.target, plan.before, surge=surge)

    def _apply(self, watch: Watch, patched: Patched) -> None:
        watch.replaced, watch.patched = patched.replaced, patched.document
        self._has_patched = True
        self._warnings += patched.warnings

    def _restore_policy(self, watch: Watch, target: Version) -> None:
        """Restore the update policy; a problem is a warning, because the release serves, and reconcile repeats it."""
        replaced, warnings = restore_policy(self.managed, self._config, target)
        self._warnings += warnings
        self._has_restored_policy = bool(replaced)
        self._warnings += watch.until_settled_again(target, replaced)

    def _prune(self, watch: Watch) -> RolloutResult:
        """Delete old templates; a problem is a warning, because the rollout itself is complete."""
        pruned = prune_templates(self.managed, self._config)
        if pruned.error:
            self._warnings += (f"old templates were not pruned: {pruned.error}",)
        return replace(self._result(watch), pruned=pruned.templates, prunable=pruned.remaining)

    def _roll_back(
        self, plan: WaitForRollout | DeployRelease | UndoRollout, watch: Watch, verdict: Verdict
    ) -> DeployError:
        """
        Restore the fallback, and return the error that says what failed and what was done.

        The rollback's PATCH comes before any diagnostics are read: the reads may be slow, and no decision needs them.

        Raises:
            SupersededError: another deploy changed the group's version.
        """
        watch.reach("failed")
        verdict = health.with_delay_cause(verdict, plan.short_delay)
        reason = f"release '{plan.target.template}': {verdict.text}{_edits(watch)}"
        self._print_line(f"failed: {verdict.text}")
        instance = failed_instance(watch.group, plan.target, verdict.instance)
        output = watch.serial_output(instance.name) if instance else ""
        diagnose = partial(read_diagnostics, self.managed, instance, output)
        if plan.fallback is None:
            text = f"{reason}. There is no proven release to restore."
            return NotRestoredError(text, "deploy a fix", diagnose())
        mismatch_text = self._mismatch(plan.fallback)
        if mismatch_text:
            fix = "deploy a fix, or name a release: `rollback --to TEMPLATE`"
            return NotRestoredError(f"{reason}. It was not rolled back: {mismatch_text}.", fix, diagnose())
        restored, diagnostics = plan.fallback.version, None
        self._print_line(f"rolling back to {restored.template}")
        try:
            self._apply(watch, patch_group(self.managed, self._config, restored, plan.target))
            diagnostics = diagnose()
            self._warnings += watch.until_served(Goal(target=restored, budget_s=None, is_rollback=True))
        except SupersededError:
            raise
        except (DeployError, NotServedError) as error:
            cause = f"{error.verdict.text}{_edits(watch)}" if isinstance(error, NotServedError) else str(error)
            text = f"{reason}. The rollback did not settle: {cause}."
            return NotRestoredError(text, "run `reconcile`", diagnose() if diagnostics is None else diagnostics)
        watch.reach("rolled back")
        is_empty = watch.group is not None and health.is_empty(watch.group)
        return _rolled_back_error(reason, restored, verdict, diagnostics, is_empty=is_empty)

    def _refuse_mismatch(self, fallback: Fallback) -> None:
        """Refuse to restore a version whose template is another one than the record's; nothing was written."""
        text = compare_fallback(self.managed.compute, fallback)
        if text:
            raise RefusedError(f"group '{self._config.group}': {text}.", "name a release: `rollback --to TEMPLATE`")

    def _mismatch(self, fallback: Fallback) -> str:
        """Return why a fallback is not restored; a template that can't be read is restored, with a warning."""
        try:
            return compare_fallback(self.managed.compute, fallback)
        except DeployError as error:
            self._warnings += (f"the id of template '{fallback.template}' was not compared: {error.message}",)
            return ""

    def _result(self, watch: Watch) -> RolloutResult:
        plan = self._plan
        was_empty = not isinstance(plan, ForeignRollout) and plan.is_empty
        return RolloutResult(
            changed=self._has_patched,
            restored_policy=self._has_restored_policy,
            target=plan.target,
            before=plan.before if isinstance(plan, DeployRelease | RestoreRelease) else plan.target,
            phases=watch.timeline.phases(),
            instances=watch.timeline.instances,
            warnings=(*self._warnings, *watch.failing_checks()),
            requests=self.managed.compute.requests,
            is_empty=was_empty if watch.group is None else health.is_empty(watch.group),
        )


def _rolled_back_error(
    reason: str, restored: Version, verdict: Verdict, diagnostics: tuple[str, ...], *, is_empty: bool
) -> DeployError:
    """Return the error of a rollout that was rolled back."""
    state = "is set again, and the group has no instances" if is_empty else "serves again"
    text = f"{reason}. '{restored.template}' {state}."
    if verdict.state == "capacity":
        return CapacityError(text, "free or request capacity, and deploy again", diagnostics)
    fix = verdict.fix or "correct what the instance's output shows, and deploy again"
    return RolledBackError(text, fix, diagnostics)


def _edits(watch: Watch) -> str:
    """Return the edits of the group between our PATCH and the failure, which are the likely cause."""
    edits = watch.edits()
    return f". The group was edited during the rollout: {', '.join(edits)}" if edits else ""
