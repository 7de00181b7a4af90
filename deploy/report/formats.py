"""What a verb found or did as text, JSON or Markdown."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal

from deploy.endpoints import Endpoint, headed
from deploy.report import lastrun, markdown, text
from deploy.report.text import Command
from deploy.result import Outcome

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
    shown = markdown.outcome(found, command) if shape == "markdown" else text.outcome(found, command)
    return headed(found.endpoints, shown, shape)


def pruned(names: Sequence[str], shape: Format, endpoints: Sequence[Endpoint] = ()) -> str:
    """Return the names of templates that were deleted."""
    if shape == "json":
        return json.dumps({"pruned": list(names), "endpoints": list(map(asdict, endpoints))}, indent=2)
    mark = "- " if shape == "markdown" else ""
    return "\n".join(f"{mark}pruned {name}" for name in names) or "nothing to prune"
