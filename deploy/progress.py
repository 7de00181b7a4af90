"""How a rollout goes, while it goes: one line for each change."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from deploy.watch import Look


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
            self.say(line(look))


def line(look: Look) -> str:
    """Return a look in a line, such as `2/3 on web-…-r-ab12cd345678 · 1 verifying 12 s · old 1`."""
    group, target = look.group, look.target
    lives = [look.timeline.lives[machine.name] for machine in group.machines if machine.version == target]
    ages_s: dict[str, list[float]] = defaultdict(list)
    for life in lives:
        ages_s[life.state].append(look.at_s - life.since_s)
    healthy = len(ages_s.pop("healthy", []))
    parts = [f"{len(ages)} {state} {max(ages):.0f} s" for state, ages in sorted(ages_s.items())]
    old = len(group.machines) - len(lives)
    parts += [f"old {old}"] if old else []
    if not parts:
        settled_s = look.timeline.reached.get("settled", look.at_s)
        parts = [f"settled {look.at_s - settled_s:.0f} s" if look.verdict.state == "done" else look.verdict.text]
    return " · ".join((f"{healthy}/{group.target_size} on {short(target.template)}", *parts))


def short(template: str) -> str:
    """Return the two ends of a template's name: its first word, and what tells releases apart."""
    stem, mark, content = template.rpartition("-r-")
    return f"{stem.partition('-')[0]}-…-r-{content}" if mark and "-" in stem else template
