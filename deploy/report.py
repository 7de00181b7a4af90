"""One outcome as text, JSON or Markdown."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal

from deploy.history import Release
from deploy.result import Result

Format = Literal["text", "json", "markdown"]


def rollout(result: Result, group: str, shape: Format) -> str:
    """Return what a rollout came to."""
    if shape == "json":
        return json.dumps({"group": group, **asdict(result)}, indent=2)
    head = (
        f"{group} serves {result.version.template}" if result.changed else f"{group}: nothing to do, it serves already"
    )
    lines = [f"was {result.before.template}"] if result.changed else []
    lines += [f"{phase.name}: {phase.seconds:.0f} s" for phase in result.phases]
    lines += [f"pruned {name}" for name in result.pruned]
    lines += [f"warning: {text}" for text in result.warnings]
    if shape == "markdown":
        return "\n".join([f"### {head}", "", *(f"- {line}" for line in lines)])
    return "\n".join([head, *(f"  {line}" for line in lines)])


def history(releases: Sequence[Release], serving: str, shape: Format) -> str:
    """Return all releases, newest first."""
    if shape == "json":
        return json.dumps([asdict(release) for release in releases], indent=2, default=str)
    lines = [_row(release, serving) for release in releases]
    return "\n".join(lines) or "no release yet"


def _row(release: Release, serving: str) -> str:
    mark, good = "→" if release.template == serving else " ", "good" if release.is_good else "    "
    when = f"{release.made_at:%Y-%m-%d %H:%M}"
    return f"{mark} {when} {good} {release.template} {release.entry.digest[:19]} {release.entry.commit[:7]}".rstrip()
