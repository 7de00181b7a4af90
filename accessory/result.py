"""The outcome of a run: frozen values that grow with each line from the VM."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from lib.redaction import redacted


@dataclass(frozen=True)
class Release:
    """
    An image that serves or served.

    Args:
        image: HOST/PATH@sha256:…, or the id of an image without a digest of a registry.
        since: UTC, ISO 8601; empty without a record.
        by: operator of the update; empty without a record.
        run: id of the update's run; empty without a record.
    """

    image: str
    since: str = ""
    by: str = ""
    run: str = ""


@dataclass(frozen=True)
class Phase:
    """
    A part of a run and its duration.

    Args:
        name: preflight, pull, snapshot, switch, ready or rollback.
        seconds: duration of the phase.
    """

    name: str
    seconds: float


@dataclass(frozen=True)
class ActiveRun:
    """
    A run that has not settled.

    Args:
        run: id of the run.
        by: operator of the run.
        since: UTC, ISO 8601.
        request: verb and image.
        is_running: False if the VM interrupted the run, for example by a shutdown.
    """

    run: str
    by: str
    since: str
    request: str
    is_running: bool


@dataclass(frozen=True)
class Outcome:
    """
    A run with the values that are known so far.

    Args:
        verb: update, rollback or status.
        name: name of the accessory.
        environment: value of `--env`.
        vm: name of the VM.
        run: id of the run.
        started_at: start in UTC.
        seconds: duration.
        exit_code: None until the end of the run.
        previous: release before the run; None if it is unknown.
        current: release that serves; None if it is unchanged or unknown.
        is_ready: whether the current release passed the readiness checks; None without a check.
        phases: phases in order.
        down_s: seconds between the stop of one container and the readiness of the next; None without a stop.
        snapshot: folder on the VM with the data from before the run.
        history: recorded releases, newest first; only for status.
        active_run: run that has not settled; only for status.
        notes: facts for the operator.
        diagnostics: last output of the failed part, without secrets.
        message: place and problem of a failure.
        fix: one action.
        undo: command that restores the previous release; may be empty.
    """

    verb: str
    name: str
    environment: str
    vm: str
    run: str
    started_at: datetime
    seconds: float = 0.0
    exit_code: int | None = None
    previous: Release | None = None
    current: Release | None = None
    is_ready: bool | None = None
    phases: tuple[Phase, ...] = ()
    down_s: float | None = None
    snapshot: str = ""
    history: tuple[Release, ...] = ()
    active_run: ActiveRun | None = None
    notes: tuple[str, ...] = ()
    diagnostics: tuple[str, ...] = ()
    message: str = ""
    fix: str = ""
    undo: str = ""


# The changes of an outcome for each keyword of a line and its values.
_KEYWORDS: Final[dict[str, Callable[..., dict[str, object]]]] = {
    "was": lambda _, image, since, by: {"previous": Release(image, since, by) if image else None},
    "is": lambda outcome, image, since, by: {"current": Release(image, since, by, outcome.run), "is_ready": True},
    "serves": lambda _, image, ready: {"current": Release(image) if image else None, "is_ready": ready == "yes"},
    "entry": lambda outcome, *values: {"history": (*outcome.history, Release(*values))},
    "active": lambda _, run, by, since, request, running: {
        "active_run": ActiveRun(run, by, since, request, running == "yes")
    },
    "took": lambda outcome, name, ms: {"phases": (*outcome.phases, Phase(name, int(ms) / 1000))},
    "down": lambda _, ms: {"down_s": int(ms) / 1000},
    "snapshot": lambda _, folder: {"snapshot": folder},
    "note": lambda outcome, text: {"notes": (*outcome.notes, redacted(text))},
    "line": lambda outcome, text: {"diagnostics": (*outcome.diagnostics, text)},
    "end": lambda _, code, message="", fix="": {
        "exit_code": int(code),
        "message": redacted(message),
        "fix": redacted(fix),
    },
}


def add_line(outcome: Outcome, line: str) -> Outcome:
    """
    Return an outcome with the values of a line from the VM.

    Args:
        outcome: outcome so far.
        line: keyword and values, separated by tabs; unknown keywords change nothing.
    """
    keyword, *values = line.split("\t")
    changes = _KEYWORDS[keyword](outcome, *values) if keyword in _KEYWORDS else {}
    return replace(outcome, **changes)  # type: ignore[arg-type]


def without_secrets(outcome: Outcome) -> Outcome:
    """Return an outcome without secrets in its diagnostics; redaction reads all lines as one text, as keys need."""
    if not outcome.diagnostics:
        return outcome
    return replace(outcome, diagnostics=tuple(redacted("\n".join(outcome.diagnostics)).split("\n")))
