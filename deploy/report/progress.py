"""The progress of a rollout: a table on a terminal, one line for each change elsewhere."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TextIO

from deploy.rollout.snapshot import ShowSnapshot, Snapshot
from lib.output import inline
from lib.streams import SafeStream, write_progress

if TYPE_CHECKING:
    from rich.console import Group as Rows


@contextmanager
def progress_on(stream: TextIO) -> Iterator[ShowSnapshot]:
    """Show snapshots on a stream until the end of the block; a terminal keeps the last snapshot."""
    if not stream.isatty():
        yield ChangedLines(partial(write_progress, stream=stream))
        return
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second, which only a terminal needs
    from rich.live import Live  # noqa: PLC0415

    with Live(console=Console(file=stream), auto_refresh=False) as live:

        def show(snapshot: Snapshot) -> None:
            live.update(table(snapshot), refresh=not isinstance(stream, SafeStream) or stream.is_ready)

        yield show


@dataclass
class ChangedLines:
    """
    Prints a snapshot if anything but the ages in its line has changed.

    Args:
        print_line: prints a line.
    """

    print_line: Callable[[str], None]
    _printed: str = ""

    def __call__(self, snapshot: Snapshot) -> None:
        """Print a snapshot, or leave it out."""
        without_ages = re.sub(r" \d+ s\b", "", line(snapshot))
        if without_ages != self._printed:
            self._printed = without_ages
            self.print_line(inline(line(snapshot)))


def line(snapshot: Snapshot) -> str:
    """Return a snapshot in a line, such as `2/3 on web-…-r-ab12cd345678 · 1 verifying 12 s · old 1`."""
    group, target = snapshot.group, snapshot.target
    active = group.active_instances
    new = [
        snapshot.timeline.times[instance.name, instance.version] for instance in active if instance.version == target
    ]
    ages_s: dict[str, list[float]] = defaultdict(list)
    for times in new:
        ages_s[times.state].append(snapshot.at_s - times.since_s)
    healthy = len(ages_s.pop("healthy", []))
    parts = [f"{len(ages)} {state} {max(ages):.0f} s" for state, ages in sorted(ages_s.items())]
    old = len(active) - len(new)
    parts += [f"old {old}"] if old else []
    if not parts and snapshot.verdict.state == "done":
        parts = [f"settled {snapshot.at_s - snapshot.timeline.reached.get('settled', snapshot.at_s):.0f} s"]
    elif not parts:
        parts = [snapshot.verdict.text]
    return " · ".join((f"{healthy}/{group.target_size} on {short(target.template)}", *parts))


def table(snapshot: Snapshot) -> "Rows":
    """Return a snapshot as a bar and a row for each instance, for a terminal."""
    from rich.console import Group  # noqa: PLC0415
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rows = Table.grid(padding=(0, 2))
    for times in sorted(snapshot.timeline.instances, key=lambda times: (times.is_new, times.first_poll_s)):
        if times.deleted_s is None:
            release = ("new " if times.is_new else "old ") + (times.release or times.template)
            colour = {"healthy": "green", "unhealthy": "red", "recreating": "red"}.get(times.state, "yellow")
            cells = ((times.name, ""), (release, "dim"), (times.state, colour))
            age = f"{snapshot.at_s - times.since_s:.0f} s"
            rows.add_row(*(Text(inline(cell), style) for cell, style in cells), age)
    group = snapshot.group
    served = sum(
        instance.version == snapshot.target and instance.health == "HEALTHY" for instance in group.active_instances
    )
    head = Table.grid()
    head.add_row(Text(f"{inline(line(snapshot))} · {snapshot.at_s:.0f} s in all"))
    head.add_row(ProgressBar(total=max(group.target_size, 1), completed=served, width=30))
    return Group(head, rows)


def short(template: str) -> str:
    """Return the two ends of a template's name: its first word, and the part that differs between releases."""
    stem, mark, content = template.rpartition("-r-")
    return f"{stem.partition('-')[0]}-…-r-{content}" if mark and "-" in stem else template
