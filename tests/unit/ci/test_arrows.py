"""Siblings never import each other: each program can be understood, tested and replaced alone."""

import ast
from pathlib import Path

import pytest

PROGRAMS = ("app", "ci", "engine")


def imported(folder: str) -> set[str]:
    """Top-level names that the modules below a folder import."""
    names = set()
    for file in Path(folder).rglob("*.py"):
        if ".venv" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_do_not_import_each_other(program: str) -> None:
    assert program in imported(program), "the folder was not read"
    assert not imported(program) & (set(PROGRAMS) - {program})


def test_app_and_engine_know_nothing_of_dagger() -> None:
    assert "dagger" not in imported("app") | imported("engine")
