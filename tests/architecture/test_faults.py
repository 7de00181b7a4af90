"""The page that lists every fault is complete; every test that it or the page of invariants names is there."""

import ast
import re
from pathlib import Path

LINES = Path("docs/faults.md").read_text().splitlines()
ROWS = [line.strip("| ").split(" | ") for line in LINES if re.match(r"\| [FT]\d\d \|", line)]


def names_in(path: Path) -> set[str]:
    """Names of the functions of a file; none if there is no such file."""
    if not path.exists():
        return set()
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def test_every_fault_has_its_row() -> None:
    """The page has the faults F01 to F65 and T01 to T64, in this order."""
    faults = [f"F{number:02}" for number in range(1, 66)]
    truth_and_safety = [f"T{number:02}" for number in range(1, 65)]
    assert [row[0] for row in ROWS] == faults + truth_and_safety


def test_every_row_has_a_test_that_exists_or_a_reason() -> None:
    """Each row names tests that exist, or gives the reason why the fault does not concern deploy."""
    missing, without = [], []
    for number, _, shown in ROWS:
        named = re.findall(r"([\w./]+\.py)::(test_\w+)", shown)
        missing += [f"{number}: {file}::{name}" for file, name in named if name not in names_in(Path(file))]
        if not named and not shown.startswith("Does not concern deploy: "):
            without.append(number)
    assert (missing, without) == ([], [])


def test_every_file_that_the_page_of_invariants_names_exists() -> None:
    """A file that was moved or divided keeps its row true."""
    named = re.findall(r"(?:tests|policy)/[\w./-]+\.py", Path("docs/invariants.md").read_text())
    assert len(named) > len(set(named)) / 2 > 20
    assert [file for file in named if not Path(file).exists()] == []


def test_planted_name_of_a_missing_test_is_reported() -> None:
    """The control of the test above."""
    assert "test_every_fault_has_its_row" in names_in(Path(__file__))
    assert "test_that_was_deleted" not in names_in(Path(__file__))
