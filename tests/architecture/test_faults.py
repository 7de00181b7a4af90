"""The page that lists every fault is complete; every test that it or the page of invariants names is there."""

import ast
import re
from pathlib import Path

PAGE = Path("docs/faults.md")
LIST = Path("docs/fault-tests.md")


def rows_of(page: Path) -> list[list[str]]:
    """Return the cells of each row of a page that begins with the number of a fault."""
    lines = page.read_text().splitlines()
    return [line.strip("| ").split(" | ") for line in lines if re.match(r"\| [FT]\d\d \|", line)]


ROWS = rows_of(PAGE)


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


def test_every_row_has_an_outcome_an_exit_code_and_a_test() -> None:
    """Each row says what happens then, has exit codes or none, and names one test or more."""
    assert [row[0] for row in ROWS if len(row) != 5 or len(row[2]) < 10] == []
    assert [row[0] for row in ROWS if not re.match(r"\d|none$|codes of ", row[3])] == []
    assert [row[0] for row in ROWS if "::test_" not in row[4]] == []


def test_list_of_tests_has_every_fault_and_the_tests_of_its_row() -> None:
    """The second page has the same faults, and among the tests of each those of the first page."""
    tests = dict(rows_of(LIST))
    assert list(tests) == [row[0] for row in ROWS]
    assert [row[0] for row in ROWS if not set(row[4].split(", ")) <= set(tests[row[0]].split(", "))] == []


def test_every_named_test_exists() -> None:
    """A test that was renamed or deleted is named with its fault."""
    named = [(number, *name.split("::")) for number, tests in rows_of(LIST) for name in tests.split(", ")]
    assert [row for row in named if row[2] not in names_in(Path(row[1]))] == []


def test_every_file_that_the_page_of_invariants_names_exists() -> None:
    """A file that was moved or divided keeps its row true."""
    named = re.findall(r"(?:tests|policy)/[\w./-]+\.py", Path("docs/invariants.md").read_text())
    assert len(named) > len(set(named)) / 2 > 20
    assert [file for file in named if not Path(file).exists()] == []


def test_planted_name_of_a_missing_test_is_reported() -> None:
    """The control of the test above."""
    assert "test_every_fault_has_its_row" in names_in(Path(__file__))
    assert "test_that_was_deleted" not in names_in(Path(__file__))
