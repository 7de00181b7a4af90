"""The last section of docs/architecture.md: every path that it names exists, and so does every name in a module."""

import ast
import re
from pathlib import Path

SECTION = Path("docs/architecture.md").read_text().partition("## Where is …?")[2]
HEADER = ["question", "answer"]
LINES = [line.strip("| ").split(" | ") for line in SECTION.splitlines() if line.startswith("| ")]
ROWS = [row for row in LINES if row != HEADER]


def missing(answer: str) -> list[str]:
    """Return the paths of an answer that do not exist, and the names that their modules do not define."""
    absent = []
    for path, name in re.findall(r"`([\w.-]+(?:/[\w.-]+)*/?)(?:::(\w+))?`", answer):
        if not Path(path).exists():
            absent.append(path)
        elif name and name not in definitions(Path(path)):
            absent.append(f"{path}::{name}")
    return absent


def definitions(module: Path) -> set[str]:
    """Return the names of the functions and classes of a module."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, kinds)}


def test_every_path_of_the_questions_exists() -> None:
    """Each answer names at least one path."""
    assert len(ROWS) >= 60
    assert [(question, missing(answer)) for question, answer in ROWS if missing(answer)] == []
    assert [question for question, answer in ROWS if "/" not in answer] == []


def test_planted_missing_path_is_reported() -> None:
    """The control of the test above."""
    assert missing("`ci/gates.py::run`, `docs/`") == []
    assert missing("`ci/no_such_file.py`, `ci/gates.py::no_such_name`, `docs`") == [
        "ci/no_such_file.py", "ci/gates.py::no_such_name",
    ]  # fmt: skip
