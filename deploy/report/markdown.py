"""The result of a run as Markdown, for a job summary: heading, facts, instances, and a chart of their times."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from deploy.report import checks, instance_boots, table, text
from deploy.report.durations import duration
from deploy.report.heading import heading
from deploy.rollout.result import InstanceTimes, RolloutResult, RunResult
from lib.output import inline
from lib.output import markdown as escaped

# The axis shows the time since the start; its day is not printed, and no clock changed on it.
_START: Final = datetime(2000, 1, 1)  # noqa: DTZ001
_HOUR_S: Final = 3600.0


def run_report(result: RunResult, command: text.Command) -> str:
    """
    Return the report of a run.

    Args:
        result: the run.
        command: returns the command line of a verb with these arguments.
    """
    lines = [f"### {escaped(heading(result))}", ""]
    reason = text.reason(result)
    lines += [*map(escaped, reason), ""] if reason else []
    lines += [escaped(f"Fix: {result.fix}."), ""] if result.fix else []
    if result.diagnostics:
        lines += [*table.fenced("text", [inline(line) for line in result.diagnostics]), ""]
    facts = text.facts(result, command, is_long=True)
    lines += [*(f"- **{name}** {escaped(value)}" for name, value in facts), ""] if facts else []
    for name, command_line in text.commands(result, command):
        lines += [f"{name.capitalize()}:", *table.fenced("sh", [inline(command_line)]), ""]
    lines += checks.markdown_lines(result.rollout.checks) if result.rollout else []
    if result.rollout and result.rollout.instances:
        rows = [text.row(instance) for instance in result.rollout.instances]
        lines += [*table.markdown(text.COLUMNS, rows), ""]
        boots = instance_boots.rows(result.rollout.instances, duration)
        lines += [*table.markdown(boots[0], boots[1:]), ""] if boots else []
        if result.rollout.phases:
            lines += table.fenced("mermaid", list(gantt(result.rollout)))
    return "\n".join(lines).rstrip()


def gantt(rollout: RolloutResult) -> Iterator[str]:
    """
    Yield the lines of a Gantt chart of the instances, a section for each release.

    Source: Mermaid's gantt.jison: a section's and a task's text end at `#`, `:`, `;` or the line, `%` may begin a
    comment, commas separate a task's data, and keywords count at the beginning of a line, where each of these lines has
    a word that is none.
    """
    end_s = sum(phase.seconds for phase in rollout.phases)
    yield "gantt"
    yield "  dateFormat YYYY-MM-DD HH:mm:ss"
    yield "  axisFormat " + ("%M:%S" if end_s < _HOUR_S else "%H:%M:%S")
    yield "  todayMarker off"
    ordered = sorted(rollout.instances, key=lambda times: (times.is_new, times.template, times.first_poll_s))
    for (is_new, template), instances in groupby(ordered, key=lambda times: (times.is_new, times.template)):
        yield f"  section {_plain(('new ' if is_new else 'old ') + (template or 'leaving'))}"
        for instance in instances:
            yield from _bars(instance, end_s)


def _bars(instance: InstanceTimes, end_s: float) -> Iterator[str]:
    """Yield bars until an instance was healthy, if it was not from the start, and a bar from then on."""
    until_s = end_s if instance.deleted_s is None else instance.deleted_s
    healthy_s = instance.healthy_s
    if healthy_s is None or healthy_s > instance.first_poll_s:
        tag = "crit" if healthy_s is None else "active"
        for word, from_s, to_s in instance_boots.spans(instance, until_s if healthy_s is None else healthy_s):
            yield _bar(word, instance, tag, from_s, to_s)
    if healthy_s is not None:
        yield _bar("serves", instance, "done", healthy_s, until_s)


def _bar(word: str, instance: InstanceTimes, tag: str, from_s: float, to_s: float) -> str:
    return f"  {word} {_plain(instance.name)} :{tag}, {_moment(from_s)}, {_moment(max(to_s, from_s + 1))}"


def _moment(at_s: float) -> str:
    return f"{_START + timedelta(seconds=round(at_s)):%Y-%m-%d %H:%M:%S}"


def _plain(name: str) -> str:
    return re.sub(r"[^\w. -]", " ", name, flags=re.ASCII)
