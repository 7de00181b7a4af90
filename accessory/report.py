"""The report of an outcome as text, JSON or Markdown."""

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
    RefusedError.exit_code: "refused, the VM is unchanged",
    NotAllowedError.exit_code: "not allowed",
    HeldError.exit_code: "refused, another update is in progress",
    RolledBackError.exit_code: "failed, the previous release serves again",
    NotRestoredError.exit_code: "failed, NOT restored",
    NoRoomError.exit_code: "failed without room, the previous release serves",
    StoppedError.exit_code: "interrupted, the VM continues by itself",
}


def rendered(outcome: Outcome, shape: Format) -> str:
    """Return the report in a format, without secrets."""
    outcome = without_secrets(outcome)
    if shape == "json":
        return as_json(dataclasses.asdict(outcome))
    return _markdown(outcome) if shape == "markdown" else _text(outcome)


def heading(outcome: Outcome) -> str:
    """Return the first line of the report."""
    place = f"{outcome.vm}: {outcome.name}"
    if outcome.exit_code:
        meaning = _MEANING.get(outcome.exit_code, "failed")
        return f"{place}: {outcome.verb} {meaning} (exit code {outcome.exit_code})"
    if outcome.verb == "status":
        state = "is ready" if outcome.is_ready else "is NOT ready"
        return f"{place} {state}" if outcome.current else f"{place} has no container"
    return f"{place} serves a new image" if outcome.current else f"{place}: nothing to do"


def facts(outcome: Outcome) -> list[tuple[str, str]]:
    """Return the known facts, each with its label."""
    return [*(_state(outcome) if outcome.verb == "status" else _run(outcome))]


def _run(outcome: Outcome) -> Iterator[tuple[str, str]]:
    if outcome.previous:
        # Without a new release the previous one still serves.
        is_unchanged = outcome.exit_code == 0 and outcome.current is None
        yield "serves" if is_unchanged else "previous", _release(outcome.previous)
    if outcome.current:
        yield "serves", _release(outcome.current)
    yield "run", f"{outcome.run}, {outcome.started_at:%Y-%m-%d %H:%M:%S} UTC, {_seconds(outcome.seconds)}"
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
    if outcome.current:
        yield "serves", outcome.current.image
    if outcome.current and outcome.history:
        is_recorded = outcome.history[0].image == outcome.current.image
        yield ("since", _origin(outcome.history[0])) if is_recorded else ("drift", "differs from the newest record")
    if outcome.active_run:
        run = outcome.active_run
        state = "in progress" if run.is_running else "interrupted on the VM; the next update settles it"
        yield "run", f"{run.request}, since {run.since}, by {run.by}, run {run.run}: {state}"
    for release in outcome.history:
        yield "record", _release(release)


def _release(release: Release) -> str:
    origin = _origin(release)
    return f"{release.image}, since {origin}" if origin else release.image


def _origin(release: Release) -> str:
    known = (release.since, release.by and f"by {release.by}", release.run and f"run {release.run}")
    return ", ".join(part for part in known if part)


def _problem(outcome: Outcome) -> str:
    return f"{outcome.message} Fix: {outcome.fix}." if outcome.fix else outcome.message


def _text(outcome: Outcome) -> str:
    lines = [inline(heading(outcome))]
    lines += ["  " + _problem(outcome).replace("\n", "\n    ")] if outcome.message else []
    lines += [f"    {inline(line)}" for line in outcome.diagnostics]
    return "\n".join([*lines, *(f"  {name:10}{inline(value)}" for name, value in facts(outcome))])


def _markdown(outcome: Outcome) -> str:
    lines = [f"### {markdown(heading(outcome))}", ""]
    lines += [*map(markdown, _problem(outcome).split("\n")), ""] if outcome.message else []
    if outcome.diagnostics:
        # Indented, because the log may contain a fence.
        lines += [*(f"    {inline(line)}" for line in outcome.diagnostics), ""]
    rows = [(name, cell(value)) for name, value in facts(outcome)]
    return "\n".join([*lines, "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _seconds(value: float) -> str:
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"
