"""
Decide and perform a rollout.

    uv run --project deploy python -m deploy VERB --env dev --image HOST/PATH@sha256:…

On success the report is all there is on stdout; on failure stdout stays empty, and the report is the last on stderr.
"""

import contextlib
import os
import signal
import traceback
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer

from deploy.errors import CloudError, DeployError, RefusedError, StoppedError, refusal
from deploy.group.observation import Observation
from deploy.options import Settings, with_settings
from deploy.parallel import side_by_side
from deploy.release import image
from deploy.report import formats, preview, releases
from deploy.report import status as statuses
from deploy.report.rebuilt import rebuilt, serving
from deploy.rollout import plan as plans
from deploy.rollout.pruning import prune_templates
from deploy.rollout.result import Serving
from deploy.rollout.rollback_plan import plan_rollback
from deploy.run import Run
from lib.image_reference import Reference
from lib.redaction import redacted, redacted_tail
from lib.streams import protect, write_error, write_report
from lib.usage import usage_error

_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Image = Annotated[str, typer.Option("--image", help="release to serve, HOST/PATH@sha256:DIGEST or HOST/PATH:TAG")]
Timeout = Annotated[float | None, typer.Option(help="seconds until the rollout has failed")]
Commit = Annotated[str, typer.Option(help="commit of the sources, for the record")]
By = Annotated[str, typer.Option(envvar="GITHUB_ACTOR", help="person or account that asks, for the record")]
To = Annotated[str, typer.Option(help="template, digest or commit (default: the last good release before)")]
Force = Annotated[bool, typer.Option("--force", help="allow a release that is unproven")]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="end with 2 if there is something to do")]


def _verb(work: Callable[..., None]) -> None:
    """Register a verb, named like its function; the one place where an error becomes an exit code."""
    name = work.__name__.rstrip("_")

    def call(settings: Settings, **own: Any) -> None:
        run = Run(name, settings)
        try:
            work(run, **own)
        except DeployError as error:
            ended = refusal(error) if isinstance(error, CloudError) else error
            write_error(run.failed(ended))
            raise SystemExit(ended.exit_code) from None
        except KeyboardInterrupt:
            _stop(run)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and it is said so
            write_error(redacted_tail(traceback.format_exc()))
            what = redacted(f"our bug: {type(error).__name__}: {error}.")
            bug = DeployError(what, "report it with the lines above")
            write_error(run.failed(bug))
            raise SystemExit(bug.exit_code) from None

    _app.command(name)(with_settings(work, call))


@_verb
def plan(
    run: Run, image_: Image, exit_code: ExitCode = False, commit: Commit = "", timeout: Timeout = None, by: By = ""
) -> None:
    """Print what deploy with the same arguments would do; write nothing."""
    run.within(timeout)
    found, observed, reference = _planned(run, image_, commit, by)
    bill = run.session.registry.find_sbom(reference)
    write_report(run.headed(preview.shown(preview.preview(run.config, observed, found, bill), run.settings.shape)))
    raise SystemExit(2 if exit_code and found.action != "nothing" else 0)


@_verb
def deploy(run: Run, image_: Image, commit: Commit = "", timeout: Timeout = None, by: By = "") -> None:
    """Roll a release out, wait until it serves, and go back if it does not."""
    run.within(timeout)
    found, observed, _ = _planned(run, image_, commit, by)
    run.knows(undo=run.undo(observed, found.entry.version if found.entry else None))
    for warning in found.warnings:
        write_error(f"warning: {warning}")
    with run.rollout() as rollout:
        result = rollout.perform(found)
    write_report(run.done(result))


