"""The outcome of a run as text, for a terminal."""

from collections.abc import Callable, Iterator
from typing import Final

from deploy.errors import (
    CapacityError,
    NotAllowedError,
    NotRestoredError,
    RefusedError,
    RolledBackError,
    StoppedError,
    SupersededError,
)
from deploy.group.health import NOTHING_PROVEN
from deploy.report import table
from deploy.rollout.result import Life, Outcome, Result, Serving
from lib.output import inline

Command = Callable[..., str]
_MEANING: Final[dict[int, str]] = {
    RefusedError.exit_code: "refused, nothing was written",
    NotAllowedError.exit_code: "not allowed",
    SupersededError.exit_code: "superseded, somebody else deployed and theirs stays",
    RolledBackError.exit_code: "failed and rolled back",
    NotRestoredError.exit_code: "failed, NOT restored",
    CapacityError.exit_code: "found no capacity, rolled back",
    StoppedError.exit_code: "interrupted",
}


def outcome(found: Outcome, command: Command) -> str:
    """
    Return what a run came to: the heading, then everything that is known, one fact a line.

    Args:
        found: The run.
        command: Returns what a person types for a verb, with these arguments.
    """
    lines = [inline(heading(found))]
    # A message of several lines, such as a parser's, keeps them; none looks like a fact of the report.
    lines += ["  " + why(found).replace("\n", "\n    ")] if found.message else []
    lines += [f"    {inline(line)}" for line in found.evidence]
    known = [*facts(found), *commands(found, command)]
    width = max((len(name) for name, _ in known), default=0) + 2
    lines += [f"  {name:{width}}{inline(value)}" for name, value in known]
    machines = found.result.machines if found.result else ()
    if machines:
        lines += ["", *(f"  {line}" for line in table.text(COLUMNS, [row(machine) for machine in machines]))]
    return "\n".join(lines)


COLUMNS: Final = ("name", "release", "state", "running", "healthy", "gone")


def row(machine: Life) -> tuple[str, ...]:
    """Return a machine's cells, in the order of COLUMNS."""
    release = ("new " if machine.is_new else "old ") + (machine.release or machine.template)
    times = (machine.running_s, machine.healthy_s, machine.gone_s)
    return (machine.name, release, machine.state, *("-" if at_s is None else seconds(at_s) for at_s in times))


def heading(found: Outcome) -> str:
    """Return the outcome in one line."""
    where = found.group or found.environment
    if found.exit_code is None:
        return f"{where}: {found.verb}, and nobody saw its end"
    if found.exit_code:
        meaning = _MEANING.get(found.exit_code, "failed")
        if found.exit_code == RefusedError.exit_code and found.result:
            meaning = "refused, the group was told nothing"
        return f"{where}: {found.verb} {meaning} (exit code {found.exit_code})"
    serves = found.wanted.template if found.wanted else ""
    if found.result and found.result.is_empty:
        return f"{where}: {NOTHING_PROVEN}; the group is set to {serves}"
    if found.is_rebuilt or (found.result and found.result.changed):
        return f"{where} serves {serves}"
    if found.result and found.result.machines:
        return f"{where} serves {serves}, by a rollout that another run began"
    return f"{where}: nothing to do, it serves {serves} already"


def why(found: Outcome) -> str:
    """Return what went wrong, and one way to mend it."""
    return f"{found.message} Fix: {found.fix}." if found.fix else found.message


def facts(found: Outcome) -> list[tuple[str, str]]:
    """Return what is known of a run, each with its name."""
    return list(_facts(found))


def _facts(found: Outcome) -> Iterator[tuple[str, str]]:
    result = found.result
    if found.is_rebuilt:
        yield "source", "rebuilt from the group and its templates; the run itself left no outcome"
    if found.was and (found.wanted is None or found.was.template != found.wanted.template):
        yield "was", _serving(found.was)
    if found.wanted:
        yield "wanted" if found.exit_code else "is", _serving(found.wanted)
        if found.wanted.commit:
            yield "commit", found.wanted.commit
    if found.run:
        lasted = f", {seconds(found.seconds)}" if found.seconds else ""
        yield "run", f"{found.run}, {found.began_at:%Y-%m-%d %H:%M:%S} UTC{lasted}"
    if result and result.phases:
        yield "phases", " · ".join(f"{phase.name} {seconds(phase.seconds)}" for phase in result.phases)
    if result and result.requests:
        yield "requests", str(result.requests)
    yield from _pruned(result) if result else ()
    for warning in result.warnings if result else ():
        yield "warning", warning


def _pruned(result: Result) -> Iterator[tuple[str, str]]:
    for name in result.pruned:
        yield "pruned", name
    if result.prunable:
        yield "remaining", remaining(result.prunable)


def remaining(count: int) -> str:
    """Return how many templates a prune has left for later ones."""
    return f"{count} more old template{'' if count == 1 else 's'} can be deleted: run prune again"


def commands(found: Outcome, command: Command) -> list[tuple[str, str]]:
    """Return what to type next, each with what it does."""
    is_told = found.result is not None and (found.result.changed or found.verb == "reconcile")
    undo = [("undo", found.undo)] if found.undo and is_told else []
    if found.exit_code == 0:
        return undo
    if found.exit_code == StoppedError.exit_code:
        return [("resume", command("reconcile")), *undo] if is_told else []
    if found.exit_code in (SupersededError.exit_code, RolledBackError.exit_code, CapacityError.exit_code):
        return [("look", command("status"))]
    if found.exit_code in (None, NotRestoredError.exit_code) or is_told:
        return [("next", command("reconcile"))]
    return []


def seconds(value: float) -> str:
    """Return a time as people say it."""
    whole = round(value)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def _serving(serving: Serving) -> str:
    return (
        f"{serving.reference} ({serving.template})"
        if serving.reference and serving.template
        else (serving.reference or serving.template)
    )
