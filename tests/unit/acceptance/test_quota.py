"""The disk that fills the disk quota of a region: how large it is, and that it is deleted."""

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# A gcloud whose answers are files; each change is a line of `changes`.
_GCLOUD = """#!/bin/sh
set -eu
case "$2 $3" in
"regions describe") cat region.json ;;
"disks list") cat disks ;;
*) echo "$*" >>changes ;;
esac
"""
_PLACE = ("disposable-1", "asia-northeast3-a")


@pytest.fixture
def changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """A function that runs the program with the stand-in, and returns what it asks gcloud to change."""

    def changes(verb: str, free_gb: float = 120.0, disks: str = "dojangkok-dev-chromadb-data\n") -> list[str]:
        quotas = [
            {"metric": "CPUS", "limit": 24, "usage": 8},
            {"metric": "SSD_TOTAL_GB", "limit": 250.0, "usage": 250 - free_gb},
        ]
        for name, text in (("gcloud", _GCLOUD), ("region.json", json.dumps({"quotas": quotas})), ("disks", disks)):
            (tmp_path / name).write_text(text)
        (tmp_path / "gcloud").chmod(0o755)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        monkeypatch.setattr(sys, "argv", ["quota", verb, *_PLACE])
        monkeypatch.delitem(sys.modules, "acceptance.quota", raising=False)
        runpy.run_module("acceptance.quota", run_name="__main__")
        file = tmp_path / "changes"
        return file.read_text().splitlines() if file.exists() else []

    return changes


def test_disk_takes_what_is_free(changes: Callable[..., list[str]]) -> None:
    """The disk is as large as the free part of the quota, in the zone of the run."""
    (creation,) = changes("fill")
    assert creation.startswith("compute disks create acceptance-filler --size 120GB --type pd-balanced ")
    assert creation.endswith(" --project disposable-1 --zone asia-northeast3-a --quiet")


def test_disk_of_an_earlier_attempt_is_deleted_first(changes: Callable[..., list[str]]) -> None:
    """A step that runs again begins with the quota that the project has without the disk."""
    deletion, creation = changes("fill", disks="acceptance-filler\n")
    assert deletion == "compute disks delete acceptance-filler --zone asia-northeast3-a --project disposable-1 --quiet"
    assert creation.startswith("compute disks create acceptance-filler")


@pytest.mark.parametrize("free_gb", [9, 0, -50])
def test_full_quota_needs_no_disk(changes: Callable[..., list[str]], free_gb: int) -> None:
    """Compute Engine has no disk of this type below 10 GB, and the boot disk of an instance has 50."""
    assert changes("fill", free_gb=free_gb) == []


def test_quota_larger_than_a_disk_is_refused(changes: Callable[..., list[str]]) -> None:
    """A project with so much quota is no new one."""
    with pytest.raises(SystemExit, match=r"70000 GB are free, and a disk has at most 65536 GB. Fix: .*--skip capacity"):
        changes("fill", free_gb=70_000)


def test_disk_alone_is_deleted(changes: Callable[..., list[str]]) -> None:
    """Other disks of the project stay, and nothing is deleted where the disk does not exist."""
    assert changes("free") == []
    assert [line.split()[3] for line in changes("free", disks="acceptance-filler\ndata\n")] == ["acceptance-filler"]
