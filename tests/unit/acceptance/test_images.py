"""Packer's images of a run: which they are, and that no other image is deleted."""

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """A function that runs the program with the stand-in; it returns the exit code, or the error that is printed."""

    def run(*arguments: str) -> object:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        monkeypatch.setattr(sys, "argv", ["images", *arguments])
        try:
            runpy.run_module("acceptance.images", run_name="__main__")
        except SystemExit as end:
            return end.code
        return 0

    return run


def test_images_of_the_run_alone_are_deleted(tmp_path: Path, run: Callable[..., object]) -> None:
    """An image of the same family that the run has not built stays."""
    write_folder(tmp_path)
    assert run("delete", "manifest.json", "disposable-1") == 0
    assert (tmp_path / "images").read_text() == f"{_FOREIGN}\n"
    assert (tmp_path / "deleted").read_text() == f"compute images delete {_BUILT} --quiet --project disposable-1\n"
    assert run("delete", "manifest.json", "disposable-1") == 0


@pytest.mark.parametrize("verb", ["list", "delete"])
def test_a_failure_of_gcloud_is_one(
    tmp_path: Path, run: Callable[..., object], capfd: pytest.CaptureFixture[str], verb: str
) -> None:
    """A listing or a deletion that fails is no success."""
    write_folder(tmp_path, broken=verb)
    with pytest.raises(subprocess.CalledProcessError):
        run("delete", "manifest.json", "disposable-1")
    assert "ERROR: no answer" in capfd.readouterr().err


def test_an_image_that_stays_is_named(tmp_path: Path, run: Callable[..., object]) -> None:
    """The images are listed again after their deletion."""
    write_folder(tmp_path, idle="delete")
    error = f"images: {_BUILT} not deleted. Fix: delete them by gcloud."
    assert run("delete", "manifest.json", "disposable-1") == error


def test_the_newest_image_is_printed(
    tmp_path: Path, run: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    """Packer adds a build to the manifest of the builds before; without a build there is nothing."""
    builds = [{"artifact_id": _FOREIGN}, {"artifact_id": _BUILT}]
    (tmp_path / "manifest.json").write_text(json.dumps({"builds": builds}))
    assert run("newest", "manifest.json") == 0
    assert run("newest", "none.json") == 0
    assert capsys.readouterr().out == f"{_BUILT}\n\n"
    assert run("delete", "none.json", "disposable-1") == 0
