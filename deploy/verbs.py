"""The verbs, each as one function: read the group, make a plan, perform it, print the report."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Final

import typer

from deploy.adoption import init
from deploy.call import Call
from deploy.compute_engine.serving_boots import read_serving_boot
from deploy.config import Config
from deploy.doctor.diagnosis import diagnose
from deploy.doctor.readings import Readings, Unread
from deploy.documents.group_state import Version
from deploy.errors import DeployError, ExitCode, NotAllowedError, RefusedError
from deploy.group.observation import Observation
from deploy.group.step_refusals import refuse_lost_checks
from deploy.group.step_rollout import step_rollout
from deploy.options import Timeout
from deploy.parallel import side_by_side
from deploy.prometheus.preflight import refuse_missing_login, refuse_useless_checks
from deploy.prune_verb import prune
from deploy.recorder import last_result
from deploy.release import image
from deploy.release.record import Fallback
from deploy.report.findings import findings_report
from deploy.report.preview import preview, preview_report
from deploy.report.rebuilt_result import rebuilt_result
from deploy.report.releases import release_rows, releases_report
from deploy.report.status import status, status_report
from deploy.rollout.abort_plan import is_abort
from deploy.rollout.analysis import present_checks
from deploy.rollout.deploy_plan import DeployRequest, plan_deploy
from deploy.rollout.plan import ContinueSteps, DeployPlan, DeployRelease, ForeignRollout, NothingToDo
from deploy.rollout.reconcile_plan import plan_reconcile
from deploy.rollout.rollback_plan import RollbackTarget, choose_rollback_target, plan_rollback
from deploy.rollout.served_release import ServedRelease, served_release
from deploy.session import Session
from deploy.step_verbs import abort, abort_canary, promote, record_steps
from deploy.undo import undo_command
from lib.image_reference import Reference
from lib.secret_tokens import load_rules
from lib.streams import write_error

Image = Annotated[str, typer.Option("--image", help="release to serve, HOST/PATH@sha256:DIGEST or HOST/PATH:TAG")]
Commit = Annotated[str, typer.Option(help="commit of the sources, for the release record")]
By = Annotated[str, typer.Option(envvar="GITHUB_ACTOR", help="person or account that deploys, for the release record")]
To = Annotated[
    str, typer.Option(help="template, digest or commit (default: the last proven release before the serving one)")
]
Force = Annotated[bool, typer.Option("--force", help="allow an unproven release")]
HasExitCode = Annotated[bool, typer.Option("--exit-code", help="end with 2 if there is something to do")]
Verb = Callable[..., None]


def plan(
    call: Call, image_: Image, exit_code: HasExitCode = False, commit: Commit = "", timeout: Timeout = None, by: By = ""
) -> None:
    """Print what deploy with the same arguments would do; write nothing."""
    config = call.read_config(timeout)
    session, observed, request, decided = _plan_deploy(call, config, image_, commit, by)
    shown = preview(config, observed, decided, session.registry.find_sbom(request.reference))
    call.print_report(config, preview_report(shown, call.invocation.options.format))
    raise SystemExit(ExitCode.PLAN_DIFFERS if exit_code and not isinstance(decided, NothingToDo) else ExitCode.DONE)


def deploy(call: Call, image_: Image, commit: Commit = "", timeout: Timeout = None, by: By = "") -> None:
    """Roll out a release, wait until it serves, and roll back if it does not."""
    config = call.read_config(timeout)
    session, observed, request, decided = _plan_deploy(call, config, image_, commit, by)
    call.recorder.record_target(ServedRelease(decided.target.template, str(request.reference), commit))
    call.recorder.record_undo(undo_command(call.invocation, config, observed, _version(decided.fallback)))
    call.print_warnings(decided.warnings)
    call.perform(session, config, decided)


def rollback(call: Call, to: To = "", force: Force = False, timeout: Timeout = None) -> None:
    """Restore a proven release, as fast as the group can."""
    config = call.read_config(timeout)
    session = call.open_session(config)
    observed = call.read_observation(session, config, reads_region=True)
    if is_abort(observed.group, to):
        return abort_canary(call, session, config, observed)
    now = session.server_time()
    chosen = choose_rollback_target(config, observed, now, to, force=force)
    decided = plan_rollback(config, observed, chosen, call.invocation.variables.run, now)
    call.recorder.record_target(ServedRelease(chosen.restored.template, str(chosen.reference), chosen.commit))
    before = observed.group.versions[0]
    call.recorder.record_undo(undo_command(call.invocation, config, observed, before, is_proven=False))
    _refuse_same_image(call, session, chosen)
    call.print_warnings(decided.warnings)
    return call.perform(session, config, decided)


def reconcile(call: Call) -> None:
    """Finish the rollout of a killed call, or roll it back if it failed; refuse one that deploy did not begin."""
    config = call.read_config()
    session = call.open_session(config)
    observed = call.read_observation(session, config)
    decided = plan_reconcile(config, observed, session.server_time())
    rollout = step_rollout(observed)
    if rollout:
        refuse_lost_checks(config, rollout)
    if isinstance(decided, ContinueSteps):
        record_steps(call, config, observed, decided)
        return call.perform(session, config, decided)
    call.recorder.record_target(served_release(observed.template, config.repository, config.image_in))
    fallback = None if isinstance(decided, ForeignRollout) else _version(decided.fallback)
    call.recorder.record_undo(undo_command(call.invocation, config, observed, fallback))
    return call.perform(session, config, decided)


def report(call: Call) -> None:
    """Print the report of the last run again; if there is none, print what the group shows of it."""
    config = call.read_config()
    last = last_result(call.invocation.variables.results, config)
    if last is None or last.exit_code is None:
        try:
            session = call.open_session(config)
            observed = call.read_observation(session, config)
            last = rebuilt_result(config, call.invocation.options.env, observed, session.server_time())
        except DeployError as error:
            if last is None:
                raise
            write_error(f"warning: the end of the run can't be read from the group: {error}")
    call.print_result(last)


def status_(call: Call) -> None:
    """Print what the group serves, its canary with step and checks, its instances and any drift."""
    config = call.read_config()
    session = call.open_session(config)
    observed = call.read_observation(session, config)
    shown = status(config, observed, session.server_time(), present_checks(session.checks, observed.group))
    options = call.invocation.options
    call.print_report(config, status_report(shown, options.format, is_long=options.long))


def history(call: Call) -> None:
    """List the releases of the group, newest first."""
    config = call.read_config()
    session = call.open_session(config)
    observed = call.read_observation(session, config, reads_region=True)
    rows, options = release_rows(config, observed, session.server_time()), call.invocation.options
    call.print_report(config, releases_report(rows, options.format, is_long=options.long))


def doctor(call: Call) -> None:
    """List what login, project and group lack for a rollout, each with a command; write nothing."""
    config = call.read_config()
    try:
        readings = call.open_session(config).read_readings(config)
    except NotAllowedError as error:
        readings = Readings(account=Unread(error.message, error.fix))
    findings = diagnose(config, readings)
    report = findings_report(config, findings, call.invocation.options.format)
    if any(finding.state == "wrong" for finding in findings):
        call.refuse(config, report)
    call.print_report(config, report)


VERBS: Final[Mapping[str, Verb]] = {
    "plan": plan,
    "deploy": deploy,
    "promote": promote,
    "abort": abort,
    "rollback": rollback,
    "reconcile": reconcile,
    "report": report,
    "status": status_,
    "history": history,
    "prune": prune,
    "doctor": doctor,
    "init": init,
}
# `local` is the environment of the pipeline's emulator, so that a new file has another name.
DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = {"init": {"env": "dev"}}


def _parse_image(config: Config, text: str) -> Reference:
    reference = image.parse(text)
    if reference.repository != config.repository:
        raise RefusedError(
            f"--image: '{reference.repository}' is not the environment's repository '{config.repository}'.",
            "correct one of them",
        )
    return reference


def _plan_deploy(
    call: Call, config: Config, image_: str, commit: str, by: str
) -> tuple[Session, Observation, DeployRequest, DeployPlan]:
    """Return the plan of `deploy`, with the connections, the group and the request that it was made from."""
    reference = _parse_image(config, image_)
    call.recorder.record_target(ServedRelease("", str(reference), commit))
    session = call.open_session(config)
    observed, request = _read_request(call, session, config, reference, commit, by)
    decided = plan_deploy(config, request, observed)
    _refuse_useless_checks(session, decided, observed)
    return session, observed, request, decided


def _read_request(
    call: Call, session: Session, config: Config, reference: Reference, commit: str, by: str
) -> tuple[Observation, DeployRequest]:
    """Read the image's digest and the group, side by side; the rules of the secret scan are loaded meanwhile."""
    resolved, observed, _ = side_by_side(
        [lambda: session.registry.resolve(reference), lambda: call.read_observation(session, config), load_rules]
    )
    observed = replace(observed, serving_boot=read_serving_boot(session.managed, observed))
    run, now = call.invocation.variables.run, session.server_time()
    return observed, DeployRequest(reference=resolved, run=run, now=now, commit=commit, by=by)


def _refuse_useless_checks(session: Session, plan: DeployPlan, observed: Observation) -> None:
    """Refuse a rollout whose analysis could never have a value; a plan that rolls nothing out reads no metric."""
    if session.checks and isinstance(plan, DeployRelease | ContinueSteps):
        refuse_missing_login(session.checks)
    if session.checks and isinstance(plan, DeployRelease):
        refuse_useless_checks(session.checks, [instance.name for instance in observed.group.active_instances])


def _refuse_same_image(call: Call, session: Session, chosen: RollbackTarget) -> None:
    """Refuse a rollback to a template whose tag is the image that serves already."""
    resolved, before = session.registry.resolve(chosen.reference), call.recorder.result.before
    if not chosen.reference.digest and before and str(resolved) == before.reference:
        raise RefusedError(
            f"rollback: '{chosen.restored.template}' refers to '{chosen.reference}', which is the image that serves"
            " already.",
            "deploy another image by its digest",
        )


def _version(fallback: Fallback | None) -> Version | None:
    return fallback.version if fallback else None
