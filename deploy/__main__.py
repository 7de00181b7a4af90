"""
Runs a verb of verbs.py, and ends with its exit code.

    uv run --project deploy python -m deploy VERB --env dev --image HOST/PATH@sha256:…

On success, stdout has the report and nothing else. On failure stdout stays empty, and the report is the last on stderr.
"""

import contextlib
import gc
import os
import shutil
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import typer

from deploy.call import Call
from deploy.errors import CloudError, DeployError, RefusedError, StoppedError, refusal
from deploy.options import Invocation, Options, read_variables, with_options
from deploy.recorder import Recorder
from deploy.report.formats import run_report
from deploy.rollout.result import RunResult
from deploy.typed_command import typed_command
from deploy.verbs import DEFAULTS, VERBS, Verb
from lib.redaction import redacted, redacted_tail
from lib.streams import protect, write_error
from lib.usage import usage_error

_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _register(name: str, verb: Verb) -> None:
    """Register a verb; the one place where an error becomes an exit code."""

    def call(options: Options, **own: Any) -> None:
        command = typed_command(sys.orig_argv, sys.argv, Path.cwd(), os.environ, shutil.which)
        invocation = Invocation(name, options, read_variables(os.environ, command))
        recorder = Recorder(invocation)
        try:
            verb(Call(invocation, recorder), **own)
        except DeployError as error:
            _fail(invocation, recorder, refusal(error) if isinstance(error, CloudError) else error)
        except KeyboardInterrupt:
            _stop(invocation, recorder)
        except Exception as error:  # noqa: BLE001 - every other error is a bug in deploy, and the report says so
            write_error(redacted_tail(traceback.format_exc()))
            text = redacted(f"bug in deploy: {type(error).__name__}: {error}.")
            _fail(invocation, recorder, DeployError(text, "report it with the lines above"))

    _app.command(name)(with_options(verb, call, DEFAULTS.get(name, {})))


def _fail(invocation: Invocation, recorder: Recorder, error: DeployError) -> NoReturn:
    """Print the report of a run that failed, and end."""
    write_error(_report(invocation, recorder.fail(error)))
    raise SystemExit(error.exit_code) from None


def _stop(invocation: Invocation, recorder: Recorder) -> NoReturn:
    """Print what continues without this process, and end at once, without waiting for requests that hang."""
    with contextlib.suppress(KeyboardInterrupt):  # a second Ctrl-C ends the process at once too
        write_error(_report(invocation, recorder.interrupt()))
    os._exit(StoppedError.exit_code)


def _report(invocation: Invocation, result: RunResult) -> str:
    return run_report(result, invocation.command, invocation.options.format, is_long=invocation.options.long)


def main() -> None:
    """Run one verb."""
    protect()
    # A background job of a shell starts with SIGINT ignored; a cancelled workflow sends it all the same.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, signal.default_int_handler)
    # `nohup` leaves SIGHUP ignored, and it stays ignored.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    for name, verb in VERBS.items():
        _register(name, verb)
    try:
        # typer returns an exit code as a number: 130 after a Ctrl-C that came before the verb.
        raise SystemExit(_app(standalone_mode=False) or 0)
    except typer.TyperException as error:
        write_error(usage_error(error))
        raise SystemExit(RefusedError.exit_code) from None
    finally:
        gc.freeze()  # so that the interpreter's last collection does not visit every import, which takes 0.1 s


if __name__ == "__main__":
    main()
