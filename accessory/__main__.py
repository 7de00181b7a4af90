"""
Update a single VM, roll it back, or print what it serves.

    uv run --project accessory python -m accessory update --name chromadb --env dev --image HOST/PATH@sha256:…

On success stdout has only the report; on failure stdout is empty, and the report is the last text on stderr.
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
from accessory.report import Format, rendered
from accessory.request import Request
from accessory.result import Outcome
from accessory.transport import Iap, PlainSsh, Transport
from lib.image_reference import Reference
from lib.redaction import redacted, redacted_tail
from lib.streams import protect, write_error, write_progress, write_report
from lib.usage import usage_error

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Name = Annotated[str, typer.Option("--name", help="a key of 'accessories' in the environment file")]
Env = Annotated[str, typer.Option("--env", help="environments/ENV.yaml")]
Image = Annotated[
    str,
    typer.Option(
        "--image", help="HOST/PATH@sha256:DIGEST or HOST/PATH:TAG (default: the image of environments/ENV.yaml)"
    ),
]
Shape = Annotated[Format, typer.Option("--format", help="text, json or markdown")]
Credentials = Annotated[
    Path | None,
    typer.Option(envvar="GOOGLE_APPLICATION_CREDENTIALS", help="a service account's file (default: gcloud's login)"),
]


@app.command()
def update(name: Name, env: Env, image_: Image = "", shape: Shape = "text", credentials: Credentials = None) -> None:
    """Start an image, wait until it is ready, and roll back to the previous image on failure."""
    _perform("update", name, env, shape, credentials, image_)


@app.command()
def rollback(name: Name, env: Env, shape: Shape = "text", credentials: Credentials = None) -> None:
    """Start the previous image in the VM's record."""
    _perform("rollback", name, env, shape, credentials)


@app.command()
def status(name: Name, env: Env, shape: Shape = "text", credentials: Credentials = None) -> None:
    """Print what serves, since when, by whom, and whether an update is in progress."""
    _perform("status", name, env, shape, credentials)


def _perform(verb: str, name: str, env: str, shape: Format, credentials: Path | None, image_text: str = "") -> None:
    """Run a verb, print its report and exit with its code."""
    started_s, run = time.monotonic(), _run()
    outcome = Outcome(verb, name, env, name, run, datetime.now(UTC))
    conversation = None

    def fail(error: AccessoryError) -> NoReturn:
        failure = conversation.outcome if conversation else outcome
        failure = replace(failure, exit_code=error.exit_code, message=error.message, fix=error.fix)
        write_error(rendered(replace(failure, seconds=time.monotonic() - started_s), shape))
        raise SystemExit(error.exit_code)

    try:
        with tempfile.TemporaryDirectory(prefix="accessory-") as keys:
            environment, accessory = config.read(env, name)
            outcome = replace(outcome, vm=accessory.vm)
            reference = _reference(accessory, image_text) if verb == "update" else None
            transport = _transport(environment, accessory, Path(keys), credentials)
            request = Request(verb, name, accessory, run, _by(), reference)
            conversation = Conversation(transport, request, outcome, write_progress)
            outcome = conversation.run()
        if outcome.exit_code:
            fail(errors.error_of(outcome.exit_code, outcome.message, outcome.fix))
        outcome = replace(outcome, seconds=time.monotonic() - started_s, undo=_undo(outcome))
        write_report(rendered(outcome, shape))
    except AccessoryError as error:
        fail(error)
    except KeyboardInterrupt:
        is_started = conversation is not None and conversation.outcome.phases
        state = f"run {run} continues on the VM." if is_started else f"run {run} may have started on the VM."
        fail(StoppedError(f"interrupted; {state}", "'status', or the same command again"))
    except Exception as error:  # noqa: BLE001 - every other error is a bug, and reported as one
        write_error(redacted_tail(traceback.format_exc()))
        message = redacted(f"bug in accessory: {type(error).__name__}: {error}.")
        fail(AccessoryError(message, "report it with the lines above"))


def _reference(accessory: Accessory, image_text: str) -> Reference:
    """Return the image of `--image`, which must have the repository of the environment's file, or of this file."""
    default = image.parse(accessory.image)
    reference = image.parse(image_text) if image_text else default
    if reference.repository != default.repository:
        raise RefusedError(
            f"--image: '{reference.repository}' is not the environment's repository '{default.repository}'.",
            "correct one of them",
        )
    return reference


def _transport(environment: Environment, accessory: Accessory, keys: Path, credentials: Path | None) -> Transport:
    if accessory.ssh:
        return PlainSsh(accessory.ssh)
    zone = accessory.zone or environment.zone or ""
    return Iap(accessory.vm, zone, environment.project, keys, credentials, environment.token_hosts)


def _undo(outcome: Outcome) -> str:
    """Return the command that restores the previous release, in the syntax of the pipeline if the pipeline runs us."""
    if outcome.previous is None or outcome.current is None or outcome.verb == "status":
        return ""
    options = f"--name {outcome.name} --env {outcome.environment}"
    if pipeline := os.environ.get("ACCESSORY_COMMAND"):
        return f"{pipeline} {options} " + (
            "--rollback" if outcome.verb == "update" else f"--image {outcome.previous.image}"
        )
    program = "uv run --project accessory python -m accessory"
    if outcome.verb == "update":
        return f"{program} rollback {options}"
    return f"{program} update {options} --image {outcome.previous.image}"


def _run() -> str:
    """Return an id of this process; a repeated workflow keeps its number, so the id has a random part too."""
    number = re.sub(r"\D", "", os.environ.get("GITHUB_RUN_ID", ""))
    return "-".join(part for part in (number, secrets.token_hex(4)) if part)


def _by() -> str:
    """Return the operator; an empty variable, as in the pipeline's container with its user root, is unknown."""
    actor = os.environ.get("GITHUB_ACTOR")
    return re.sub(r"[^\w.@-]", "", getpass.getuser() if actor is None else actor, flags=re.ASCII) or "unknown"


def main() -> None:
    """Run the verb of the command line."""
    protect()
    # A shell that starts a background process sets SIGINT to ignored; a cancelled workflow sends SIGINT anyway.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, signal.default_int_handler)
    # `nohup` sets SIGHUP to ignored; this stays.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        raise SystemExit(app(standalone_mode=False) or 0)
    except typer.TyperException as error:
        write_error(usage_error(error))
        raise SystemExit(RefusedError.exit_code) from None


if __name__ == "__main__":
    main()
