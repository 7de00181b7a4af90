"""An outcome as text, JSON or Markdown."""

import dataclasses
from collections.abc import Iterator
from typing import Final, Literal

from accessory.errors import (
    HeldError,
    NoRoomError,
    NotAllowedError,
    NotRestoredError,
    RefusedError,
    RolledBackError,
    StoppedError,
)
from accessory.result import Outcome, Release, without_secrets
from lib.output import as_json, cell, inline, markdown

Format = Literal["text", "json", "markdown"]
_MEANING: Final = {
    RefusedError.exit_code: "refused, what serves was not touched",
    NotAllowedError.exit_code: "not allowed",
    HeldError.exit_code: "refused, somebody else is updating",
    RolledBackError.exit_code: "failed, the one before serves again",
    NotRestoredError.exit_code: "failed, NOT restored",
    NoRoomError.exit_code: "found no room, the one before serves",
    StoppedError.exit_code: "interrupted, the machine goes on by itself",
}


def shown(outcome: Outcome, shape: Format) -> str:
    """Return an outcome in a format, without secrets."""
    outcome = without_secrets(outcome)
    if shape == "json":
        return as_json(dataclasses.asdict(outcome))
    return _markdown(outcome) if shape == "markdown" else _text(outcome)


def heading(outcome: Outcome) -> str:
    """Return an outcome in one line."""
    where = f"{outcome.machine}: {outcome.name}"
    if outcome.exit_code:
        meaning = _MEANING.get(outcome.exit_code, "failed")
        return f"{where}: {outcome.verb} {meaning} (exit code {outcome.exit_code})"
    if outcome.verb == "status":
        answers = "answers" if outcome.is_ready else "does NOT answer"
        return f"{where} {answers}" if outcome.now else f"{where} is not there"
    return f"{where} serves a new image" if outcome.now else f"{where}: nothing to do"


def facts(outcome: Outcome) -> list[tuple[str, str]]:
    """Return what is known, each with its name."""
    return [*(_state(outcome) if outcome.verb == "status" else _run(outcome))]


def _run(outcome: Outcome) -> Iterator[tuple[str, str]]:
    if outcome.was:
        # Nothing to do: what was is what is.
        yield "is" if outcome.exit_code == 0 and outcome.now is None else "was", _release(outcome.was)
    if outcome.now:
        yield "is", _release(outcome.now)
    yield "run", f"{outcome.run}, {outcome.began_at:%Y-%m-%d %H:%M:%S} UTC, {_seconds(outcome.seconds)}"
    if outcome.phases:
        yield "phases", " · ".join(f"{phase.name} {_seconds(phase.seconds)}" for phase in outcome.phases)
    if outcome.down_s is not None:
        yield "down", _seconds(outcome.down_s)
    if outcome.snapshot:
        yield "snapshot", outcome.snapshot
    for note in outcome.notes:
        yield "note", note
    if outcome.undo:
        yield "undo", outcome.undo


def _state(outcome: Outcome) -> Iterator[tuple[str, str]]:
    if outcome.now:
        yield "is", outcome.now.image
    if outcome.now and outcome.history:
        is_recorded = outcome.history[0].image == outcome.now.image
        yield ("since", _origin(outcome.history[0])) if is_recorded else ("drift", "not what is recorded last")
    for busy in [outcome.busy] if outcome.busy else []:
        state = "at work" if busy.is_at_work else "cut off on the machine itself; the next update settles that"
        yield "busy", f"{busy.wish}, since {busy.since}, by {busy.by}, run {busy.run}: {state}"
    for one in outcome.history:
        yield "record", _release(one)


def _release(one: Release) -> str:
    origin = _origin(one)
    return f"{one.image}, since {origin}" if origin else one.image


def _origin(one: Release) -> str:
    known = (one.since, one.by and f"by {one.by}", one.run and f"run {one.run}")
    return ", ".join(part for part in known if part)


def _why(outcome: Outcome) -> str:
    return f"{outcome.message} Fix: {outcome.fix}." if outcome.fix else outcome.message


def _text(outcome: Outcome) -> str:
    lines = [inline(heading(outcome))]
    lines += ["  " + _why(outcome).replace("\n", "\n    ")] if outcome.message else []
    lines += [f"    {inline(line)}" for line in outcome.evidence]
    return "\n".join([*lines, *(f"  {name:10}{inline(value)}" for name, value in facts(outcome))])


def _markdown(outcome: Outcome) -> str:
    lines = [f"### {markdown(heading(outcome))}", ""]
    lines += [*map(markdown, _why(outcome).split("\n")), ""] if outcome.message else []
    if outcome.evidence:
        # Indented, since a fence could stand in somebody's log.
        lines += [*(f"    {inline(line)}" for line in outcome.evidence), ""]
    rows = [(name, cell(value)) for name, value in facts(outcome)]
    return "\n".join([*lines, "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _seconds(value: float) -> str:
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"