@_verb
def rollback(run: Run, to: To = "", force: Force = False, timeout: Timeout = None) -> None:
    """Go back to a release that was good, as fast as the group can."""
    run.within(timeout)
    observed = run.observed()
    found = plan_rollback(run.config, observed, run.id, run.server_time(), to, force=force)
    wanted = Serving(found.version.template, str(found.reference), found.commit)
    run.knows(wanted=wanted, undo=run.undo(observed, found.before, is_proven=False))
    held = run.session.registry.resolve(found.reference)
    if not found.reference.digest and run.outcome.was and str(held) == run.outcome.was.reference:
        raise RefusedError(
            f"rollback: '{found.version.template}' refers to '{found.reference}', which is the very image that serves.",
            "deploy another one by its digest",
        )
    for warning in found.warnings:
        write_error(f"warning: {warning}")
    with run.rollout() as rollout:
        result = rollout.roll_back(found)
    write_report(run.done(result))


@_verb
def reconcile(run: Run) -> None:
    """Finish or undo what a process that died has left; whose it was is said."""
    observed = run.observed()
    found = plans.reconcile(observed, run.server_time())
    run.knows(
        wanted=serving(observed.template, run.config.repository),
        undo=run.undo(observed, found.entry.version if found.entry else None),
    )
    with run.rollout() as rollout:
        result = rollout.reconcile(found)
    write_report(run.done(result))


@_verb
def report_(run: Run) -> None:
    """Give the last run's report again, or what the group tells of it."""
    last = run.last()
    if last is None or last.exit_code is None:
        try:
            last = rebuilt(run.observed(), run.config, run.settings.env, run.server_time())
        except DeployError as error:
            if last is None:
                raise
            write_error(f"warning: the group can't be asked how it ended: {error}")
    write_report(formats.outcome(last, run.command, run.settings.shape))


@_verb
def status(run: Run) -> None:
    """Say what the group serves, since when, what each machine does, and what is not as it should be."""
    write_report(
        run.headed(statuses.shown(statuses.status(run.config, run.observed(), run.server_time()), run.settings.shape))
    )


@_verb
def history_(run: Run) -> None:
    """List the releases of this group's repository, newest first."""
    found = releases.rows(run.config, run.observed(), run.server_time())
    write_report(run.headed(releases.shown(found, run.settings.shape)))


@_verb
def prune(run: Run) -> None:
    """Delete the oldest templates of this group's history that nothing needs, at most 20."""
    pruned = prune_templates(run.session.compute, run.config)
    if pruned.error:
        for name in pruned.templates:
            write_error(f"pruned {name}")
        raise pruned.error
    write_report(run.headed(formats.pruned(pruned, run.settings.shape, run.config.endpoint_overrides)))


def _planned(run: Run, text: str, commit: str, by: str) -> tuple[plans.Plan, Observation, Reference]:
    """Look the image up and read the world, side by side, and decide."""
    repository = run.config.repository  # read first: from then on, this run's outcome is the group's last
    asked = image.parse(text)
    if asked.repository != repository:
        raise RefusedError(
            f"--image: '{asked.repository}' is not the environment's repository '{repository}'.",
            "correct one of them",
        )
    run.knows(wanted=Serving("", str(asked), commit))
    registry = run.session.registry
    reference, observed = side_by_side([lambda: registry.resolve(asked), run.observed])
    wanted = plans.Wanted(reference, run.id, run.server_time(), commit, by)
    found = plans.plan(run.config, wanted, observed)
    run.knows(wanted=Serving(found.version.template, str(reference), commit))
    return found, observed, reference


def _stop(run: Run) -> NoReturn:
    """Say what goes on without us, and leave at once: requests that hang are not waited for, nor a second Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        write_error(run.interrupted())
    os._exit(StoppedError.exit_code)


def main() -> None:
    """Run one verb."""
    protect()
    # Whoever started this in the background may have left SIGINT ignored; a cancelled workflow sends it all the same.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, signal.default_int_handler)
    # `nohup` leaves SIGHUP ignored, and that is kept.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        # typer gives what ended it as a number: 130 after a Ctrl-C that came before the verb.
        raise SystemExit(_app(standalone_mode=False) or 0)
    except typer.TyperException as error:
        write_error(usage_error(error))
        raise SystemExit(RefusedError.exit_code) from None


if __name__ == "__main__":
    main()
