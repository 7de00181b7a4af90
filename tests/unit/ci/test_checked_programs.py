"""The programs of a source: the tools of this repository, and the project at the root of any source."""

from pathlib import Path

import pytest

from ci import checked_programs
from ci.checked_programs import ProjectFileError

PROJECT = '[project]\nname = "web"\nrequires-python = ">=3.12,<3.14"\n'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source with a uv project at its root."""
    (tmp_path / "uv.lock").touch()
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    return tmp_path


def test_root_program_of_this_repository_is_the_application() -> None:
    """Its own pyproject.toml states its Python, its files, and its deep proofs."""
    first, *tools = checked_programs.programs(Path())
    assert (first.name, first.project, first.python, first.coverage) == ("app", ".", "3.10", 90)
    assert first.test_command[-1] == "tests/unit/app"
    assert set(first.paths) >= {"app", "tests/unit/app", "pyproject.toml", "docs/ai-server.openapi.json"}
    assert "deploy" in {tool.name for tool in tools}


def test_release_waits_for_no_slow_test(source: Path) -> None:
    """The command of a release ignores the slow tests; the one that measures coverage does not."""
    table = '[tool.delivery]\ncoverage = 90\ntests = ["tests"]\nslow_tests = ["tests/slow"]\n'
    (source / "pyproject.toml").write_text(f"{PROJECT}{table}")
    [program] = checked_programs.programs(source)
    assert program.release_test_command[-2:] == ["--ignore=tests/slow", "tests"]
    assert "--ignore=tests/slow" not in (*program.test_command, *program.coverage_command)


def test_project_without_a_table_is_checked_as_its_own_settings_say(source: Path) -> None:
    """mypy and pytest read their files from pyproject.toml, and a change of any file runs them again."""
    [program] = checked_programs.programs(source)
    assert (program.name, program.python, program.paths) == ("web", "3.12", ())
    assert program.types_command == ["mypy", "--config-file", "pyproject.toml"]
    assert program.test_command == ["pytest", "-c", "pyproject.toml", "--rootdir=.", "-p", "no:cacheprovider"]


def test_source_without_a_lock_file_has_no_program(tmp_path: Path) -> None:
    """An application in another language has none."""
    assert checked_programs.programs(tmp_path) == ()


@pytest.mark.parametrize(
    ("table", "error"),
    [
        ("covrage = 1", "pyproject.toml: tool.delivery.covrage: unknown key. Fix: did you mean 'coverage'"),
        ('types = "web"', "pyproject.toml: tool.delivery.types: got 'web'. Fix: a list of paths"),
        ('slow_tests = "web"', "pyproject.toml: tool.delivery.slow_tests: got 'web'. Fix: a list of paths"),
        ('coverage = "90"', "pyproject.toml: tool.delivery.coverage: got '90'. Fix: percent, a whole number"),
        ("name = 1", "pyproject.toml: tool.delivery.name: got 1. Fix: the folder of the program"),
        ("proofs = [{tests = []}]", "pyproject.toml: tool.delivery.proofs: got [{'tests': []}]. Fix: tables of"),
        ("=", "pyproject.toml: Invalid statement (at line 5, column 1). Fix: correct the TOML"),
    ],
)
def test_wrong_table_is_refused(source: Path, table: str, error: str) -> None:
    """The error has the path of the key and a fix."""
    (source / "pyproject.toml").write_text(f"{PROJECT}[tool.delivery]\n{table}\n")
    with pytest.raises(ProjectFileError) as refused:
        checked_programs.programs(source)
    assert str(refused.value).startswith(error)
