"""What a verb found or did as text, JSON or Markdown."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal

from deploy.endpoints import EndpointOverride, with_endpoint_lines
from deploy.report import lastrun, markdown, text
from deploy.report.text import Command
from deploy.rollout.result import Outcome, Pruned
from lib.output import as_json, inline
from lib.output import markdown as escaped

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
    return with_endpoint_lines(found.endpoints, shown, shape)


def pruned(found: Pruned, shape: Format, endpoints: Sequence[EndpointOverride] = ()) -> str:
    """Return the names of templates that were deleted, and how many a later prune may delete."""
    if shape == "json":
        data = {"pruned": found.templates, "remaining": found.remaining}
        return as_json({**data, "endpoints": list(map(asdict, endpoints))})
    lines = [f"pruned {name}" for name in found.templates]
    lines += [text.remaining(found.remaining)] if found.remaining else []
    shown = [f"- {escaped(line)}" if shape == "markdown" else inline(line) for line in lines]
    return "\n".join(shown) or "nothing to prune"
