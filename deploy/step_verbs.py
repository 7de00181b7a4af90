"""The verbs of a canary: `promote` goes on with a rollout with steps, `abort` restores the old version."""

from typing import Annotated

import typer

from deploy.call import Call
from deploy.config import Config
from deploy.documents.canary import Canary
from deploy.documents.group_state import Version
from deploy.documents.resource import find_by_link
from deploy.group.observation import Observation
from deploy.options import Timeout
from deploy.prometheus.preflight import refuse_missing_login
from deploy.rollout.abort_plan import plan_abort
from deploy.rollout.analysis import refuse_canary_above_a_limit
from deploy.rollout.plan import ContinueSteps
from deploy.rollout.promote_plan import plan_promotion
from deploy.rollout.served_release import ServedRelease, served_release
from deploy.session import Session
from deploy.undo import undo_command

Step = Annotated[
    int | None,
    typer.Option(min=1, help="step to go on from; a group beyond it is only waited for, up to its next pause"),
]
To = Annotated[str, typer.Option(help="release to go on with: template, digest or commit (default: any)")]
Full = Annotated[bool, typer.Option("--full", help="skip the steps and pauses that are left")]


def promote(call: Call, step: Step = None, to: To = "", full: Full = False, timeout: Timeout = None) -> None:
    """Go on to the next step of a rollout with steps, and from there to the next pause or the end."""
    config = call.read_config(timeout)
    session = call.open_session(config)
    observed = call.read_observation(session, config)
    decided = plan_promotion(config, observed, session.server_time(), is_full=full, step=step, to=to)
    if isinstance(decided, ContinueSteps):
        _refuse_unjudged(session, observed, decided)
        record_steps(call, config, observed, decided)
    else:
        call.recorder.record_target(served_release(observed.template, config.repository, config.image_in))
    call.print_warnings(decided.warnings)
    call.perform(session, config, decided)


def abort(call: Call, timeout: Timeout = None) -> None:
    """End a rollout with steps: restore the old release on every instance."""
    config = call.read_config(timeout)
    session = call.open_session(config)
    observed = call.read_observation(session, config)
    abort_canary(call, session, config, observed)


def abort_canary(call: Call, session: Session, config: Config, observed: Observation) -> None:
    """Restore the version beside the canary of a group; `rollback` does the same."""
    decided = plan_abort(config, observed)
    if isinstance(decided.before, Canary):
        call.recorder.record_before(_release_of(config, observed, decided.before.new))
    call.recorder.record_target(served_release(observed.template, config.repository, config.image_in))
    call.print_warnings(decided.warnings)
    call.perform(session, config, decided)


def record_steps(call: Call, config: Config, observed: Observation, plan: ContinueSteps) -> None:
    """Record the release of a rollout with steps, and the command that restores the version beside its canary."""
    call.recorder.record_target(_release_of(config, observed, plan.target))
    call.recorder.record_undo(undo_command(call.invocation, config, observed, plan.fallback.version))


def _refuse_unjudged(session: Session, observed: Observation, plan: ContinueSteps) -> None:
    """Refuse to go on without the login of the checks, or beyond a step whose checks are above a limit."""
    if session.checks:
        refuse_missing_login(session.checks)
    if plan.promotion:
        refuse_canary_above_a_limit(session.checks, observed.group)


def _release_of(config: Config, observed: Observation, version: Version) -> ServedRelease:
    """Return the release of a version; the name of its template alone if that was not found."""
    document = find_by_link(observed.templates, version.link)
    if document is None:
        return ServedRelease(version.template)
    return served_release(document, config.repository, config.image_in)
