"""The automatic rollback of a release that failed: restore its fallback, and say what failed and what was done."""

from functools import partial

from deploy.compute_engine.fallback_template import compare_fallback
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.documents.canary import Target
from deploy.documents.group_state import Version
from deploy.errors import CapacityError, DeployError, NotRestoredError, RefusedError, RolledBackError, SupersededError
from deploy.group import health
from deploy.group.health import Verdict
from deploy.release.record import Fallback
from deploy.rollout.diagnostics import failed_instance, read_diagnostics
from deploy.rollout.group_writer import GroupWriter
from deploy.rollout.plan import ContinueSteps, DeployRelease, UndoRollout, WaitForRollout
from deploy.rollout.watch import Watch
from deploy.rollout.watch_errors import NotServedError
from deploy.rollout.watch_state import Goal


def roll_back(
    plan: WaitForRollout | DeployRelease | ContinueSteps | UndoRollout,
    writer: GroupWriter,
    before: Target,
    verdict: Verdict,
) -> DeployError:
    """
    Restore the fallback, and return the error that says what failed and what was done.

    The rollback's PATCH comes before any diagnostics are read: the reads may be slow, and no decision needs them.

    Args:
        plan: plan of the release that failed.
        writer: writes to the group.
        before: what the group is set to: the release, or a canary of it.
        verdict: why the release failed.

    Raises:
        SupersededError: another process or client changed the group's version.
    """
    watch = writer.watch
    watch.reach("failed")
    verdict = health.with_delay_cause(verdict, plan.short_delay)
    reason = f"release '{plan.target.template}': {verdict.text}{edits_text(watch)}"
    watch.print_line(f"failed: {verdict.text}")
    instance = failed_instance(watch.group, plan.target, verdict.instance)
    output = watch.serial_output(instance.name) if instance else ""
    diagnose = partial(read_diagnostics, writer.managed, instance, output)
    if plan.fallback is None:
        text = f"{reason}. There is no proven release to restore."
        return NotRestoredError(text, "deploy a fix", diagnose())
    mismatch_text = _mismatch(writer, plan.fallback)
    if mismatch_text:
        fix = "deploy a fix, or name a release: `rollback --to TEMPLATE`"
        return NotRestoredError(f"{reason}. It was not rolled back: {mismatch_text}.", fix, diagnose())
    restored, diagnostics = plan.fallback.version, None
    watch.print_line(f"rolling back to {restored.template}")
    try:
        writer.patch(restored, before)
        diagnostics = diagnose()
        writer.warnings += watch.until_served(Goal(target=restored, budget_s=None, is_rollback=True))
    except SupersededError:
        raise
    except (DeployError, NotServedError) as error:
        cause = f"{error.verdict.text}{edits_text(watch)}" if isinstance(error, NotServedError) else str(error)
        text = f"{reason}. The rollback did not settle: {cause}."
        return NotRestoredError(text, "run `reconcile`", diagnose() if diagnostics is None else diagnostics)
    watch.reach("rolled back")
    is_empty = watch.group is not None and health.is_empty(watch.group)
    return _rolled_back_error(reason, restored, verdict, diagnostics, is_empty=is_empty)


def refuse_mismatch(managed: ManagedGroup, fallback: Fallback) -> None:
    """Refuse to restore a version whose template is another one than the record's; nothing was written."""
    text = compare_fallback(managed.compute, fallback)
    if text:
        raise RefusedError(f"group '{managed.name}': {text}.", "name a release: `rollback --to TEMPLATE`")


def edits_text(watch: Watch) -> str:
    """Return the edits of the group between our PATCH and the failure, which are the likely cause."""
    edits = watch.edits()
    return f". The group was edited during the rollout: {', '.join(edits)}" if edits else ""


def _mismatch(writer: GroupWriter, fallback: Fallback) -> str:
    """Return why a fallback is not restored; a template that can't be read is restored, with a warning."""
    try:
        return compare_fallback(writer.managed.compute, fallback)
    except DeployError as error:
        writer.warnings += (f"the id of template '{fallback.template}' was not compared: {error.message}",)
        return ""


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
