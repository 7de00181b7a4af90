"""Reports, as people read them."""

import json
from dataclasses import replace

import pytest

from accessory.report import heading, shown
from accessory.result import Busy, Release
from tests.unit.accessory.outcomes import BEGUN, DONE, FAILED


def test_done() -> None:
    assert (
        shown(DONE, "text")
        == """\
dojangkok-dev-chromadb: chromadb serves a new image
  was       host/a@1, since 2026-11-01T00:00:00Z, by them, run r0
  is        host/a@2, since 2026-11-24T20:00:01Z, by me, run r1
  run       r1, 2026-11-24 20:00:00 UTC, 42 s
  phases    preflight 1.2 s · ready 2 min 10 s
  down      8.0 s
  snapshot  /var/lib/dojangkok/snapshots/r1
  undo      python -m accessory rollback"""
    )


def test_failed() -> None:
    assert shown(FAILED, "text").splitlines()[:4] == [
        "dojangkok-dev-chromadb: chromadb: update failed, the one before serves again (exit code 7)",
        "  chromadb: was started, and died. Fix: look.",
        "    a <b> | c",
        "  was       host/a@1, since 2026-11-01T00:00:00Z, by them, run r0",
    ]


def test_nothing_to_do_says_what_is() -> None:
    text = shown(replace(DONE, now=None), "text")
    assert text.startswith("dojangkok-dev-chromadb: chromadb: nothing to do\n  is        host/a@1")


@pytest.mark.parametrize(
    ("exit_code", "meaning"),
    [(3, "refused, what serves was not touched"), (8, "failed, NOT restored"), (1, "failed")],
)
def test_heading_says_what_became_of_it(exit_code: int, meaning: str) -> None:
    assert heading(replace(BEGUN, exit_code=exit_code)).endswith(f"update {meaning} (exit code {exit_code})")


def test_status() -> None:
    now = replace(BEGUN, verb="status", exit_code=0, now=Release("host/a@2"), is_ready=True)
    history = (Release("host/a@2", "2026", "me", "r1"), Release("host/a@1"))
    assert (
        shown(replace(now, history=history), "text")
        == """\
dojangkok-dev-chromadb: chromadb answers
  is        host/a@2
  since     2026, by me, run r1
  record    host/a@2, since 2026, by me, run r1
  record    host/a@1"""
    )
    odd = replace(now, is_ready=False, history=history[1:], busy=Busy("r9", "x", "2026", "rollback", is_at_work=False))
    assert shown(odd, "text").splitlines()[:4] == [
        "dojangkok-dev-chromadb: chromadb does NOT answer",
        "  is        host/a@2",
        "  drift     not what is recorded last",
        "  busy      rollback, since 2026, by x, run r9: cut off on the machine itself; the next update settles that",
    ]
    assert heading(replace(now, now=None)).endswith("chromadb is not there")


def test_markdown_and_json() -> None:
    text = shown(FAILED, "markdown")
    assert text.startswith("### dojangkok-dev-chromadb: chromadb: update failed")
    assert "\n    a <b> | c\n" in text
    assert "| down | 8.0 s |" in text
    assert json.loads(shown(DONE, "json"))["now"]["image"] == "host/a@2"
