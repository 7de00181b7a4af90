"""The report of `doctor`: text, JSON and Markdown."""

import json

from deploy.doctor.finding import Finding, ok, unknown, wrong
from deploy.report.findings import findings_report
from tests.unit.deploy.values import CONFIG

FINDINGS = (
    ok("account", "deployer@p.iam.gserviceaccount.com"),
    wrong("APIs", "iap.googleapis.com is not enabled.", "gcloud services enable iap.googleapis.com"),
    unknown("machine type", "403 | denied", "gcloud compute machine-types list"),
)


def test_text_has_a_line_for_each_finding() -> None:
    """Each finding has its mark; one that is not ok has its command in a line of its own."""
    assert findings_report(CONFIG, FINDINGS, "text").splitlines() == [
        "dojangkok-dev-ai-server-mig: 1 ok, 1 wrong, 1 unknown",
        "  ✓ account       deployer@p.iam.gserviceaccount.com",
        "  ✗ APIs          iap.googleapis.com is not enabled.",
        "    Run: gcloud services enable iap.googleapis.com",
        "  ? machine type  403 | denied.",
        "    See: gcloud compute machine-types list",
        "✗ wrong; ? not readable, decided by a condition, or optional",
    ]


def test_legend_is_left_out_where_everything_is_ok() -> None:
    """Without a mark to explain the last line is the last finding."""
    assert findings_report(CONFIG, FINDINGS[:1], "text").splitlines()[1:] == [
        "  ✓ account  deployer@p.iam.gserviceaccount.com"
    ]


def test_json_has_every_field() -> None:
    """JSON has the findings with all fields, and whether a rollout is possible."""
    report = json.loads(findings_report(CONFIG, FINDINGS, "json"))
    assert (report["group"], report["is_ready"], report["endpoints"]) == (CONFIG.group, False, [])
    assert [Finding(**row) for row in report["findings"]] == list(FINDINGS)
    assert json.loads(findings_report(CONFIG, FINDINGS[::2], "json"))["is_ready"]


def test_markdown_is_a_table() -> None:
    """Markdown has a row for each finding, in which no cell ends early."""
    lines = findings_report(CONFIG, FINDINGS, "markdown").splitlines()
    assert lines[0] == "### dojangkok-dev-ai-server-mig: 1 ok, 1 wrong, 1 unknown"
    assert lines[2] == "| state | check | finding | command |"
    assert lines[-1] == "| ? | machine type | 403 \\| denied | gcloud compute machine-types list |"


def test_long_text_leaves_its_command_whole() -> None:
    """A text has at most 500 characters, and its command is never shortened."""
    command = f"gcloud {'x' * 300}"
    lines = findings_report(CONFIG, [wrong("APIs", "y " * 400, command)], "text").splitlines()
    assert "left out" in "".join(lines)
    assert lines[-3:-1] == ["    Run: gcloud \\", f"      {'x' * 300}"]
    assert max(map(len, lines[:-2])) <= 80
