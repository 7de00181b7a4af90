"""The results of verbs as text, JSON or Markdown."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal

from deploy.endpoints import EndpointOverride, with_endpoint_lines
from deploy.report import last_run, markdown, text
from deploy.report.text import Command
from deploy.rollout.result import PruneResult, RunResult
from lib.output import as_json, inline
from lib.output import markdown as escaped

Format = Literal["text", "json", "markdown"]


def run_report(result: RunResult, command: Command, format_: Format) -> str:
    """
    Return the report of a run.

    Args:
        result: the run.
        command: returns the command line of a verb with these arguments.
        format_: format of the report.
    """
    if format_ == "json":
        return last_run.dump(result)
    report = markdown.run_report(result, command) if format_ == "markdown" else text.run_report(result, command)
    return with_endpoint_lines(result.endpoints, report, format_)


def prune_report(
    result: PruneResult, command: Command, format_: Format, endpoints: Sequence[EndpointOverride] = ()
) -> str:
    """
    Return the names of the deleted templates, and how many a later prune may delete.

    Args:
        result: the prune.
        command: returns the command line of a verb with these arguments.
        format_: format of the report.
        endpoints: endpoints that differ from the environment file.
    """
    if format_ == "json":
        data = {"pruned": result.templates, "remaining": result.remaining}
        return as_json({**data, "endpoints": list(map(asdict, endpoints))})
    lines = [f"pruned {name}" for name in result.templates]
    lines += [text.remaining(result.remaining, command)] if result.remaining else []
    shown = [f"- {escaped(line)}" if format_ == "markdown" else inline(line) for line in lines]
    return "\n".join(shown) or "nothing to prune"
