"""What a verb found or did as text, JSON or Markdown."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal

from deploy import lastrun, markdown, text
from deploy.history import Release
from deploy.result import Outcome
from deploy.text import Command

Format = Literal["text", "json", "markdown"]


def outcome(found: Outcome, command: Command, shape: Format) -> str:
    """
    Return what a run came to.

    Args:
        found: The run.
        command: Returns what a person types for a verb, with these arguments.
        shape: To give it in.
    """
    if shape == "json":
        return lastrun.dump(found)
    return markdown.outcome(found, command) if shape == "markdown" else text.outcome(found, command)


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
