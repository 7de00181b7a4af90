"""The shell files of the repository, which are discovered by their first line instead of a list."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SHELLCHECK: Final = ("shellcheck", "--external-sources", "--source-path=SCRIPTDIR")
_FIRST_LINE: Final = re.compile(rb"#!\S*/(?:env )?(?:ba|da)?sh\b|# shellcheck shell=")
_SKIPPED_FOLDER: Final = re.compile(r"\.git|\.venv|\.terraform|__pycache__|\..*_cache|\.hypothesis")
# Scripts of other projects, which deploy must be able to read, are data of tests.
_TEST_DATA: Final = re.compile(r"tests/.*/scripts(/.*)?")


def shell_files(root: Path) -> tuple[str, ...]:
    """
    Return the paths of all shell files below a folder, sorted.

    A shell file is named `*.sh` or has no ending, and its first line names a shell: `#!/bin/sh`, or
    `# shellcheck shell=bash` in a file that others source. A template such as `*.sh.tftpl` is checked once it is
    rendered, by policy.
    """
    return tuple(sorted(path.relative_to(root).as_posix() for path in _files(root) if _is_shell(path)))


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        relative = Path(folder).relative_to(root).as_posix()
        folders[:] = [name for name in folders if not _SKIPPED_FOLDER.fullmatch(name)]
        if not _TEST_DATA.fullmatch(relative):
            yield from (Path(folder) / name for name in names)


def _is_shell(path: Path) -> bool:
    if path.suffix not in ("", ".sh") or not path.is_file():
        return False
    with path.open("rb") as file:
        return _FIRST_LINE.match(file.readline(100)) is not None
