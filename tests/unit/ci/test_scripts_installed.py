"""scripts/installed.py: what it reads of an image, whatever the image holds."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from ci.scripts import installed

STATUS = """\
Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.2.13
Description: compression library
 Version: of another line

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9
"""


def test_packages_are_those_that_are_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A removed package is left out, and images without a package manager have a file for each package."""
    (tmp_path / "status").write_text(STATUS)
    (tmp_path / "status.d").mkdir()
    (tmp_path / "status.d/tzdata").write_text("Package: tzdata\nVersion: 2025b\nArchitecture: all\n")
    (tmp_path / "status.d/tzdata.md5sums").write_text("Package: none\n")
    monkeypatch.setattr(installed, "_STATUS", tmp_path / "status")
    monkeypatch.setattr(installed, "_STATUS_FOLDER", tmp_path / "status.d")
    monkeypatch.setenv("PATH", str(tmp_path))
    installed.main(tmp_path / "listed")
    assert (tmp_path / "listed/debian.tsv").read_text() == (
        "libc6\t2.36-9\tamd64\ntzdata\t2025b\tall\nzlib1g\t1:1.2.13\tamd64\n"
    )
    assert (tmp_path / "listed/python.txt").read_text() == ""


def test_version_is_that_of_the_python_of_the_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python that runs the script is mounted, and is no part of the image."""
    program = tmp_path / "python3"
    program.write_text("#!/bin/sh\necho Python 3.9.1\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    monkeypatch.setattr(shutil, "which", lambda name: str(program) if name == "python3" else None)
    assert installed.interpreter() == "Python 3.9.1\n"
