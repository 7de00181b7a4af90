"""How a rollout goes, while it goes: a table on a terminal, one line for each change elsewhere."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TextIO

from deploy.rollout.watch import Look, Show
from lib.output import inline
from lib.streams import SafeStream, write_progress

if TYPE_CHECKING:
    from rich.console import Group as Rows


@contextmanager
def shown(stream: TextIO) -> Iterator[Show]:
    """Show looks on a stream until the end of the block; a terminal keeps the last one."""
    if not stream.isatty():
        yield Lines(partial(write_progress, stream=stream))
        return
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second, which nobody but a terminal needs
    from rich.live import Live  # noqa: PLC0415

    with Live(console=Console(file=stream), auto_refresh=False) as live:
        yield lambda look: live.update(table(look), refresh=not isinstance(stream, SafeStream) or stream.is_ready)


@dataclass
class Lines:
    """
    Says a look if anything but the ages in it has changed.

    Args:
        say: Told a line.
    """

    say: Callable[[str], None]
    _said: str = ""

    def __call__(self, look: Look) -> None:
        """Take a look."""
        now = re.sub(r" \d+ s\b", "", line(look))
        if now != self._said:
            self._said = now
            self.say(inline(line(look)))


def line(look: Look) -> str:
    """Return a look in a line, such as `2/3 on web-…-r-ab12cd345678 · 1 verifying 12 s · old 1`."""
    group, target = look.group, look.target
    active = group.active_instances
    lives = [look.timeline.lives[instance.name] for instance in active if instance.version == target]
    ages_s: dict[str, list[float]] = defaultdict(list)
    for life in lives:
        ages_s[life.state].append(look.at_s - life.since_s)
    healthy = len(ages_s.pop("healthy", []))
    parts = [f"{len(ages)} {state} {max(ages):.0f} s" for state, ages in sorted(ages_s.items())]
    old = len(active) - len(lives)
    parts += [f"old {old}"] if old else []
    if not parts:
        settled_s = look.timeline.reached.get("settled", look.at_s)
        parts = [f"settled {look.at_s - settled_s:.0f} s" if look.verdict.state == "done" else look.verdict.text]
    return " · ".join((f"{healthy}/{group.target_size} on {short(target.template)}", *parts))


def table(look: Look) -> "Rows":
    """Return a look as a bar and a row for each machine, for a terminal."""
    from rich.console import Group  # noqa: PLC0415
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rows = Table.grid(padding=(0, 2))
    for life in sorted(look.timeline.machines, key=lambda life: (life.is_new, life.seen_s)):
        if life.gone_s is None:
            release = ("new " if life.is_new else "old ") + (life.release or life.template)
            colour = {"healthy": "green", "unhealthy": "red", "recreating": "red"}.get(life.state, "yellow")
            cells = ((life.name, ""), (release, "dim"), (life.state, colour))
            rows.add_row(*(Text(inline(cell), style) for cell, style in cells), f"{look.at_s - life.since_s:.0f} s")
    served = sum(
        machine.version == look.target and machine.health == "HEALTHY" for machine in look.group.active_instances
    )
    head = Table.grid()
    head.add_row(Text(f"{inline(line(look))} · {look.at_s:.0f} s in all"))
    head.add_row(ProgressBar(total=max(look.group.target_size, 1), completed=served, width=30))
    return Group(head, rows)


def short(template: str) -> str:
    """Return the two ends of a template's name: its first word, and what tells releases apart."""
    stem, mark, content = template.rpartition("-r-")
    return f"{stem.partition('-')[0]}-…-r-{content}" if mark and "-" in stem else template
