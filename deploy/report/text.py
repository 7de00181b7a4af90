"""The result of a run as text, for a terminal."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from deploy.errors import ExitCode
from deploy.report import checks, instance_boots, table
from deploy.report.durations import duration
from deploy.report.heading import heading_lines
from deploy.report.lines import padded, width, wrapped, wrapped_command
from deploy.report.release_names import full_name, served, short_digest, short_name
from deploy.rollout.result import InstanceTimes, RunResult
from deploy.rollout.served_release import ServedRelease

Command = Callable[..., str]


def run_report(result: RunResult, command: Command, *, is_long: bool = False) -> str:
    """
    Return the report of a run: the heading, what failed, then one fact a line; no line has more than 80 cells.

    Args:
        result: the run.
        command: returns the command line of a verb with these arguments.
        is_long: whether to print full names, phases and the table of instances.
    """
    lines = heading_lines(result)
    for number, line in enumerate(reason(result)):
        # A message of several lines, such as a parser's, keeps them; none looks like a fact of the report.
        lines += wrapped(line, "    " if number else "  ", "    ")
    lines += wrapped(f"Fix: {result.fix}.", "  ", "    ") if result.fix else []
    for line in result.diagnostics:
        lines += _diagnostic(line)
    rows, next_commands = facts(result, command, is_long=is_long), commands(result, command)
    cells = max((width(name) for name, _ in (*rows, *next_commands)), default=0) + 4
    for name, value in rows:
        lines += wrapped(value, padded(f"  {name}", cells), " " * cells)
    for name, value in next_commands:
        lines += wrapped_command(value, padded(f"  {name}", cells), " " * cells)
    rollout = result.rollout
    if rollout and (is_long or result.exit_code or rollout.pause):
        charts = checks.text_lines(rollout.checks, "  ")
        lines += ["", *charts] if charts else []
    if rollout and rollout.instances and is_long:
        lines += ["", *table.text(COLUMNS, [row(instance) for instance in rollout.instances], "  ")]
        boots = instance_boots.rows(rollout.instances, duration)
        lines += ["", *table.text(boots[0], boots[1:], "  ")] if boots else []
    return "\n".join(lines)


def _diagnostic(line: str) -> list[str]:
    """Return the lines of a diagnostic; what an instance printed keeps its bar in each of them."""
    beginning = re.match(" {0,8}(?:[|] )?", line)
    bar = beginning[0] if beginning else ""
    return wrapped(line[len(bar) :], f"    {bar}", f"    {bar}")


COLUMNS: Final = ("name", "release", "state", "running", "healthy", "deleted")


def row(instance: InstanceTimes) -> tuple[str, ...]:
    """Return the cells of an instance, in the order of COLUMNS."""
    release = ("new " if instance.is_new else "old ") + (instance.release or instance.template)
    times = (instance.running_s, instance.healthy_s, instance.deleted_s)
    return (instance.name, release, instance.state, *("-" if at_s is None else duration(at_s) for at_s in times))


def reason(result: RunResult) -> list[str]:
    """Return the lines of what failed, or of why a rollout pauses."""
    pause = result.rollout.pause if result.rollout else None
    text = result.message or (pause.text if pause else "")
    return text.split("\n") if text else []


def facts(result: RunResult, command: Command, *, is_long: bool = False) -> list[tuple[str, str]]:
    """
    Return the facts about a run, each with its name.

    Args:
        result: the run.
        command: returns the command line of a verb with these arguments.
        is_long: whether to return full names and every fact.
    """
    return list(_facts(result, command, full_name if is_long else short_name, is_long=is_long))


def _facts(
    result: RunResult, command: Command, name: Callable[[ServedRelease], str], *, is_long: bool
) -> Iterator[tuple[str, str]]:
    rollout, before, target = result.rollout, result.before, result.target
    pause = rollout.pause if rollout else None
    is_done = result.exit_code == 0 and pause is None
    if result.is_rebuilt:
        yield "source", "read from the group and its templates; the run itself left no result"
    if target and (is_long or not is_done):
        yield "now" if is_done else "target", name(target) + (f" on {pause.share}" if pause else "")
    has_served = rollout is not None and rollout.instances and pause is None and (result.is_rebuilt or not is_done)
    if rollout and has_served:
        yield served(rollout.instances, [release for release in (before, target) if release])
    if before and (is_long or not has_served) and (target is None or before.template != target.template):
        is_unchanged = result.exit_code in (ExitCode.REFUSED, ExitCode.NOT_ALLOWED)
        yield "set to" if is_unchanged else "before", name(before)
    if is_long:
        yield from _details(result)
    if rollout and rollout.prunable:
        yield "remaining", remaining(rollout.prunable, command)
    for warning in rollout.warnings if rollout else ():
        yield "warning", warning


def _details(result: RunResult) -> Iterator[tuple[str, str]]:
    rollout = result.rollout
    if result.target and result.target.commit:
        yield "commit", result.target.commit
    if result.run:
        length = f", {duration(result.seconds)}" if result.seconds else ""
        yield "run", f"{result.run}, {result.began_at:%Y-%m-%d %H:%M:%S} UTC{length}"
    if rollout is None:
        return
    if rollout.phases:
        yield "phases", " · ".join(f"{phase.name} {duration(phase.seconds)}" for phase in rollout.phases)
    if rollout.surge is not None:
        restored = "; the environment file's is set again" if rollout.restored_policy else ""
        yield "surge", f"{rollout.surge} above the target size{restored}"
    if rollout.requests:
        yield "requests", str(rollout.requests)
    for name in rollout.pruned:
        yield "pruned", name


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
    if result.exit_code == ExitCode.STOPPED:
        return [("resume", command("reconcile")), *undo] if has_applied else []
    if result.exit_code in (ExitCode.SUPERSEDED, ExitCode.ROLLED_BACK, ExitCode.NO_CAPACITY):
        return [("inspect", command("status"))]
    if result.exit_code in (None, ExitCode.NOT_RESTORED) or has_applied:
        return [("next", command("reconcile"))]
    return []


def _pause_commands(result: RunResult, command: Command) -> list[tuple[str, str]]:
    """Return the commands that end a pause; when the whole group has the release, the rollback alone."""
    pause = result.rollout.pause if result.rollout else None
    if pause is None:
        return []
    if pause.step == pause.steps:
        return [("undo", result.undo or command("rollback"))]
    digest = short_digest(result.target.reference.rpartition("@")[2]) if result.target else ""
    release = ["--to", digest] if digest else []
    return [("promote", command("promote", "--step", str(pause.step), *release)), ("abort", command("abort"))]
