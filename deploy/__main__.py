"""
Decide and perform a rollout.

    uv run --project deploy python -m deploy VERB --env dev --image HOST/PATH@sha256:…
"""

import os
import secrets
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import click
import httpx
import typer

from deploy import config as environments
from deploy import credentials, history, image, preflight, pruning, report
from deploy import plan as plans
from deploy.compute import Compute, Time
from deploy.config import Config
from deploy.errors import DeployError, RefusedError, StoppedError
from deploy.observe import Observed, granted, observe
from deploy.observed import Version
from deploy.rollout import Rollout

_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Env = Annotated[str, typer.Option(help="environments/ENV.yaml")]
Image = Annotated[str, typer.Option(help="release to serve, HOST/PATH@sha256:DIGEST")]
ComputeUrl = Annotated[str, typer.Option(envvar="COMPUTE_URL", help="another Compute endpoint, such as the emulator's")]
File = Annotated[
    Path | None, typer.Option("--credentials", envvar="GOOGLE_APPLICATION_CREDENTIALS", help="credential file")
]
Shape = Annotated[report.Format, typer.Option("--format", help="text, json or markdown")]
Commit = Annotated[str, typer.Option(help="commit of the sources, for the record")]
Override = Annotated[str, typer.Option(help="overrides the environment file")]


@dataclass(frozen=True)
class _Session:
    """Everything that a verb works with."""

    config: Config
    compute: Compute
    asked: Callable[[], set[str]]

    def observed(self) -> Observed:
        return observe(self.compute, self.config, self.asked)

    def rollout(self) -> Rollout:
        return Rollout(self.compute, self.config, lambda line: print(line, file=sys.stderr, flush=True))


@_app.command()
def plan(
    image_: Annotated[str, typer.Option("--image", help="release to serve, HOST/PATH@sha256:DIGEST")],
    env: Env = "local",
    compute_url: ComputeUrl = "",
    file: File = None,
    shape: Shape = "text",
    exit_code: Annotated[bool, typer.Option("--exit-code", help="end with 2 if there is something to do")] = False,
) -> None:
    """Say what deploy would do; write nothing."""
    session = _session(env, compute_url, file)
    found = plans.plan(session.config, _wanted(session.config, image_, ""), session.observed())
    print(report.plan(found, session.config.group, shape))
    raise SystemExit(2 if exit_code and found.action != "nothing" else 0)


@_app.command()
def deploy(
    image_: Annotated[str, typer.Option("--image", help="release to serve, HOST/PATH@sha256:DIGEST")],
    env: Env = "local",
    compute_url: ComputeUrl = "",
    file: File = None,
    commit: Commit = "",
    shape: Shape = "text",
) -> None:
    """Roll a release out, wait until it serves, and go back if it does not."""
    session = _session(env, compute_url, file)
    found = plans.plan(session.config, _wanted(session.config, image_, commit), session.observed())
    print(report.rollout(session.rollout().perform(found), session.config.group, shape))


@_app.command()
def rollback(
    env: Env = "local",
    to: Annotated[str, typer.Option(help="template, digest or commit (default: the last good release before)")] = "",
    force: Annotated[bool, typer.Option("--force", help="allow a release that never was healthy")] = False,
    compute_url: ComputeUrl = "",
    file: File = None,
    shape: Shape = "text",
) -> None:
    """Go back to a release that was good, as fast as the group can."""
    session = _session(env, compute_url, file)
    observed = session.observed()
    preflight.refuse(session.config, observed)
    before = observed.group.versions[0]
    release = history.to_go_back_to(_releases(session.config, observed), before.template, to, force=force)
    budget_s = session.config.rollout.budget_s(observed.group.target_size)
    wanted = plans.Wanted(
        image.Reference(session.config.repository, digest=release.entry.digest), _run(), _utc_now(), kind="rollback"
    )
    version = Version(release.template, str(plans.intent_of(wanted, budget_s)))
    print(report.rollout(session.rollout().roll_back(version, before, budget_s), session.config.group, shape))


@_app.command()
def reconcile(env: Env = "local", compute_url: ComputeUrl = "", file: File = None, shape: Shape = "text") -> None:
    """Finish or undo what a process that died has left; whose it was is said."""
    session = _session(env, compute_url, file)
    found = plans.reconcile(session.observed(), _utc_now())
    print(report.rollout(session.rollout().reconcile(found), session.config.group, shape))


@_app.command()
def status(env: Env = "local", compute_url: ComputeUrl = "", file: File = None) -> None:
    """Say what the group serves, and what each machine does."""
    session = _session(env, compute_url, file)
    observed = session.observed()
    group = observed.group
    print(f"{session.config.group}: {plans.reconcile(observed, _utc_now()).text}")
    print(f"  target {group.target_size} · stable {_yes(group.is_stable)} · reached {_yes(group.is_reached)}")
    for machine in group.machines:
        template = machine.version.template if machine.version else "leaving"
        print(f"  {machine.name} {machine.status or 'absent'} {machine.action} {machine.health or '-'} {template}")


@_app.command("history")
def history_(env: Env = "local", compute_url: ComputeUrl = "", file: File = None, shape: Shape = "text") -> None:
    """List the releases of this group's repository, newest first."""
    session = _session(env, compute_url, file)
    observed = session.observed()
    print(report.history(_releases(session.config, observed), observed.group.versions[0].template, shape))


@_app.command()
def prune(env: Env = "local", compute_url: ComputeUrl = "", file: File = None) -> None:
    """Delete templates of ours that nobody needs any more."""
    session = _session(env, compute_url, file)
    pruned, troubles = pruning.prune(session.compute, session.config)
    print("\n".join([*(f"pruned {name}" for name in pruned), *troubles]) or "nothing to prune")


def _session(env: str, compute_url: str, file: Path | None) -> _Session:
    config = environments.read(env, {"compute_url": compute_url})
    # A named endpoint that is plain HTTP is an emulator; it needs no credentials, and gets none.
    headers = credentials.none if config.compute_url.startswith("http://") else credentials.headers(file)
    client = httpx.Client(trust_env=not config.compute_url.startswith("http://"))
    compute = Compute(client, config.compute_url, config.project, headers, Time(time.monotonic, time.sleep))
    emulated = config.compute_url.startswith("http://")
    manager = config.compute_url.partition("/compute/")[0] if emulated else config.resource_manager_url
    return _Session(config, compute, lambda: granted(client, manager, config.project, headers))


def _wanted(config: Config, text: str, commit: str) -> plans.Wanted:
    reference = image.parse(text)
    if not reference.digest:
        raise RefusedError(f"--image: got '{text}', a tag.", "name the digest, HOST/PATH@sha256:…")
    if reference.repository != config.repository:
        raise RefusedError(
            f"--image: '{reference.repository}' is not the environment's repository '{config.repository}'.",
            "correct one of them",
        )
    return plans.Wanted(reference, _run(), _utc_now(), commit, os.environ.get("GITHUB_ACTOR", ""))


def _releases(config: Config, observed: Observed) -> tuple[history.Release, ...]:
    serving = observed.group.versions[0].template if plans.is_proven(observed) else ""
    return history.releases(observed.templates, config.repository, serving)


def _utc_now() -> datetime:
    """Return the time of day, for what people read; budgets go by a monotonic clock."""
    return datetime.now(UTC)


def _run() -> str:
    return os.environ.get("GITHUB_RUN_ID") or secrets.token_hex(4)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


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
