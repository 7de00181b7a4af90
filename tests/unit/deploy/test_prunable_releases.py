"""Which releases of a group's history may be deleted."""

from dataclasses import replace
from datetime import UTC, datetime

from deploy.release import history
from deploy.release.history import Release
from deploy.release.record import Fallback, ReleaseRecord
from tests.unit.deploy.values import REPOSITORY, digest

SEED = "projects/p/global/instanceTemplates/seed"
RECORD = ReleaseRecord(REPOSITORY, digest("a"), SEED, "7", "zone/group")


def release(name: str, hour: int, fallback: str = "", *, is_proven: bool = True) -> Release:
    record = replace(RECORD, fallback=Fallback(fallback, "1") if fallback else None)
    return Release(name, f"{name}-id", datetime(2026, 11, 23, hour, tzinfo=UTC), record, is_proven)


def test_prune_keeps_five_proven_two_unproven_and_every_referenced_release() -> None:
    """The newest releases stay, and so does every release that the group, an instance or a fallback refers to."""
    proven = [release(f"g{hour}", hour, f"g{hour - 1}") for hour in range(8, 0, -1)]
    unproven = [release(f"x{number}", 10 + number, "g8", is_proven=False) for number in range(3, -1, -1)]
    releases = [*unproven, *proven]
    assert [pruned.link for pruned in history.prunable_releases(releases, frozenset({"g1"}))] == ["g2", "x0", "x1"]
    assert [pruned.link for pruned in history.prunable_releases(releases, frozenset({"g1-id", "g2"}))] == ["x0", "x1"]
