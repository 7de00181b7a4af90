"""No vague names and no `Args` entries without a noun, in every Python file."""

import ast
from pathlib import Path

import pytest

from tests.architecture import language
from tests.architecture.arrows import ROOTS
from tests.architecture.import_graph import python_files

LONG = {
    "assignment": "found = 1\n{filler}print(found)",
    "loop": "for one in ():\n{filler}    print(one)",
    "with": "with open('') as said:\n{filler}    print(said)",
    "walrus": "print(told := 1)\n{filler}print(told)",
    "unpacking": "meant, *rest = ()\n{filler}print(meant)",
    "exception": "try:\n    pass\nexcept OSError as found:\n{filler}    print(found)",
    "match": "match 1:\n    case [one, *_]:\n{filler}        print(one)",
    "import": "import os as said\n{filler}print(said)",
    "closure": "found = 1\n{filler}print(lambda: found)",
}
EVERYWHERE = {
    "module": "found = 1",
    "field": "class Answer:\n    told: int = 0",
    "attribute": "def keep(self):\n    self.meant = 1",
    "function": "def told(): pass",
    "parameter": "def send(\n    one,\n    a,\n    b,\n    c,\n    d,\n): return one",
    "comprehension": "def names(rows):\n    return [\n        one\n" + "\n" * 5 + "        for one in rows\n    ]",
}
ENTRIES = [
    "run: Of this process.",
    "run: that it is.",
    "**runs: Its number.",
    "run (str): From the caller.",
    "a: Whose id.",
]


@pytest.mark.parametrize("file", list(python_files(Path(), ROOTS)), ids=str)
def test_names_and_entries_are_plain(file: Path) -> None:
    """No vague name lasts more than 5 lines, and no entry of a docstring begins without a noun."""
    assert list(language.problems(file)) == []


@pytest.mark.parametrize("shape", LONG)
@pytest.mark.parametrize(("lines_between", "count"), [(0, 0), (6, 1)])
def test_planted_name_is_named_once_it_lasts(shape: str, lines_between: int, count: int, tmp_path: Path) -> None:
    """A vague name passes within 5 lines of a function, and fails beyond them, with every kind of binding."""
    body = LONG[shape].format(filler="\n" * lines_between).replace("\n", "\n    ")
    assert len(planted(tmp_path, f"def run():\n    {body}\n")) == count


@pytest.mark.parametrize("shape", EVERYWHERE)
def test_planted_name_that_is_used_elsewhere_is_named(shape: str, tmp_path: Path) -> None:
    """A name that modules, classes or objects hold, and a long signature or comprehension, fail."""
    [problem] = planted(tmp_path, EVERYWHERE[shape])
    assert "says nothing. Fix: use a noun of the domain." in problem


@pytest.mark.parametrize("entry", ENTRIES)
def test_planted_fragment_is_named(entry: str, tmp_path: Path) -> None:
    """An entry without a noun fails, in every form of the Google style."""
    text = f'def start(run):\n    """\n    Start.\n\n    Args:\n        {entry}\n    """\n'
    assert planted(tmp_path, text) == [
        f"{tmp_path}/planted.py:6: '{entry}' has no noun of its own. Fix: write what the argument is."
    ]


def test_entry_with_a_noun_passes(tmp_path: Path) -> None:
    """Prose outside of sections, later lines of an entry, and entries with a noun pass."""
    text = (
        '"""\nOne: of many.\n\nArgs:\n    run: id of the run,\n        that: of this process.\n\nNote: its end.\n"""\n'
    )
    assert planted(tmp_path, text) == []
    assert len(list(language.argument_entries(ast.parse(text)))) == 1


def planted(folder: Path, text: str) -> list[str]:
    """Problems of a file with a text."""
    file = folder / "planted.py"
    file.write_text(text)
    return list(language.problems(file))


def without_docstring(file: Path) -> list[str]:
    """Return the tests of a file that have no docstring."""
    tree = ast.parse(file.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [node.name for node in functions if node.name.startswith("test_") and not ast.get_docstring(node)]


@pytest.mark.parametrize(
    "file", [file for file in python_files(Path(), ROOTS) if file.name.startswith("test_")], ids=str
)
def test_every_test_has_a_docstring(file: Path) -> None:
    """Every test has a docstring."""
    assert without_docstring(file) == [], f"{file}: tests without a docstring. Fix: write a sentence about each."


def test_planted_test_without_a_docstring_is_named(tmp_path: Path) -> None:
    """The control of the test above: a comment is no docstring."""
    planted_file = tmp_path / "test_planted.py"
    planted_file.write_text(
        'def test_a() -> None:\n    """A sentence."""\n\n\ndef test_b() -> None:\n    # none\n    pass\n'
    )
    assert without_docstring(planted_file) == ["test_b"]
