"""Performs a plan: the one place that decides the order of writes and polls. The fingerprint fences every write."""

from dataclasses import replace

from deploy.compute_engine.managed_group import ManagedGroup
from deploy.config import Config
from deploy.documents.canary import Canary
from deploy.documents.group_state import Version
from deploy.errors import NotRestoredError, RefusedError
from deploy.group import health
from deploy.group.boot_phases import UNKNOWN_BOOT
from deploy.group.health import Verdict
from deploy.group.replacement import fits_partly
from deploy.rollout.automatic_rollback import edits_text, refuse_mismatch, roll_back
from deploy.rollout.bake_check import BakeCheck, check_of_plan
from deploy.rollout.group_writer import GroupWriter
from deploy.rollout.insert_template import insert_template
from deploy.rollout.patch import restore_policy
from deploy.rollout.perform_steps import perform_steps
from deploy.rollout.plan import (
    ContinueSteps,
    DeployRelease,
    ForeignRollout,
    NothingToDo,
    Plan,
    RestoreRelease,
    UndoRollout,
    WaitForRollout,
)
from deploy.rollout.pruning import prune_templates
from deploy.rollout.result import Pause, RolloutResult
from deploy.rollout.snapshot import PrintLine, ShowSnapshot
from deploy.rollout.watch import Watch
from deploy.rollout.watch_errors import InconclusiveError, NotServedError
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
        bake_check: judges a release at each poll of a bake, beside its health; None for its health alone.
    """

    def __init__(
        self,
        managed: ManagedGroup,
        config: Config,
        plan: Plan,
        print_line: PrintLine,
        show_snapshot: ShowSnapshot,
        bake_check: BakeCheck | None = None,
    ) -> None:
        self.managed = managed
        self._config = config
        self._plan = plan
        self._print_line = print_line
        self._show_snapshot = show_snapshot
        self._bake_check = bake_check
        self._writer: GroupWriter | None = None
        self._has_restored_policy = False

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
                writer = self._begin()
                if plan.restores_policy:
                    self._restore_policy(writer, plan.target)
                return self._result(writer)
            case WaitForRollout():
                if plan.text:
                    self._print_line(plan.text)
                return self._finish(plan, self._begin())
            case DeployRelease():
                return self._deploy(plan, self._begin())
            case ContinueSteps():
                self._print_line(plan.text)
                return self._step(plan, self._begin())
            case RestoreRelease():
                return self._restore(plan, self._begin())
            case UndoRollout():
                return self._undo(plan)
            case ForeignRollout():
                raise RefusedError(f"group '{self._config.group}': {plan.text}.", plan.fix)

    def result_so_far(self) -> RolloutResult | None:
        """Return what the execution has done until now; None before it has begun."""
        return self._result(self._writer) if self._writer else None

    def _begin(self) -> GroupWriter:
        plan = self._plan
        check = check_of_plan(plan, self._bake_check)
        boot = plan.boot if isinstance(plan, WaitForRollout | DeployRelease | ContinueSteps) else UNKNOWN_BOOT
        watch = Watch(self.managed, self._config, plan.target, self._show_snapshot, self._print_line, check, boot)
        self._writer = GroupWriter(self.managed, self._config, watch, self._plan.warnings)
        return self._writer

    def _deploy(self, plan: DeployRelease, writer: GroupWriter) -> RolloutResult:
        """Insert the template, apply the target version, and wait until it serves."""
        writer.warnings += insert_template(self.managed, plan.target.link, plan.template)
        writer.watch.reach("template")
        if plan.steps:
            return self._step(plan, writer)
        _patch(plan, writer)
        return self._finish(plan, writer)

    def _step(self, plan: DeployRelease | ContinueSteps, writer: GroupWriter) -> RolloutResult:
        """Perform the steps up to a pause; after the last one, wait until the whole group serves."""
        pause = perform_steps(plan, writer)
        return replace(self._result(writer), pause=pause) if pause else self._finish(plan, writer)

    def _restore(self, plan: RestoreRelease, writer: GroupWriter) -> RolloutResult:
        """Apply an earlier release, and wait until it serves; a failure may leave the group between two versions."""
        refuse_mismatch(self.managed, plan.restored)
        _patch(plan, writer)
        try:
            writer.warnings += writer.watch.until_served(
                Goal(target=plan.target, budget_s=plan.budget_s, is_rollback=True)
            )
        except NotServedError as error:
            writer.watch.reach("failed")
            text = f"rollback to '{plan.target.template}': {error.verdict.text}{edits_text(writer.watch)}."
            raise NotRestoredError(text, "run `reconcile`") from error
        if plan.surge is not None:
            self._restore_policy(writer, plan.target)
        return self._result(writer)

    def _undo(self, plan: UndoRollout) -> RolloutResult:
        """Roll back a rollout that is past its deadline."""
        self._print_line(plan.text)
        if plan.fallback is not None:
            refuse_mismatch(self.managed, plan.fallback)
        writer = self._begin()
        writer.watch.group = plan.group
        raise roll_back(plan, writer, plan.target, Verdict("failed", plan.text))

    def _finish(self, plan: WaitForRollout | DeployRelease | ContinueSteps, writer: GroupWriter) -> RolloutResult:
        """Wait until the target version serves, then prune; roll back if it fails."""
        goal = Goal(
            target=plan.target,
            budget_s=plan.budget_s,
            bake_s=writer.watch.bake_s(self._config.rollout.bake_s),
            had_instances=not plan.is_empty,
        )
        try:
            writer.warnings += self._until_served(plan, writer, goal)
        except NotServedError as error:
            raise roll_back(plan, writer, plan.target, error.verdict) from None
        except InconclusiveError as error:
            writer.warnings += error.warnings
            steps = len(plan.steps) + 1
            return replace(self._result(writer), pause=Pause(steps, steps, "every instance", str(error)))
        if _has_own_surge(plan):
            self._restore_policy(writer, plan.target)
        return self._prune(writer)

    def _until_served(
        self, plan: WaitForRollout | DeployRelease | ContinueSteps, writer: GroupWriter, goal: Goal
    ) -> tuple[str, ...]:
        """Wait until the target version serves; the file's surge replaces one that does not fit, in the time left."""
        began_s = self.managed.compute.time.now_s()
        try:
            return writer.watch.until_served(goal)
        except NotServedError as error:
            shortage, group = error.verdict, writer.watch.group
            if shortage.state != "capacity" or group is None:
                raise
            if not (_has_own_surge(plan) and fits_partly(group, plan.target)):
                raise
            warnings = writer.lower_surge(plan.target)
            if warnings is None:
                raise
        self._has_restored_policy = True
        text = f"{shortage.text.rstrip('.')}: the rollout goes on with the surge of the environment file"
        self._print_line(text)
        left_s = max(0.0, plan.budget_s - round(self.managed.compute.time.now_s() - began_s))
        return (text, *warnings, *writer.watch.until_served(replace(goal, budget_s=left_s, waits_for_capacity=True)))

    def _restore_policy(self, writer: GroupWriter, target: Version) -> None:
        """Restore the update policy; a problem is a warning, because the release serves, and reconcile repeats it."""
        replaced, warnings = restore_policy(self.managed, self._config, target)
        self._has_restored_policy |= bool(replaced)
        writer.warnings += warnings + writer.watch.until_settled_again(target, replaced)

    def _prune(self, writer: GroupWriter) -> RolloutResult:
        """Delete old templates; a problem is a warning, because the rollout itself is complete."""
        pruned = prune_templates(self.managed, self._config)
        if pruned.error:
            writer.warnings += (f"old templates were not pruned: {pruned.error}",)
        return replace(self._result(writer), pruned=pruned.templates, prunable=pruned.remaining)

    def _result(self, writer: GroupWriter) -> RolloutResult:
        plan, watch = self._plan, writer.watch
        was_empty = not isinstance(plan, ForeignRollout) and plan.is_empty
        return RolloutResult(
            changed=writer.has_patched,
            restored_policy=self._has_restored_policy,
            target=plan.target,
            before=_before(plan),
            phases=watch.timeline.phases(),
            instances=watch.timeline.instances,
            warnings=(*writer.warnings, *watch.failing_checks()),
            requests=self.managed.compute.requests,
            is_empty=was_empty if watch.group is None else health.is_empty(watch.group),
            checks=self._bake_check.series if self._bake_check else (),
            surge=writer.surge,
        )


def _has_own_surge(plan: WaitForRollout | DeployRelease | ContinueSteps) -> bool:
    """Return whether the rollout of a plan has a larger surge than the environment file's."""
    return plan.restores_policy if isinstance(plan, WaitForRollout) else plan.surge is not None


def _patch(plan: DeployRelease | RestoreRelease, writer: GroupWriter) -> None:
    """Set the group to the version of a plan."""
    writer.patch(
        plan.target,
        plan.before,
        surge=plan.surge,
        planned=plan.fingerprint,
        image_entries=plan.image_entries,
        is_rollback=isinstance(plan, RestoreRelease),
    )


def _before(plan: Plan) -> Version:
    """Return the version that the group had before a plan: of a canary that is aborted, the new one."""
    match plan:
        case DeployRelease():
            return plan.before
        case ContinueSteps():
            return plan.canary.old
        case RestoreRelease():
            return plan.before.new if isinstance(plan.before, Canary) else plan.before
    return plan.target
