"""
Update a single machine that cannot roll, go back, or say what it serves.

    uv run --project accessory python -m accessory update --name chromadb --env dev --image HOST/PATH@sha256:…

On success the report is all there is on stdout; on failure stdout stays empty, and the report is the last on stderr.
"""

import getpass
import os
import re
import secrets
import signal
import tempfile
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from accessory import config, errors, image
from accessory.config import Accessory, Environment
from accessory.conversation import Conversation
from accessory.errors import AccessoryError, RefusedError, StoppedError
from accessory.report import Format, shown
from accessory.request import Request
from accessory.result import Outcome
from accessory.transport import Iap, PlainSsh, Transport
from lib.image_reference import Reference
from lib.redaction import redacted, redacted_tail
from lib.streams import protect, write_error, write_progress, write_report
from lib.usage import usage_error

_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Name = Annotated[str, typer.Option("--name", help="vllm or chromadb")]
Env = Annotated[str, typer.Option("--env", help="environments/ENV.yaml")]
Image = Annotated[str, typer.Option("--image", help="HOST/PATH@sha256:DIGEST or HOST/PATH:TAG (default: the file's)")]
Shape = Annotated[Format, typer.Option("--format", help="text, json or markdown")]
Credentials = Annotated[
    Path | None,
    typer.Option(envvar="GOOGLE_APPLICATION_CREDENTIALS", help="no person's credential file (default: gcloud's login)"),
]


@_app.command()
def update(name: Name, env: Env, image_: Image = "", shape: Shape = "text", credentials: Credentials = None) -> None:
    """Bring an image, wait until it is ready, and go back to the one before if it is not."""
    _perform("update", name, env, shape, credentials, image_)


@_app.command()
def rollback(name: Name, env: Env, shape: Shape = "text", credentials: Credentials = None) -> None:
    """Go back to the image that served before, as the machine has recorded it."""
    _perform("rollback", name, env, shape, credentials)


@_app.command()
def status(name: Name, env: Env, shape: Shape = "text", credentials: Credentials = None) -> None:
    """Say what serves, since when, by whom, and whether somebody is updating."""
    _perform("status", name, env, shape, credentials)


def _perform(verb: str, name: str, env: str, shape: Format, credentials: Path | None, asked: str = "") -> None:
    """Do it; the one place where what happened becomes an exit code."""
    began_s, run = time.monotonic(), _run()
    outcome = Outcome(verb, name, env, name, run, datetime.now(UTC))
    conversation = None

    def ended(error: AccessoryError) -> NoReturn:
        known = conversation.outcome if conversation else outcome
        known = replace(known, exit_code=error.exit_code, message=error.message, fix=error.fix)
        write_error(shown(replace(known, seconds=time.monotonic() - began_s), shape))
        raise SystemExit(error.exit_code)

    try:
        with tempfile.TemporaryDirectory(prefix="accessory-") as keys:
            environment, accessory = config.read(env, name)
            outcome = replace(outcome, machine=accessory.machine)
            wanted = _wanted(accessory, asked) if verb == "update" else None
            transport = _transport(environment, accessory, Path(keys), credentials)
            request = Request(verb, name, accessory, run, _by(), wanted)
            conversation = Conversation(transport, request, outcome, write_progress)
            outcome = conversation.hold()
        if outcome.exit_code:
            ended(errors.of(outcome.exit_code, outcome.message, outcome.fix))
        outcome = replace(outcome, seconds=time.monotonic() - began_s, undo=_undo(outcome))
        write_report(shown(outcome, shape))
    except AccessoryError as error:
        ended(error)
    except KeyboardInterrupt:
        is_begun = conversation is not None and conversation.outcome.phases
        goes_on = f"run {run} goes on on the machine." if is_begun else f"run {run} may have begun on the machine."
        ended(StoppedError(f"stopped listening; {goes_on}", "'status', or the same again"))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and it is said so
        write_error(redacted_tail(traceback.format_exc()))
        what = redacted(f"our bug: {type(error).__name__}: {error}.")
        ended(AccessoryError(what, "report it with the lines above"))


def _wanted(accessory: Accessory, asked: str) -> Reference:
    """Return the image to bring: the one asked for, of the repository that the environment's file names."""
    known = image.parse(accessory.image)
    wanted = image.parse(asked) if asked else known
    if wanted.repository != known.repository:
        raise RefusedError(
            f"--image: '{wanted.repository}' is not the environment's repository '{known.repository}'.",
            "correct one of them",
        )
    return wanted


def _transport(environment: Environment, accessory: Accessory, keys: Path, credentials: Path | None) -> Transport:
    if accessory.ssh:
        return PlainSsh(accessory.ssh)
    zone = accessory.zone or environment.zone
    return Iap(accessory.machine, zone, environment.project, keys, credentials, environment.token_hosts)


def _undo(outcome: Outcome) -> str:
    """Return the command that brings back what was; the pipeline's own verb takes ours as flags."""
    if outcome.was is None or outcome.now is None or outcome.verb == "status":
        return ""
    where = f"--name {outcome.name} --env {outcome.environment}"
    if pipeline := os.environ.get("ACCESSORY_COMMAND"):
        return f"{pipeline} {where} " + ("--rollback" if outcome.verb == "update" else f"--image {outcome.was.image}")
    program = "uv run --project accessory python -m accessory"
    if outcome.verb == "update":
        return f"{program} rollback {where}"
    return f"{program} update {where} --image {outcome.was.image}"


def _run() -> str:
    """Return a name of this process; a workflow that is run again keeps its number, so that alone is none."""
    number = re.sub(r"\D", "", os.environ.get("GITHUB_RUN_ID", ""))
    return "-".join(part for part in (number, secrets.token_hex(4)) if part)


def _by() -> str:
    """Return who asks; in the pipeline's container an empty variable says that nobody knows: its user is root."""
    actor = os.environ.get("GITHUB_ACTOR")
    return re.sub(r"[^\w.@-]", "", getpass.getuser() if actor is None else actor, flags=re.ASCII) or "unknown"


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
        raise SystemExit(_app(standalone_mode=False) or 0)
    except typer.TyperException as error:
        write_error(usage_error(error))
        raise SystemExit(RefusedError.exit_code) from None


if __name__ == "__main__":
    main()
