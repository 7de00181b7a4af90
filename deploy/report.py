"""What a verb found or did as text, JSON or Markdown."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC
from typing import Any, Final, Literal

from deploy import lastrun, markdown, table, text
from deploy.history import Release
from deploy.result import Outcome
from deploy.text import Command

Format = Literal["text", "json", "markdown"]
_COLUMNS: Final = ("", "made, UTC", "good", "template", "digest", "commit")


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
    """Return all releases, newest first; as JSON, an object for each with what its template says of it."""
    if shape == "json":
        return json.dumps([_flat(release, serving) for release in releases], indent=2)
    rows = [_row(release, serving) for release in releases]
    lines = table.markdown(_COLUMNS, rows) if shape == "markdown" else table.text(_COLUMNS, rows)
    return "\n".join(lines) if rows else "no release yet"


def pruned(names: Sequence[str], shape: Format) -> str:
    """Return the names of templates that were deleted."""
    if shape == "json":
        return json.dumps({"pruned": list(names)}, indent=2)
    mark = "- " if shape == "markdown" else ""
    return "\n".join(f"{mark}pruned {name}" for name in names) or "nothing to prune"


def _flat(release: Release, serving: str) -> dict[str, Any]:
    return {
        "template": release.template,
        "made_at": release.made_at.astimezone(UTC).isoformat(timespec="seconds"),
        "is_good": release.is_good,
        "is_serving": release.template == serving,
        **asdict(release.entry),
    }


def _row(release: Release, serving: str) -> tuple[str, ...]:
    return (
        "→" if release.template == serving else "",
        f"{release.made_at.astimezone(UTC):%Y-%m-%d %H:%M}",
        "good" if release.is_good else "",
        release.template,
        release.entry.digest[:19],
        release.entry.commit[:7],
    )
