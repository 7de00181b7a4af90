"""Reports in each format."""

import json
from dataclasses import replace

import pytest

from accessory.report import heading, rendered
from accessory.result import ActiveRun, Release
from tests.unit.accessory.outcomes import DONE, FAILED, STARTED


def test_report_of_an_update() -> None:
    """The text has the releases, phases, times and the undo command."""
    assert (
        rendered(DONE, "text")
        == """\
dojangkok-dev-chromadb: chromadb serves a new image
  previous  host/a@1, since 2026-11-01T00:00:00Z, by them, run r0
  serves    host/a@2, since 2026-11-24T20:00:01Z, by me, run r1
  run       r1, 2026-11-24 20:00:00 UTC, 42 s
  phases    preflight 1.2 s · ready 2 min 10 s
  down      8.0 s
  snapshot  /var/lib/dojangkok/snapshots/r1
  undo      python -m accessory rollback"""
    )


def test_report_of_a_failure() -> None:
    """The text has the meaning of the exit code, the message and the diagnostics."""
    assert rendered(FAILED, "text").splitlines()[:4] == [
        "dojangkok-dev-chromadb: chromadb: update failed, the previous release serves again (exit code 7)",
        "  chromadb: started and died. Fix: look.",
        "    a <b> | c",
        "  previous  host/a@1, since 2026-11-01T00:00:00Z, by them, run r0",
    ]


def test_report_without_work_has_the_serving_release() -> None:
    """An update to the serving image prints it."""
    text = rendered(replace(DONE, current=None), "text")
    assert text.startswith("dojangkok-dev-chromadb: chromadb: nothing to do\n  serves    host/a@1")


@pytest.mark.parametrize(
    ("exit_code", "meaning"),
    [(3, "refused, the VM is unchanged"), (8, "failed, NOT restored"), (1, "failed")],
)
def test_heading_has_the_meaning_of_the_exit_code(exit_code: int, meaning: str) -> None:
    """Each exit code has its meaning in the first line."""
    assert heading(replace(STARTED, exit_code=exit_code)).endswith(f"update {meaning} (exit code {exit_code})")


def test_report_of_status() -> None:
    """Status prints the serving image, its record, drift and an unsettled run."""
    status = replace(STARTED, verb="status", exit_code=0, current=Release("host/a@2"), is_ready=True)
    history = (Release("host/a@2", "2026", "me", "r1"), Release("host/a@1"))
    assert (
        rendered(replace(status, history=history), "text")
        == """\
dojangkok-dev-chromadb: chromadb is ready
  serves    host/a@2
  since     2026, by me, run r1
  record    host/a@2, since 2026, by me, run r1
  record    host/a@1"""
    )
    run = ActiveRun("r9", "x", "2026", "rollback", is_running=False)
    drifted = replace(status, is_ready=False, history=history[1:], active_run=run)
    assert rendered(drifted, "text").splitlines()[:4] == [
        "dojangkok-dev-chromadb: chromadb is NOT ready",
        "  serves    host/a@2",
        "  drift     differs from the newest record",
        "  run       rollback, since 2026, by x, run r9: interrupted on the VM; the next update settles it",
    ]
    assert heading(replace(status, current=None)).endswith("chromadb has no container")


def test_markdown_and_json() -> None:
    """Markdown has a table and indented diagnostics, JSON has all fields."""
    text = rendered(FAILED, "markdown")
    assert text.startswith("### dojangkok-dev-chromadb: chromadb: update failed")
    assert "\n    a <b> | c\n" in text
    assert "| down | 8.0 s |" in text
    assert json.loads(rendered(DONE, "json"))["current"]["image"] == "host/a@2"
