"""What a run came to: frozen data, put together line by line from what the machine says."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from lib.redaction import redacted


@dataclass(frozen=True)
class Release:
    """
    An image that served, or serves.

    Args:
        image: HOST/PATH@sha256:…; an image's ID where no registry knows it.
        since: UTC, ISO 8601; empty where that is not recorded.
        by: Whoever brought it; empty where that was not this program.
        run: That brought it.
    """

    image: str
    since: str = ""
    by: str = ""
    run: str = ""


@dataclass(frozen=True)
class Phase:
    """
    A part of a run that took time.

    Args:
        name: preflight, pull, snapshot, switch, ready or way back.
        seconds: It took.
    """

    name: str
    seconds: float


@dataclass(frozen=True)
class Busy:
    """
    A run that has not settled.

    Args:
        run: Of whom.
        by: Whoever wished it.
        since: UTC, ISO 8601.
        wish: Verb and image.
        is_at_work: False if it was cut off on the machine itself.
    """

    run: str
    by: str
    since: str
    wish: str
    is_at_work: bool


@dataclass(frozen=True)
class Outcome:
    """
    A run, as far as is known.

    Args:
        verb: update, rollback or status.
        name: Of the accessory.
        environment: As `--env` says.
        machine: Name of the instance.
        run: Whose words these are.
        began_at: UTC.
        seconds: From there to the end.
        exit_code: None while it has not ended.
        was: What served before, or was to be gone back to; None where nothing is known.
        now: What serves; None if that is the same, or not known.
        is_ready: Whether what serves answers; None if it was not asked for itself.
        phases: In order.
        down_s: Seconds between the end of the one and the readiness of the other; None if nothing was stopped.
        snapshot: Folder on the machine with the data from before.
        history: What is recorded, newest first; status alone reads it.
        busy: A run that has not settled; status alone reads it.
        notes: What to know.
        evidence: The last words of what failed, without secrets.
        message: Of what went wrong.
        fix: One way to mend that.
        undo: Command that brings back what was; empty where there is nothing to undo.
    """

    verb: str
    name: str
    environment: str
    machine: str
    run: str
    began_at: datetime
    seconds: float = 0.0
    exit_code: int | None = None
    was: Release | None = None
    now: Release | None = None
    is_ready: bool | None = None
    phases: tuple[Phase, ...] = ()
    down_s: float | None = None
    snapshot: str = ""
    history: tuple[Release, ...] = ()
    busy: Busy | None = None
    notes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    message: str = ""
    fix: str = ""
    undo: str = ""


# What each word of the machine's says, by the values behind it.
_WORDS: Final[dict[str, Callable[..., dict[str, object]]]] = {
    "was": lambda _, image, since, by: {"was": Release(image, since, by) if image else None},
    "is": lambda known, image, since, by: {"now": Release(image, since, by, known.run), "is_ready": True},
    "serves": lambda _, image, ready: {"now": Release(image) if image else None, "is_ready": ready == "yes"},
    "entry": lambda known, *values: {"history": (*known.history, Release(*values))},
    "busy": lambda _, run, by, since, wish, at_work: {"busy": Busy(run, by, since, wish, at_work == "yes")},
    "took": lambda known, name, ms: {"phases": (*known.phases, Phase(name, int(ms) / 1000))},
    "down": lambda _, ms: {"down_s": int(ms) / 1000},
    "snapshot": lambda _, folder: {"snapshot": folder},
    "note": lambda known, text: {"notes": (*known.notes, redacted(text))},
    "line": lambda known, text: {"evidence": (*known.evidence, text)},
    "end": lambda _, code, message="", fix="": {
        "exit_code": int(code),
        "message": redacted(message),
        "fix": redacted(fix),
    },
}


def heard(outcome: Outcome, line: str) -> Outcome:
    """
    Add a line of the machine's to an outcome.

    Args:
        outcome: Until now.
        line: A word and its values, parted by tabs; words that tell of no outcome are left out.
    """
    word, *values = line.split("\t")
    changes = _WORDS[word](outcome, *values) if word in _WORDS else {}
    return replace(outcome, **changes)  # type: ignore[arg-type]


def without_secrets(outcome: Outcome) -> Outcome:
    """Return an outcome whose evidence has `…` in place of secrets; its lines are read as one text, as keys need."""
    if not outcome.evidence:
        return outcome
    return replace(outcome, evidence=tuple(redacted("\n".join(outcome.evidence)).split("\n")))
