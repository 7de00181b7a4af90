"""The results of verbs as text, JSON or Markdown."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal

from deploy.endpoints import EndpointOverride
from deploy.report import last_run, markdown, text
from deploy.report.lines import wrapped
from deploy.report.text import Command
from deploy.rollout.result import PruneResult, RunResult
from lib.output import as_json
from lib.output import markdown as escaped

Format = Literal["text", "json", "markdown"]


def run_report(result: RunResult, command: Command, format_: Format, *, is_long: bool = False) -> str:
    """
    Return the report of a run.

    Args:
        result: the run.
        command: returns the command line of a verb with these arguments.
        format_: format of the report.
        is_long: whether the text has full names, phases and the table of instances; the other formats always do.
    """
    if format_ == "json":
        return last_run.dump(result)
    if format_ == "markdown":
        return with_endpoint_lines(result.endpoints, markdown.run_report(result, command), format_)
    return with_endpoint_lines(result.endpoints, text.run_report(result, command, is_long=is_long), format_)


def with_endpoint_lines(overrides: Sequence[EndpointOverride], report: str, format_: Format) -> str:
    """
    Return a report below a line for each endpoint that differs from the environment file.

    Args:
        overrides: endpoints that differ from the environment file.
        report: text of the report.
        format_: format of the report; a report in JSON stays as it is, because it has a field for the endpoints.
    """
    if format_ == "json":
        return report
    if format_ == "markdown":
        return "\n".join([*(f"**{override}**\n" for override in overrides), report])
    return "\n".join([*(line for override in overrides for line in wrapped(str(override), "", "    ")), report])


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
    if format_ == "markdown":
        return "\n".join(f"- {escaped(line)}" for line in lines) or "nothing to prune"
    return "\n".join(shown for line in lines for shown in wrapped(line, "", "    ")) or "nothing to prune"
