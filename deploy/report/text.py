"""The result of a run as text, for a terminal."""

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
from deploy.report import checks, table
from deploy.rollout.result import InstanceTimes, RolloutResult, RunResult
from deploy.rollout.served_release import ServedRelease
from lib.output import MAX_LINE_LENGTH, inline

Command = Callable[..., str]
_MEANING: Final[dict[int, str]] = {
    RefusedError.exit_code: "refused, nothing was written",
    NotAllowedError.exit_code: "not allowed",
    SupersededError.exit_code: "superseded by another change of the group, which stays",
    RolledBackError.exit_code: "failed and rolled back",
    NotRestoredError.exit_code: "failed, NOT restored",
    CapacityError.exit_code: "lacked capacity, rolled back",
    StoppedError.exit_code: "interrupted",
}


def run_report(result: RunResult, command: Command) -> str:
    """
    Return the report of a run: the heading, then one fact a line.

    Args:
        result: the run.
        command: returns the command line of a verb with these arguments.
    """
    lines = [inline(heading(result))]
    # A message of several lines, such as a parser's, keeps them; none looks like a fact of the report.
    lines += ["  " + reason(result).replace("\n", "\n    ")] if result.message else []
    lines += [f"    {inline(line)}" for line in result.diagnostics]
    rows = [*facts(result, command), *commands(result, command)]
    width = max((len(name) for name, _ in rows), default=0) + 2
    lines += [f"  {name:{width}}{inline(value)}" for name, value in rows]
    charts = checks.text_lines(result.rollout.checks) if result.rollout else []
    lines += ["", *(f"  {line}" for line in charts)] if charts else []
    instances = result.rollout.instances if result.rollout else ()
    if instances:
        lines += ["", *(f"  {line}" for line in table.text(COLUMNS, [row(instance) for instance in instances]))]
    return "\n".join(lines)


COLUMNS: Final = ("name", "release", "state", "running", "healthy", "deleted")


def row(instance: InstanceTimes) -> tuple[str, ...]:
    """Return the cells of an instance, in the order of COLUMNS."""
    release = ("new " if instance.is_new else "old ") + (instance.release or instance.template)
    times = (instance.running_s, instance.healthy_s, instance.deleted_s)
    return (instance.name, release, instance.state, *("-" if at_s is None else seconds(at_s) for at_s in times))


def heading(result: RunResult) -> str:
    """Return the result in one line."""
    where = result.group or result.environment
    if result.exit_code is None:
        return f"{where}: {result.verb}, whose end was not recorded"
    if result.exit_code:
        meaning = _MEANING.get(result.exit_code, "failed")
        if result.exit_code == RefusedError.exit_code and result.rollout:
            meaning = "refused, the group is unchanged"
        return f"{where}: {result.verb} {meaning} (exit code {result.exit_code})"
    return f"{where}{_success(result)}"


def _success(result: RunResult) -> str:
    """Return the result of a run with exit code 0, as the end of the heading."""
    template = result.target.template if result.target else ""
    pause = result.rollout.pause if result.rollout else None
    if pause:
        return f": {pause}, with {template} on {pause.share}{': ' + pause.text if pause.text else ''}"
    if result.rollout and result.rollout.is_empty:
        return f": {NOTHING_PROVEN}; the group is set to {template}{_policy(result)}"
    if result.is_rebuilt or (result.rollout and result.rollout.changed):
        return f" serves {template}"
    if result.rollout and (result.rollout.instances or result.rollout.restored_policy):
        return f" serves {template}{_policy(result) or ', by a rollout that another run began'}"
    return f": nothing to do, it serves {template} already"


def _policy(result: RunResult) -> str:
    """Return that a run wrote the update policy alone; empty if it did not."""
    is_alone = result.rollout and result.rollout.restored_policy and not result.rollout.changed
    return "; this run restored the update policy of the environment file" if is_alone else ""


