"""The findings of `doctor` as text, JSON or Markdown."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from deploy.config import Config
from deploy.doctor.finding import Finding
from deploy.report import table
from deploy.report.formats import Format
from lib.output import MAX_LINE_LENGTH, as_json, inline
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
        return "\n".join([f"### {escaped(head)}", "", *table.markdown(("", "check", "finding", "command"), rows)])
    width = max(len(finding.check) for finding in findings)
    legend = [] if counts.total() == counts["ok"] else [_LEGEND]
    return "\n".join([inline(head), *(f"  {_line(finding, width)}" for finding in findings), *legend])


def findings_document(config: Config, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the findings of an environment as a JSON object."""
    return {
        "group": config.group,
        "is_ready": not any(finding.state == "wrong" for finding in findings),
        "findings": list(map(asdict, findings)),
        "endpoints": list(map(asdict, config.endpoint_overrides)),
    }


def _line(finding: Finding, width: int) -> str:
    """Return a finding as one line, of which the text is shortened rather than the command."""
    head = f"{_MARKS[finding.state]} {finding.check:{width}}  "
    command = inline(f"{_BEFORE_COMMAND[finding.state]}{finding.command}") if finding.command else ""
    if not command:
        return f"{head}{inline(finding.text)}"
    room = MAX_LINE_LENGTH - len(head) - len(command) - 4
    text = inline(finding.text)
    shown = text if len(text) <= room else f"{text[: max(0, room - 1)]}…"
    return f"{head}{shown}. {command}"
