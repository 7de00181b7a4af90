"""The first line of the report of a run: its mark, what ran on which group, its outcome and its time."""

from typing import Final

from deploy.errors import ExitCode
from deploy.group.health import NOTHING_PROVEN
from deploy.report.durations import duration
from deploy.report.lines import WIDTH, width, wrapped
from deploy.report.release_names import healthy_count, short_name
from deploy.rollout.result import RolloutResult, RunResult

_OUTCOMES: Final[dict[int, str]] = {
    ExitCode.REFUSED: "refused, nothing was written",
    ExitCode.NOT_ALLOWED: "not allowed",
    ExitCode.SUPERSEDED: "superseded by another change of the group, which stays",
    ExitCode.ROLLED_BACK: "failed and rolled back",
    ExitCode.NOT_RESTORED: "failed, NOT restored",
    ExitCode.NO_CAPACITY: "lacked capacity, rolled back",
    ExitCode.STOPPED: "interrupted",
}
_SHORT_OUTCOMES: Final[dict[int, str]] = {
    ExitCode.REFUSED: "refused",
    ExitCode.SUPERSEDED: "superseded",
    ExitCode.ROLLED_BACK: "rolled back",
    ExitCode.NOT_RESTORED: "NOT restored",
    ExitCode.NO_CAPACITY: "lacked capacity",
}
_PREFIXES: Final = {"rollback": "rolled back: ", "abort": "aborted: "}


def heading(result: RunResult) -> str:
    """Return the outcome in one line; its mark is ✓ for a release that serves, ✗, ◐ at a pause, or ? for unknown."""
    where = result.group or result.environment
    if result.exit_code is None:
        return f"? {where}: {result.verb}, whose end was not recorded"
    if not result.exit_code:
        return _success(result, where)
    return _failure(result, _outcome(result))


def heading_lines(result: RunResult) -> list[str]:
    """Return the heading; an outcome that is too long for a line with the time is below a short one."""
    whole = heading(result)
    if width(whole) > WIDTH and result.exit_code in _SHORT_OUTCOMES:
        short = _failure(result, _SHORT_OUTCOMES[result.exit_code])
        if width(short) <= WIDTH:
            return [*wrapped(short), *wrapped(_outcome(result), "  ", "    ")]
    return wrapped(whole, "", "    ")


def _failure(result: RunResult, outcome: str) -> str:
    where = result.group or result.environment
    return f"✗ {where}: {result.verb} {outcome} (exit code {result.exit_code}){_time(result)}"


def _outcome(result: RunResult) -> str:
    if result.exit_code == ExitCode.REFUSED and result.rollout:
        return "refused, the group is unchanged"
    return _OUTCOMES.get(result.exit_code or 0, "failed")


def _success(result: RunResult, where: str) -> str:
    """Return the heading of a run with exit code 0."""
    rollout, before, target = result.rollout, result.before, result.target
    # What the group has already is read from its template, with the commit, which a call without --commit lacks.
    named = before if before and target and before.template == target.template else target
    release = short_name(named) if named else ""
    if rollout and rollout.pause:
        source = "; the run left no result" if result.is_rebuilt else ""
        return f"◐ {where}: {rollout.pause}{source}{_time(result)}"
    if rollout and rollout.is_empty:
        return f"? {where}: {NOTHING_PROVEN}; the group is set to {release}{_policy(rollout)}"
    if result.is_rebuilt:
        return f"? {where}: the run left no result"
    if not (rollout and (rollout.changed or rollout.instances or rollout.restored_policy)):
        return f"✓ nothing to do: {release} serves {where}"
    other = "" if rollout.changed else _policy(rollout) or ", by a rollout that another run began"
    count = f" · {healthy_count(rollout.instances, rollout.target.template)}" if rollout.instances else ""
    return f"✓ {_PREFIXES.get(result.verb, '')}{release} serves {where}{other}{count}{_time(result)}"


def _time(result: RunResult) -> str:
    return f" · {duration(result.seconds)}" if result.rollout and result.seconds else ""


def _policy(rollout: RolloutResult) -> str:
    """Return that a run wrote the update policy alone; empty if it did not."""
    is_alone = rollout.restored_policy and not rollout.changed
    return "; this run restored the update policy of the environment file" if is_alone else ""
