"""Packer's images of a run: which they are, and that no other image is deleted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.place import ROOT

# A gcloud whose images are lines of a file; `broken` names the verb that fails, `idle` the verb that has no effect.
_GCLOUD = """#!/bin/sh
set -eu
[ "$3" != "$(cat broken)" ] || { echo "ERROR: no answer" >&2; exit 1; }
case "$3" in
list) cat images ;;
delete) [ "$(cat idle)" = delete ] || { echo "$*" >> deleted; grep -vxF "$4" images > rest || true; mv rest images; } ;;
esac
"""
_BUILT = "dojangkok-cpu-base-20261201101500"
_FOREIGN = "dojangkok-cpu-base-20250101000000"


def write_folder(folder: Path, *, broken: str = "", idle: str = "") -> None:
    """Write a folder with a stand-in for gcloud, two images, and the manifest of one of them."""
    for name, text in (("images", f"{_FOREIGN}\n{_BUILT}\n"), ("broken", broken), ("idle", idle)):
        (folder / name).write_text(text)
    (folder / "gcloud").write_text(_GCLOUD)
    (folder / "gcloud").chmod(0o755)
    (folder / "manifest.json").write_text(json.dumps({"builds": [{"artifact_id": _BUILT}]}))


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the program with the stand-in."""
    return subprocess.run(
        [sys.executable, "-m", "acceptance.images", *arguments], cwd=folder, capture_output=True, text=True,
        env={"PATH": f"{folder}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)}, timeout=60, check=False,
    )  # fmt: skip


def test_images_of_the_run_alone_are_deleted(tmp_path: Path) -> None:
    """An image of the same family that the run has not built stays."""
    write_folder(tmp_path)
    done = run(tmp_path, "delete", "manifest.json", "disposable-1")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "images").read_text() == f"{_FOREIGN}\n"
    assert (tmp_path / "deleted").read_text() == f"compute images delete {_BUILT} --quiet --project disposable-1\n"
    assert run(tmp_path, "delete", "manifest.json", "disposable-1").returncode == 0


@pytest.mark.parametrize("verb", ["list", "delete"])
def test_a_failure_of_gcloud_is_one(tmp_path: Path, verb: str) -> None:
    """A listing or a deletion that fails is no success."""
    write_folder(tmp_path, broken=verb)
    done = run(tmp_path, "delete", "manifest.json", "disposable-1")
    assert done.returncode != 0
    assert "ERROR: no answer" in done.stderr


def test_an_image_that_stays_is_named(tmp_path: Path) -> None:
    """The images are listed again after their deletion."""
    write_folder(tmp_path, idle="delete")
    done = run(tmp_path, "delete", "manifest.json", "disposable-1")
    assert (done.returncode, done.stderr) == (1, f"images: {_BUILT} not deleted. Fix: delete them by gcloud.\n")


def test_the_newest_image_is_printed(tmp_path: Path) -> None:
    """Packer adds a build to the manifest of the builds before; without a build there is nothing."""
    builds = [{"artifact_id": _FOREIGN}, {"artifact_id": _BUILT}]
    (tmp_path / "manifest.json").write_text(json.dumps({"builds": builds}))
    assert run(tmp_path, "newest", "manifest.json").stdout == f"{_BUILT}\n"
    assert run(tmp_path, "newest", "none.json").stdout.strip() == ""
    assert run(tmp_path, "delete", "none.json", "disposable-1").returncode == 0
