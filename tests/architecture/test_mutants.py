"""The summary of mutants counts right, and fails where the tests notice too few of them."""

import ast
from pathlib import Path

import pytest

from tests.architecture.purity import PURE
from tests.mutants.summary import FOLDERS, Equivalent, Mutant, read_equivalents, summarize

GROUP = ("deploy.group",)


def mutants(killed: int, survived: int) -> list[Mutant]:
    """Return mutants of a function, of which some survived."""
    return [
        Mutant("deploy.group.health.f", f"line {number}", "changed", number < killed)
        for number in range(killed + survived)
    ]


@pytest.mark.parametrize(("killed", "survived", "is_enough"), [(92, 8, True), (91, 9, False), (0, 0, False)])
def test_fewer_than_92_percent_fail(killed: int, survived: int, is_enough: bool) -> None:
    """Exactly 92 % pass, one less fails, and so does a run without a single mutant."""
    text, outcome = summarize(mutants(killed, survived), (), GROUP)
    assert outcome == is_enough
    assert text.count("survived: deploy.group.health.f") == survived
    assert text.splitlines()[-1].startswith(f"deploy.group: {killed} of {killed + survived} mutants killed")


def test_every_folder_needs_92_percent() -> None:
    """A folder with few killed mutants fails beside a folder with many."""
    release = [Mutant("deploy.release.image.f", "line", "changed", is_killed=False)]
    text, is_enough = summarize([*mutants(100, 0), *release], (), ("deploy.group", "deploy.release"))
    assert ("deploy.group: 100 of 100" in text, "deploy.release: 0 of 1" in text, is_enough) == (True, True, False)


def test_equivalent_mutant_is_not_counted() -> None:
    """A mutant that no test can kill is neither killed nor a survivor."""
    equivalent = Equivalent("deploy.group.health.f", "line 92", "changed", "the line has no effect")
    text, _ = summarize(mutants(92, 1), [equivalent], GROUP)
    assert text == "deploy.group: 92 of 92 mutants killed, 100.0 %, at least 92 % needed; 1 more are equivalent"


def test_entry_of_a_mutant_that_no_longer_exists_fails() -> None:
    """An entry of a mutated folder must match a mutant; entries of other folders are left out."""
    entries = [Equivalent(f"deploy.{folder}.f", "a", "b", "none") for folder in ("group.health", "release.image")]
    text, is_enough = summarize(mutants(100, 0), entries, GROUP)
    assert ("deploy.group.health.f: no such mutant" in text, "release" in text, is_enough) == (True, False, False)


def test_every_equivalent_mutant_has_a_reason_and_a_line_that_exists() -> None:
    """equivalent.toml names functions of deploy's files, and for each whole lines of the function and a reason."""
    for entry in read_equivalents():
        assert len(entry.reason) > 10, entry
        lines = function_lines(entry.function)
        starts = [first for first, line in enumerate(lines) if entry.removed.startswith(line)]
        joined = {" ".join(lines[first:last]) for first in starts for last in range(first + 1, first + 10)}
        assert entry.removed in joined, entry


def function_lines(function: str) -> list[str]:
    """Return the lines of a function, without their indent."""
    parts = function.split(".")
    text = Path(*parts[:3]).with_suffix(".py").read_text()
    node: ast.AST = ast.parse(text)
    for name in parts[3:]:
        children = (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.ClassDef | ast.FunctionDef))
        [node] = [child for child in children if child.name == name]
    return [line.strip() for line in str(ast.get_source_segment(text, node)).splitlines()]


def test_every_pure_folder_is_mutated() -> None:
    """The pure folders of deploy that hold decisions are mutated, and so is rollout."""
    folders = {name for name in PURE if name.startswith("deploy.") and Path(name.replace(".", "/")).is_dir()}
    assert {f"deploy.{name}" for name in FOLDERS} == folders | {"deploy.rollout"}


def test_mutants_run_every_night_and_not_before_each_change() -> None:
    """The nightly workflow runs `make mutants`; `.ci/run`, which has a limit of 25 minutes, does not."""
    assert "- run: make mutants\n" in Path(".github/workflows/nightly.yml").read_text()
    assert "mutants" not in Path(".ci/run.py").read_text() + Path(".ci/run").read_text()
