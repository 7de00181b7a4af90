"""Performs a plan: the one place that writes and goes back. Every write is fenced by the group's fingerprint."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from deploy.compute_engine.client import Compute
from deploy.compute_engine.fallback_template import compare_fallback
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.config import Config
from deploy.documents.group_state import Version
from deploy.errors import (
    CapacityError,
    DeployError,
    NotRestoredError,
    RefusedError,
    RolledBackError,
    SupersededError,
)
from deploy.group import health
from deploy.group.health import Verdict
from deploy.release.record import Fallback
from deploy.rollout.evidence import evidence, failed_instance
from deploy.rollout.insert_template import insert
from deploy.rollout.patch import patch_group
from deploy.rollout.plan import Found, Plan
from deploy.rollout.pruning import prune_templates
from deploy.rollout.result import Result
from deploy.rollout.rollback_plan import Rollback
from deploy.rollout.watch import FailedError, Look, Show, Watch


def _unseen(look: Look) -> None:
    """Show a look to nobody."""


@dataclass
class Rollout:
    """
    One rollout of one group.

    Args:
        compute: API of the project.
        config: Names, policy and times.
        say: Told what is done, one line each.
        show: Told each look at the group.

    Attributes:
        so_far: Returns what it has come to until now, also after it failed or was interrupted; None before it began.
    """

    compute: Compute
    config: Config
    say: Callable[[str], None]
    show: Show = _unseen
    so_far: Callable[[], Result | None] = field(default=lambda: None, init=False)
    _is_told: bool = field(default=False, init=False)

    def perform(self, plan: Plan) -> Result:
        """
        Do what a plan says.

        Raises:
            DeployError: One of its kinds, after whatever could be undone was undone.
        """
        watch = self._begin(plan)
        if plan.action == "nothing":
            return self._result(plan, watch)
        if plan.action == "roll":
            if plan.template is not None:
                insert(self.compute, self.config, plan.template)
                watch.reach("template")
            self._tell(watch, plan.version, plan.before, planned=plan.fingerprint)
        try:
            bake_s, had_instances = self.config.rollout.bake_s, not plan.is_empty
            watch.until_served(plan.version, plan.budget_s, bake_s, had_instances=had_instances)
        except FailedError as failure:
            self._go_back(plan, watch, failure.verdict)
        return self._prune(self._result(plan, watch))

    def roll_back(self, plan: Rollback) -> Result:
        """
        Put the group onto a version that is known to be good, as fast as size and quota allow, without a bake.

        Raises:
            DeployError: One of its kinds; the group may be left between two versions.
        """
        version = plan.version if plan.is_needed else plan.before
        done = Plan("roll", version, None, None, plan.before, plan.budget_s, is_empty=plan.is_empty)
        watch = self._begin(done)
        if not plan.is_needed:
            return self._result(done, watch)
        self._refuse_mismatch(plan.target)
        self._tell(watch, plan.version, plan.before, plan.surge, plan.fingerprint)
        try:
            watch.until_served(plan.version, plan.budget_s, 0.0, is_way_back=True)
        except FailedError as failure:
            watch.reach("failed")
            raise NotRestoredError(
                f"rollback to '{plan.version.template}': {failure.verdict.text}{_edited(watch)}.", "run reconcile"
            ) from failure
        return self._result(done, watch)

    def reconcile(self, found: Found) -> Result:
        """
        Finish or undo what a dead client left.

        Raises:
            RefusedError: It is not ours; nothing was touched.
            DeployError: As `perform`.
        """
        is_empty = found.snapshot is not None and health.is_empty(found.snapshot)
        plan = Plan("wait", found.version, None, found.entry, found.version, found.left_s, found.warnings, is_empty)
        plan = replace(plan, short_delay=found.short_delay)
        if found.action == "nothing":
            return self.perform(replace(plan, action="nothing"))
        if found.action == "foreign":
            raise RefusedError(f"group '{self.config.group}': {found.text}.", "ask whoever did, or deploy a release")
        self.say(found.text)
        plan = replace(plan, budget_s=found.left_s or self._budget_s())
        if found.action == "undo":
            if found.entry is not None:
                self._refuse_mismatch(found.entry)
            watch = self._begin(plan)
            watch.snapshot = found.snapshot
            self._go_back(plan, watch, Verdict("failed", found.text))
        return self.perform(plan)

    def _begin(self, plan: Plan) -> Watch:
        watch = Watch(self.compute, self.config, plan.version, self.compute.time.now_s(), self.show, self.say)
        self.so_far = lambda: self._result(plan, watch)
        return watch

    def _tell(
        self, watch: Watch, version: Version, before: Version, surge: int | None = None, planned: str | None = None
    ) -> None:
        patched = patch_group(self.compute, self.config, version, before, surge, planned=planned)
        watch.replaced, watch.patched = patched.replaced, patched.document
        self._is_told = True

    def _prune(self, result: Result) -> Result:
        """Delete old templates; a problem is a warning, because the rollout itself is done."""
        pruned = prune_templates(self.compute, self.config)
        warnings = (f"old templates were not pruned: {pruned.error}",) if pruned.error else ()
        return replace(
            result,
            pruned=pruned.templates,
            prunable=pruned.remaining,
            warnings=(*result.warnings, *warnings),
            requests=self.compute.requests,
        )

    def _go_back(self, plan: Plan, watch: Watch, found: Verdict) -> None:
        """
        Put the group back onto the fallback, and raise what failed and what was done.

        The rollback's PATCH comes before any evidence is read: the reads may be slow, and they decide nothing.
        """
        watch.reach("failed")
        found = health.with_delay_cause(found, plan.short_delay)
        why = f"release '{plan.version.template}': {found.text}{_edited(watch)}"
        self.say(f"failed: {found.text}")
        instance = failed_instance(watch.snapshot, plan.version, found.instance)
        output = watch.serial_output(instance.name) if instance else ""
        show = partial(evidence, self.compute, self.config, instance, output)
        if plan.entry is None:
            raise NotRestoredError(f"{why}. There is no good release to go back to.", "deploy a fix", show())
        target, proof = plan.entry.version, None
        other = self._mismatch(plan.entry)
        if other:
            fix = "deploy a fix, or name a release: rollback --to"
            raise NotRestoredError(f"{why}. It was not rolled back: {other}.", fix, show())
        self.say(f"going back to {target.template}")
        try:
            self._tell(watch, target, plan.version)
            proof = show()
            watch.until_served(target, None, 0.0, is_way_back=True)
        except SupersededError:
            raise
        except (DeployError, FailedError) as error:
            text = f"{error.verdict.text}{_edited(watch)}" if isinstance(error, FailedError) else str(error)
            what = f"{why}. The way back did not settle: {text}."
            raise NotRestoredError(what, "run reconcile", show() if proof is None else proof) from error
        watch.reach("went back")
        is_empty = watch.snapshot is not None and health.is_empty(watch.snapshot)
        restored = "is set again, and the group has no instances" if is_empty else "serves again"
        what = f"{why}. '{target.template}' {restored}."
        if found.state == "capacity":
            raise CapacityError(what, "free or ask for capacity, and deploy again", proof)
        raise RolledBackError(what, found.fix or "mend what the machine says, and deploy again", proof)

    def _refuse_mismatch(self, fallback: Fallback) -> None:
        other = compare_fallback(self.compute, fallback)
        if other:
            raise RefusedError(f"group '{self.config.group}': {other}.", "name a release: rollback --to")

    def _mismatch(self, fallback: Fallback) -> str:
        """Compare a fallback with its template; one that can't be read is restored, and a warning says so."""
        try:
            return compare_fallback(self.compute, fallback)
        except DeployError as error:
            self.compute.warnings.append(f"the id of template '{fallback.template}' was not compared: {error.message}")
            return ""

    def _budget_s(self) -> float:
        managed = ManagedGroup(self.compute, self.config.zone, self.config.group)
        return self.config.rollout.budget_s(managed.read().target_size)

    def _result(self, plan: Plan, watch: Watch) -> Result:
        return Result(
            changed=self._is_told,
            version=plan.version,
            before=plan.before,
            phases=watch.timeline.phases(),
            machines=watch.timeline.machines,
            warnings=(*plan.warnings, *self.compute.warnings),
            requests=self.compute.requests,
            is_empty=plan.is_empty if watch.snapshot is None else health.is_empty(watch.snapshot),
        )


def _edited(watch: Watch) -> str:
    """Return the edits of the group that came between its PATCH and its failure: they are the likely cause."""
    changes = watch.edits()
    return f". The group was edited during the rollout: {', '.join(changes)}" if changes else ""
