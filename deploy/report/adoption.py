"""The report of `init`: the file that was written, what a deploy would refuse, and the next command."""

from collections.abc import Sequence
from pathlib import Path

from deploy.config import Config
from deploy.doctor.finding import Finding
from deploy.report.findings import findings_document, findings_report
from deploy.report.formats import Format
from deploy.report.lines import wrapped, wrapped_command
from lib.output import as_json
from lib.output import markdown as escaped


def adoption_report(
    config: Config, findings: Sequence[Finding], written: Path | None, next_command: str, format_: Format
) -> str:
    """
    Return the report of `init`.

    Args:
        config: settings of the new environment.
        findings: findings about the group, in their order.
        written: file that was written; None if the group or its template could not be read.
        next_command: command to run after everything wrong is mended.
        format_: format of the report.
    """
    if format_ == "json":
        return as_json({"file": str(written or ""), "next": next_command, **findings_document(config, findings)})
    head = f"wrote {written}" if written else "no file was written, because the group or its template could not be read"
    if format_ == "markdown":
        return "\n".join(
            [f"{escaped(head)}\n", findings_report(config, findings, format_), "", escaped(f"next: {next_command}")]
        )
    last = wrapped_command(next_command, "next: ", "    ")
    return "\n".join([*wrapped(head, "", "    "), findings_report(config, findings, format_), *last])
