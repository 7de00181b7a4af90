"""Shell files are found by their first line, and mean the same on macOS and Linux."""

import re
from pathlib import Path

import pytest

from ci.shell_files import shell_files


@pytest.mark.parametrize(
    ("name", "content", "is_shell"),
    [
        ("run.sh", "#!/bin/sh\n", True),
        ("run", "#!/usr/bin/env bash\nset -e\n", True),
        ("run", "#!/bin/bash -eu", True),
        ("sourced.sh", "# shellcheck shell=bash disable=SC2154\n", True),
        ("run", "#!/usr/bin/env python3\n", False),
        ("run.py", "#!/bin/sh\n", False),
        ("run.sh.tftpl", "#!/bin/bash\n", False),
        ("fragment.sh", "# put FILE MODE\n", False),
        ("binary", "\0\1\2", False),
        ("empty", "", False),
        (".venv/bin/activate", "#!/bin/sh\n", False),
        ("tests/unit/deploy/scripts/others/a.sh", "#!/bin/sh\n", False),
    ],
)
def test_first_line_and_ending_decide(tmp_path: Path, name: str, content: str, is_shell: bool) -> None:
    """Templates, fragments, environments and the scripts that are data of tests are no shell files."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(content)
    assert shell_files(tmp_path) == ((name,) if is_shell else ())


def test_scripts_of_this_module_are_found() -> None:
    """The command line, a script of a container, and the build of policy's tools are linted."""
    assert {"daggerw", "daggerw_exit_codes.sh", "engine/stop", "ci/scripts/pull.sh", "policy/tools/build"} <= set(
        shell_files(Path())
    )


_UNEQUAL_AGES = {"+0", "0", "-0", "1", "-1"}  # macOS rounds an age in days up, and Linux down


def _unequal_ages(text: str) -> list[str]:
    """Return the ages, in days, of `find` commands that macOS and Linux judge differently."""
    return [age for age in re.findall(r"-[acm]time +([+-]?[0-9]+)", text) if age in _UNEQUAL_AGES]


def test_no_script_finds_files_by_an_age_of_less_than_a_day() -> None:
    """`find -mtime +0` matches a file of this second on macOS, and a file of yesterday on Linux."""
    found = {name: ages for name in shell_files(Path()) if (ages := _unequal_ages(Path(name).read_text()))}
    assert found == {}


@pytest.mark.parametrize(
    ("age", "is_refused"), [("+0", True), ("0", True), ("-1", True), ("+1", False), ("+30", False), ("-7", False)]
)
def test_age_of_less_than_a_day_is_refused(age: str, is_refused: bool) -> None:
    """The control of the test above."""
    assert bool(_unequal_ages(f"find . -mtime {age} -delete")) == is_refused
