"""The findings of `doctor` as text, JSON or Markdown."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from deploy.config import Config
from deploy.doctor.finding import Finding
from deploy.report import table
from deploy.report.formats import Format
from deploy.report.lines import wrapped, wrapped_command
from lib.output import as_json
from lib.output import markdown as escaped

_MARKS: Final = {"ok": "✓", "wrong": "✗", "unknown": "?"}
_LEGEND: Final = "✗ wrong; ? not readable, decided by a condition, or optional"
_BEFORE_COMMAND: Final = {"wrong": "Run: ", "unknown": "See: "}


def findings_report(config: Config, findings: Sequence[Finding], format_: Format) -> str:
    """
    Return the findings of an environment.

    Args:
        config: names and endpoints of the environment.
        findings: findings in their order.
        format_: format of the report.
    """
    if format_ == "json":
        return as_json(findings_document(config, findings))
    counts = Counter(finding.state for finding in findings)
    head = f"{config.group}: {counts['ok']} ok, {counts['wrong']} wrong, {counts['unknown']} unknown"
    if format_ == "markdown":
        rows = [(_MARKS[row.state], row.check, row.text, row.command) for row in findings]
        return "\n".join([f"### {escaped(head)}", "", *table.markdown(("state", "check", "finding", "command"), rows)])
    width = max(len(finding.check) for finding in findings)
    legend = [] if counts.total() == counts["ok"] else [_LEGEND]
    lines = [line for finding in findings for line in _lines(finding, width)]
    return "\n".join([*wrapped(head, "", "    "), *lines, *legend])


def findings_document(config: Config, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the findings of an environment as a JSON object."""
    return {
        "group": config.group,
        "is_ready": not any(finding.state == "wrong" for finding in findings),
        "findings": list(map(asdict, findings)),
        "endpoints": list(map(asdict, config.endpoint_overrides)),
    }


def _lines(finding: Finding, width: int) -> list[str]:
    """Return a finding, with the command in lines of its own."""
    head = f"  {_MARKS[finding.state]} {finding.check:{width}}  "
    if not finding.command:
        return wrapped(finding.text, head, " " * len(head))
    command = wrapped_command(finding.command, f"    {_BEFORE_COMMAND[finding.state]}", " " * 6)
    return [*wrapped(f"{finding.text}.", head, " " * len(head)), *command]
