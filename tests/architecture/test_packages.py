"""The table of packages in README.md: each row names the programs that import the package."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.arrows import PROGRAMS
from tests.architecture.import_graph import python_files

ROOT: Final = Path(__file__).parents[2]
# The module of each package; pytest and ruff are commands, which no program imports.
MODULES: Final = {
    "dagger-io": "dagger",
    "anyio": "anyio",
    "google-cloud-compute": "google.cloud",
    "google-auth": "google.auth",
    "pyyaml": "yaml",
    "fastapi": "fastapi",
    "uvicorn": "uvicorn",
}


def rows() -> dict[str, str]:
    """Return the column `where` of each package."""
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n| package | where | why |\n")[2]
    cells = [line.split(" | ") for line in table.partition("\n\n")[0].splitlines()[1:]]
    return {package.removeprefix("| "): where for package, where, _ in cells}


def imported(file: Path) -> Iterator[str]:
    """Yield the modules that a file imports, without relative ones."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield f"{node.module}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.fixture(scope="module")
def programs_with() -> dict[str, set[str]]:
    """The programs that import each package."""
    programs: dict[str, set[str]] = {package: set() for package in MODULES}
    for program in (*PROGRAMS, "lib"):
        for file in python_files(ROOT, [program]):
            modules = set(imported(ROOT / file))
            for package, name in MODULES.items():
                if any(f"{module}.".startswith(f"{name}.") for module in modules):
                    programs[package].add(program)
    return programs


def test_table_has_the_packages_that_programs_import() -> None:
    """Each row is compared, but for those of commands."""
    assert rows().keys() - MODULES.keys() == {"pytest", "ruff"}
    assert MODULES.keys() <= rows().keys()


@pytest.mark.parametrize("package", MODULES)
def test_row_names_the_programs_that_import_the_package(package: str, programs_with: dict[str, set[str]]) -> None:
    """The first folders of the paths in `where`, without tests, are the programs with an import."""
    named = {path.partition("/")[0] for path in re.findall(r"`([^`]+)`", rows()[package])} - {"tests"}
    assert named == programs_with[package], f"README.md, Packages, {package}: name the programs that import it"
