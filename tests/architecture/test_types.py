"""Every Python file is in the types of a program: mypy checks tests, policy and bench as strictly as programs."""

from pathlib import Path

import pytest

from ci.checked_programs import programs
from tests.architecture.arrows import ROOTS
from tests.architecture.import_graph import python_files


def untyped(folder: Path) -> list[Path]:
    """Return the Python files below a folder that no program's row contains."""
    typed = [Path(path) for program in programs(Path()) for path in program.types]
    return [file for file in python_files(folder, ROOTS) if not any(file.is_relative_to(path) for path in typed)]


def test_mypy_checks_every_file() -> None:
    """A file that no row of ci/programs.py and pyproject.toml contains has types that nothing checks."""
    assert untyped(Path()) == []


@pytest.mark.parametrize("file", ["bench/planted.py", "tests/planted/test_planted.py", "planted/module.py"])
def test_planted_file_without_a_row_is_named(file: str, tmp_path: Path) -> None:
    """A new measurement and a new folder of tests are named; a folder that is no root of the house is not read."""
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).touch()
    assert untyped(tmp_path) == ([] if file.startswith("planted/") else [Path(file)])
