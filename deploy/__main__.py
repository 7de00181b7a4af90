"""
Decide and perform a rollout.

    uv run --project deploy python -m deploy VERB --env dev --image HOST/PATH@sha256:…
"""

import os
import secrets
import signal
import sys
from datetime import UTC, datetime
from typing import Annotated

import click
import typer

from deploy import history, image, preflight, preview, pruning, report
from deploy import plan as plans
from deploy import status as statuses
from deploy.config import Config
from deploy.errors import DeployError, RefusedError, StoppedError
from deploy.observe import Observed, side_by_side
from deploy.observed import Version
from deploy.rollout import Rollout
from deploy.session import Session, opened

_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Image = Annotated[str, typer.Option("--image", help="release to serve, HOST/PATH@sha256:DIGEST or HOST/PATH:TAG")]
Shape = Annotated[report.Format, typer.Option("--format", help="text, json or markdown")]
Commit = Annotated[str, typer.Option(help="commit of the sources, for the record")]


@_app.command()
@opened
def plan(
    session: Session,
    image_: Image,
    shape: Shape = "text",
    exit_code: Annotated[bool, typer.Option("--exit-code", help="end with 2 if there is something to do")] = False,
) -> None:
    """Say what deploy would do; write nothing."""
    found, observed = _planned(session, image_)
    print(preview.shown(preview.preview(session.config, observed, found), shape))
    raise SystemExit(2 if exit_code and found.action != "nothing" else 0)


@_app.command()
@opened
def deploy(
    session: Session,
    image_: Image,
    commit: Commit = "",
    shape: Shape = "text",
) -> None:
    """Roll a release out, wait until it serves, and go back if it does not."""
    found, _ = _planned(session, image_, commit)
    print(report.rollout(_rollout(session).perform(found), session.config.group, shape))


@_app.command()
@opened
def rollback(
    session: Session,
    to: Annotated[str, typer.Option(help="template, digest or commit (default: the last good release before)")] = "",
    force: Annotated[bool, typer.Option("--force", help="allow a release that never was healthy")] = False,
    shape: Shape = "text",
) -> None:
    """Go back to a release that was good, as fast as the group can."""
    observed = session.observed()
    preflight.refuse(session.config, observed)
    before = observed.group.versions[0]
    release = history.to_go_back_to(_releases(session.config, observed), before.template, to, force=force)
    reference = session.registry.resolved(image.Reference(session.config.repository, digest=release.entry.digest))
    budget_s = session.config.rollout.budget_s(observed.group.target_size)
    wanted = plans.Wanted(reference, _run(), _utc_now(), kind="rollback")
    version = Version(release.template, str(plans.intent_of(wanted, budget_s)))
    print(report.rollout(_rollout(session).roll_back(version, before, budget_s), session.config.group, shape))


@_app.command()
@opened
def reconcile(session: Session, shape: Shape = "text") -> None:
    """Finish or undo what a process that died has left; whose it was is said."""
    found = plans.reconcile(session.observed(), _utc_now())
    print(report.rollout(_rollout(session).reconcile(found), session.config.group, shape))


@_app.command()
@opened
def status(session: Session, shape: Shape = "text") -> None:
    """Say what the group serves, since when, what each machine does, and what is not as it should be."""
    found = statuses.status(session.config, session.observed(), _utc_now())
    print(statuses.shown(found, shape))


@_app.command("history")
@opened
def history_(session: Session, shape: Shape = "text") -> None:
    """List the releases of this group's repository, newest first."""
    observed = session.observed()
    print(report.history(_releases(session.config, observed), observed.group.versions[0].template, shape))


@_app.command()
@opened
def prune(session: Session) -> None:
    """Delete templates of ours that nobody needs any more."""
    pruned, troubles = pruning.prune(session.compute, session.config)
    print("\n".join([*(f"pruned {name}" for name in pruned), *troubles]) or "nothing to prune")


def _planned(session: Session, text: str, commit: str = "") -> tuple[plans.Plan, Observed]:
    """Look the image up and read the world, side by side, and decide."""
    asked = image.parse(text)
    if asked.repository != session.config.repository:
        raise RefusedError(
            f"--image: '{asked.repository}' is not the environment's repository '{session.config.repository}'.",
            "correct one of them",
        )
    reference, observed = side_by_side([lambda: session.registry.resolved(asked), session.observed])
    wanted = plans.Wanted(reference, _run(), _utc_now(), commit, os.environ.get("GITHUB_ACTOR", ""))
    return plans.plan(session.config, wanted, observed), observed


def _rollout(session: Session) -> Rollout:
    return Rollout(session.compute, session.config, lambda line: print(line, file=sys.stderr, flush=True))


def _releases(config: Config, observed: Observed) -> tuple[history.Release, ...]:
    serving = observed.group.versions[0].template if plans.is_proven(observed) else ""
    return history.releases(observed.templates, config.repository, serving)


def _utc_now() -> datetime:
    """Return the time of day, for what people read; budgets go by a monotonic clock."""
    return datetime.now(UTC)


def _run() -> str:
    return os.environ.get("GITHUB_RUN_ID") or secrets.token_hex(4)


def main() -> None:
    """Run one verb; the only place where an error becomes an exit code."""
    # Whoever started this in the background may have left SIGINT ignored; a cancelled workflow sends it all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = _app(standalone_mode=False)
        # typer turns Ctrl-C into this return value.
        if code == StoppedError.exit_code:
            raise StoppedError(
                "stopped driving; the cloud goes on with what it was told.", "`reconcile` finishes or undoes it"
            )
    except click.ClickException as error:
        print(f"usage: {error.format_message()} Fix: see --help.", file=sys.stderr)
        raise SystemExit(RefusedError.exit_code) from None
    except DeployError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None


if __name__ == "__main__":
    main()
