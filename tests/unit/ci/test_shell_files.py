"""Shell files are found by their first line."""

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
    assert {"daggerw", "engine/stop", "ci/scripts/pull.sh", "policy/tools/build"} <= set(shell_files(Path()))
