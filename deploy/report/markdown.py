"""The outcome of a run as Markdown, for a job summary: heading, facts, machines, and when each of them was what."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from deploy.report import table, text
from deploy.rollout.result import Life, Outcome, Result
from lib.output import inline
from lib.output import markdown as escaped

# The axis shows the time since the start; the day is never seen, and no clock changed on it.
_START: Final = datetime(2000, 1, 1)  # noqa: DTZ001
_HOUR_S: Final = 3600.0


def outcome(found: Outcome, command: text.Command) -> str:
    """
    Return what a run came to.

    Args:
        found: The run.
        command: Returns what a person types for a verb, with these arguments.
    """
    lines = [f"### {escaped(text.heading(found))}", ""]
    if found.message:
        lines += [*(escaped(line) for line in text.why(found).split("\n")), ""]
    if found.evidence:
        lines += [*table.fenced("text", [inline(line) for line in found.evidence]), ""]
    facts = text.facts(found)
    lines += [*table.markdown(("", ""), facts), ""] if facts else []
    for name, typed in text.commands(found, command):
        lines += [f"{name.capitalize()}:", *table.fenced("sh", [inline(typed)]), ""]
    if found.result and found.result.machines:
        lines += [*table.markdown(text.COLUMNS, [text.row(life) for life in found.result.machines]), ""]
        if found.result.phases:
            lines += table.fenced("mermaid", list(gantt(found.result)))
    return "\n".join(lines).rstrip()


def gantt(result: Result) -> Iterator[str]:
    """
    Yield the lines of a Gantt chart of the machines, a section for each release.

    Source: Mermaid's gantt.jison: a section's and a task's text end at `#`, `:`, `;` or the line, `%` may begin a
    comment, commas part a task's data, and keywords count at the beginning of a line, where each of ours has a word
    that is none.
    """
    end_s = sum(phase.seconds for phase in result.phases)
    yield "gantt"
    yield "  dateFormat YYYY-MM-DD HH:mm:ss"
    yield "  axisFormat " + ("%M:%S" if end_s < _HOUR_S else "%H:%M:%S")
    yield "  todayMarker off"
    lives = sorted(result.machines, key=lambda life: (life.is_new, life.template, life.seen_s))
    for (is_new, template), machines in groupby(lives, key=lambda life: (life.is_new, life.template)):
        yield f"  section {_plain(('new ' if is_new else 'old ') + (template or 'leaving'))}"
        for life in machines:
            yield from _bars(life, end_s)


def _bars(life: Life, end_s: float) -> Iterator[str]:
    """One bar until a machine was healthy, if it was not from the start, and one from then on."""
    until_s = end_s if life.gone_s is None else life.gone_s
    healthy_s = life.healthy_s
    if healthy_s is None or healthy_s > life.seen_s:
        tag = "crit" if healthy_s is None else "active"
        yield _bar("starts", life, tag, life.seen_s, until_s if healthy_s is None else healthy_s)
    if healthy_s is not None:
        yield _bar("serves", life, "done", healthy_s, until_s)


def _bar(word: str, life: Life, tag: str, from_s: float, to_s: float) -> str:
    return f"  {word} {_plain(life.name)} :{tag}, {_moment(from_s)}, {_moment(max(to_s, from_s + 1))}"


def _moment(at_s: float) -> str:
    return f"{_START + timedelta(seconds=round(at_s)):%Y-%m-%d %H:%M:%S}"


def _plain(name: str) -> str:
    return re.sub(r"[^\w. -]", " ", name, flags=re.ASCII)
