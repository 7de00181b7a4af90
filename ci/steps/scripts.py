"""The scripts that run inside containers, from the module's own files: whatever source a call names."""

from functools import cache
from pathlib import Path
from typing import Final

import dagger
from dagger import dag

_FOLDER: Final = Path(__file__).parents[1] / "scripts"


@cache
def _texts() -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(_FOLDER.iterdir()) if path.is_file()}


def scripts() -> dagger.Directory:
    """Return the folder of all scripts, whose key is their content."""
    folder = dag.directory()
    for name, text in _texts().items():
        folder = folder.with_new_file(name, text)
    return folder


def script(name: str) -> dagger.File:
    """Return a script by its name."""
    return dag.directory().with_new_file(name, _texts()[name]).file(name)
