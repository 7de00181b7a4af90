"""
The programs that a source has: the tools of ci/programs.py, and the program of the uv project at the root.

The second one is described by its own pyproject.toml: `requires-python` decides its Python, and `[tool.delivery]` what
its checks read. Without Dagger, so that scripts on the host read the same rows as the module.
"""

import difflib
import re
from pathlib import Path
from typing import Any, Final

import tomllib

from ci.programs import TOOL_PROGRAMS, TOOLS_PYTHON, Program, Proof

CONFIG: Final = "pyproject.toml"
_LEAST_PYTHON: Final = re.compile(r"(?:>=|==|~=)\s*(3\.[0-9]+)")
_LISTS: Final = ("types", "tests", "slow_tests", "reads")
_KEYS: Final = ("name", "coverage", *_LISTS, "proofs")


class ProjectFileError(Exception):
    """A pyproject.toml that describes no program; the text has the place, the reason and the fix."""


def programs(root: Path) -> tuple[Program, ...]:
    """
    Return the programs that a source has: first the program of the project at its root, if there is one, then tools.

    Raises:
        ProjectFileError: the pyproject.toml at the root has a wrong value
    """
    own = root_program(root)
    tools = (tool for tool in TOOL_PROGRAMS if (root / tool.config).is_file())
    return (*([own] if own else []), *tools)


def projects(root: Path) -> dict[str, str]:
    """Return the projects that have a lock file, with the Python of each environment; errors as of `programs`."""
    # policy is no program with tests of its own
    return {**{program.project: program.python for program in programs(root)}, "policy": TOOLS_PYTHON}


def root_program(root: Path) -> Program | None:
    """
    Return the program of the uv project at the root of a source; None where there is no uv.lock.

    Without `[tool.delivery]` its checks read the whole source, and mypy and pytest find their files by their own
    settings in pyproject.toml.

    Raises:
        ProjectFileError: the pyproject.toml has a wrong value
    """
    if not (root / CONFIG).is_file() or not (root / "uv.lock").is_file():
        return None
    try:
        data = tomllib.loads((root / CONFIG).read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectFileError(f"{CONFIG}: {error}. Fix: correct the TOML") from error
    project, table = data.get("project", {}), data.get("tool", {}).get("delivery", {})
    _refuse_wrong(table)
    series = _LEAST_PYTHON.search(str(project.get("requires-python", "")))
    return Program(
        name=table.get("name", str(project.get("name", "source"))),
        project=".",
        python=series[1] if series else TOOLS_PYTHON,
        coverage=table.get("coverage"),
        types=tuple(table.get("types", ())),
        tests=tuple(table.get("tests", ())),
        slow_tests=tuple(table.get("slow_tests", ())),
        reads=tuple(table.get("reads", ())),
        proofs=tuple(Proof(tuple(proof["variables"]), tuple(proof["tests"])) for proof in table.get("proofs", ())),
    )


def _refuse_wrong(table: Any) -> None:
    """Refuse an unknown key, and a value of the wrong type."""
    where = f"{CONFIG}: tool.delivery"
    if not isinstance(table, dict):
        raise ProjectFileError(f"{where}: got a value of type {type(table).__name__}. Fix: write it as a table")
    for key, value in table.items():
        if key not in _KEYS:
            similar = difflib.get_close_matches(key, _KEYS, n=1)
            fix = f"did you mean '{similar[0]}'" if similar else f"one of: {', '.join(_KEYS)}"
            raise ProjectFileError(f"{where}.{key}: unknown key. Fix: {fix}")
        if key in _LISTS and not _is_texts(value):
            raise ProjectFileError(f"{where}.{key}: got {value!r:.60}. Fix: a list of paths")
    if not isinstance(table.get("name", ""), str):
        raise ProjectFileError(f"{where}.name: got {table['name']!r:.60}. Fix: the folder of the program")
    if not isinstance(table.get("coverage", 0), int):
        raise ProjectFileError(f"{where}.coverage: got {table['coverage']!r:.60}. Fix: percent, a whole number")
    proofs = table.get("proofs", [])
    if not isinstance(proofs, list) or not all(map(_is_proof, proofs)):
        raise ProjectFileError(f"{where}.proofs: got {proofs!r:.60}. Fix: tables of 'variables' and 'tests'")


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_proof(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"variables", "tests"} and all(map(_is_texts, value.values()))
