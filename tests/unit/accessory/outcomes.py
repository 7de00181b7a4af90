"""Outcomes for tests."""

from dataclasses import replace
from datetime import UTC, datetime

from accessory.result import Outcome, Phase, Release

STARTED = Outcome(
    "update", "chromadb", "dev", "dojangkok-dev-chromadb", "r1", datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
)
DONE = replace(
    STARTED,
    exit_code=0,
    seconds=42.2,
    previous=Release("host/a@1", "2026-11-01T00:00:00Z", "them", "r0"),
    current=Release("host/a@2", "2026-11-24T20:00:01Z", "me", "r1"),
    phases=(Phase("preflight", 1.2), Phase("ready", 130.0)),
    down_s=8.04,
    snapshot="/var/lib/dojangkok/snapshots/r1",
    undo="python -m accessory rollback",
)
FAILED = replace(
    DONE,
    exit_code=7,
    current=None,
    message="chromadb: started and died.",
    fix="look",
    undo="",
    diagnostics=("a <b> | c",),
)
