"""The verbs of a canary: `promote` goes on with a rollout with steps, `abort` restores the old version."""

from typing import Annotated

import typer

from deploy.call import Call
from deploy.config import Config
from deploy.documents.resource import links_of
from deploy.group.observation import Observation
from deploy.options import Timeout
from deploy.rollout.analysis import refuse_canary_above_a_limit
from deploy.rollout.plan import ContinueSteps
from deploy.rollout.rollback_plan import abort_target, plan_rollback
from deploy.rollout.served_release import ServedRelease, served_release
from deploy.rollout.step_plan import plan_promotion, required_rollout
from deploy.undo import undo_command

Full = Annotated[bool, typer.Option("--full", help="skip the steps and pauses that are left")]


def promote(call: Call, full: Full = False, timeout: Timeout = None) -> None:
    """Go on to the next step of a rollout with steps, and from there to the next pause or the end."""
    config = call.read_config(timeout)
    session = call.open_session(config)
    observed = call.read_observation(session, config)
    decided = plan_promotion(config, observed, is_full=full)
    refuse_canary_above_a_limit(session.checks, observed.group)
    record_steps(call, config, observed, decided)
    call.print_warnings(decided.warnings)
    call.perform(session, config, decided)


def abort(call: Call, timeout: Timeout = None) -> None:
    """End a rollout with steps: restore the old release on every instance."""
    config = call.read_config(timeout)
    session = call.open_session(config)
    observed = call.read_observation(session, config)
    rollout = required_rollout(config, observed, "abort")
    chosen = abort_target(config, observed, rollout)
    decided = plan_rollback(config, observed, chosen, call.invocation.variables.run, session.server_time())
    call.recorder.record_before(served_release(rollout.template, config.repository, config.image_in))
    call.recorder.record_target(ServedRelease(chosen.restored.template, str(chosen.reference), chosen.commit))
    call.print_warnings(decided.warnings)
    call.perform(session, config, decided)


def record_steps(call: Call, config: Config, observed: Observation, plan: ContinueSteps) -> None:
    """Record the release of a rollout with steps, and the command that restores the version beside its canary."""
    new = next((template for template in observed.templates if plan.target.link in links_of(template)), {})
    call.recorder.record_target(served_release(new, config.repository, config.image_in))
    call.recorder.record_undo(undo_command(call.invocation, config, observed, plan.fallback.version))