def reason(result: RunResult) -> str:
    """Return what failed, and one action against it, in a line of its own if both are too long for one."""
    if not result.fix:
        return result.message
    fits = len(result.message) + len(result.fix) < MAX_LINE_LENGTH - len(" Fix: .")
    return f"{result.message}{' ' if fits else chr(10)}Fix: {result.fix}."


def facts(result: RunResult, command: Command) -> list[tuple[str, str]]:
    """
    Return the facts about a run, each with its name.

    Args:
        result: the run.
        command: returns the command line of a verb with these arguments.
    """
    return list(_facts(result, command))


def _facts(result: RunResult, command: Command) -> Iterator[tuple[str, str]]:
    rollout = result.rollout
    if result.is_rebuilt:
        yield "source", "read from the group and its templates; the run itself left no result"
    if result.before and (result.target is None or result.before.template != result.target.template):
        yield "before", _release(result.before)
    if result.target:
        is_paused = bool(rollout and rollout.pause)
        yield "target" if result.exit_code or is_paused else "now", _release(result.target)
        if result.target.commit:
            yield "commit", result.target.commit
    if result.run:
        duration = f", {seconds(result.seconds)}" if result.seconds else ""
        yield "run", f"{result.run}, {result.began_at:%Y-%m-%d %H:%M:%S} UTC{duration}"
    if rollout and rollout.phases:
        yield "phases", " · ".join(f"{phase.name} {seconds(phase.seconds)}" for phase in rollout.phases)
    if rollout and rollout.surge is not None:
        restored = "; the environment file's is set again" if rollout.restored_policy else ""
        yield "surge", f"{rollout.surge} above the target size{restored}"
    if rollout and rollout.requests:
        yield "requests", str(rollout.requests)
    yield from _pruned(rollout, command) if rollout else ()
    for warning in rollout.warnings if rollout else ():
        yield "warning", warning


def _pruned(rollout: RolloutResult, command: Command) -> Iterator[tuple[str, str]]:
    for name in rollout.pruned:
        yield "pruned", name
    if rollout.prunable:
        yield "remaining", remaining(rollout.prunable, command)


def remaining(count: int, command: Command) -> str:
    """
    Return how many templates a prune has left for a later one.

    Args:
        count: number of the templates.
        command: returns the command line of a verb with these arguments.
    """
    return f"{count} more old template{'' if count == 1 else 's'} can be deleted: run `{command('prune')}` again"


def commands(result: RunResult, command: Command) -> list[tuple[str, str]]:
    """Return the commands that a person may want to run next, each with its purpose."""
    has_applied = result.rollout is not None and (result.rollout.changed or result.verb == "reconcile")
    undo = [("undo", result.undo)] if result.undo and has_applied else []
    if result.exit_code == 0:
        return _pause_commands(result, command) or undo
    if result.exit_code == StoppedError.exit_code:
        return [("resume", command("reconcile")), *undo] if has_applied else []
    if result.exit_code in (SupersededError.exit_code, RolledBackError.exit_code, CapacityError.exit_code):
        return [("inspect", command("status"))]
    if result.exit_code in (None, NotRestoredError.exit_code) or has_applied:
        return [("next", command("reconcile"))]
    return []


def _pause_commands(result: RunResult, command: Command) -> list[tuple[str, str]]:
    """Return the commands for both ways on from a pause; when the whole group has the release, the way back alone."""
    pause = result.rollout.pause if result.rollout else None
    if pause is None:
        return []
    if pause.step == pause.steps:
        return [("undo", result.undo or command("rollback"))]
    return [("promote", command("promote", "--step", str(pause.step))), ("abort", command("abort"))]


def seconds(value: float) -> str:
    """Return a duration, such as `90 s` or `2 min 5 s`."""
    whole = round(value)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def _release(release: ServedRelease) -> str:
    if release.reference and release.template:
        return f"{release.reference} ({release.template})"
    return release.reference or release.template
