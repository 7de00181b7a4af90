"""
`emulator/FIDELITY.md`, generated from the marks of the contract tests, so that the file always agrees with them.

    emulator/.venv/bin/python -m tests.contract.fidelity
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from inspect import getdoc, getmembers, isfunction
from pathlib import Path
from typing import Final

import pytest

from emulator.api.calls import HANDLERS
from emulator.api.methods import load_handlers
from emulator.api.schema.check import methods
from emulator.api.service_methods import SERVICE_METHODS
from tests.contract import recordings
from tests.contract.marks import EVIDENCE, GRADES, GUESSES, Grade
from tests.contract.rig import regional_method

FILE: Final = Path("emulator/FIDELITY.md")
KINDS: Final = ("verified", "differs", "unverified", "own")
_HEAD: Final = """\
# How far the emulator is Compute Engine

Generated from the marks of `tests/contract` by `python -m tests.contract.fidelity`; a test fails when it is stale.

A verified behaviour has its evidence beside it, and the grade of the best evidence. A behaviour is measured if a
recording in `tests/contract/recordings`, which `acceptance` makes on a real project, shows it.
"""
_OF_THE_SUITE: Final = ("test_fidelity", "test_recordings")  # they test no single behaviour of the emulator


@dataclass(frozen=True)
class Test:
    """
    A contract test, as its marks describe it.

    Args:
        where: file and name of the test
        behaviour: docstring of the test
        kind: an entry of `KINDS`
        notes: evidence, reason or guess
        covers: methods that the test calls
    """

    __test__ = False

    where: str
    behaviour: str
    kind: str
    notes: tuple[str, ...]
    covers: tuple[str, ...]

    @property
    def grade(self) -> Grade | None:
        """Grade of the best evidence; None for a behaviour that is not meant to be Compute Engine's."""
        if recordings.row_verdicts().get(self.where) == "measured":
            return "measured"
        if self.kind == "verified":
            return min((EVIDENCE[letter].grade for letter in self.notes), key=list(GRADES).index)
        return "assumed" if self.kind == "unverified" else None


@cache
def tests() -> tuple[Test, ...]:
    """
    Return all contract tests, by file and place in it.

    Raises:
        ValueError: A test has no docstring, or not exactly one of the four marks.
    """
    contract_tests: list[Test] = []
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        if file.stem not in _OF_THE_SUITE:
            module = import_module(f"tests.contract.{file.stem}")
            functions = [function for name, function in getmembers(module, isfunction) if name.startswith("test_")]
            functions.sort(key=lambda function: function.__code__.co_firstlineno)
            more = getattr(module, "pytestmark", None)
            contract_tests += [_test(f"{file.stem}.{function.__name__}", function, more) for function in functions]
    return tuple(contract_tests)


def served() -> set[str]:
    """Return the names of all methods that are served."""
    load_handlers()
    return set(HANDLERS) | set(SERVICE_METHODS)


def document() -> str:
    """Return the whole file."""
    return "\n".join((_HEAD, *_evidence(), *_methods(), *_behaviours())) + "\n"


def _test(where: str, function: Callable[..., None], more: pytest.MarkDecorator | None = None) -> Test:
    marks = {mark.name: mark.args for mark in getattr(function, "pytestmark", [])}
    covers = marks.get("covers", ())
    is_regional = "regional" in marks or (more is not None and more.name == "regional")
    if is_regional and "zonal_only" not in marks:
        covers = tuple(dict.fromkeys((*covers, *map(regional_method, covers))))
    kinds = [kind for kind in KINDS if kind in marks]
    behaviour = " ".join((getdoc(function) or "").split())
    if len(kinds) != 1 or not behaviour:
        raise ValueError(f"{where}: {kinds or 'no mark'}. Fix: one of {', '.join(KINDS)}, and a docstring.")
    return Test(where, behaviour, kinds[0], marks[kinds[0]], covers)


def _evidence() -> Iterator[str]:
    yield _recorded_runs()
    yield "| Grade | Meaning | Behaviours |\n|--|--|--|"
    for grade, meaning in GRADES.items():
        yield f"| {grade} | {meaning} | {sum(test.grade == grade for test in tests())} |"
    yield "\n| Evidence | Source | Read on | Grade |\n|--|--|--|--|"
    for letter, source in EVIDENCE.items():
        yield f"| {letter} | {source.text} | {source.on} | {source.grade} |"
    for letter, text in GUESSES.items():
        yield f"| {letter} | none: {text} | | assumed |"


def _recorded_runs() -> str:
    """Return how many exchanges are recorded, and the date of the last exchange."""
    exchanges = [exchange for run in recordings.runs() for exchange in run]
    if not exchanges:
        return "No run on a real project is recorded yet, so no behaviour is measured.\n"
    return f"{len(exchanges)} exchanges are recorded, the last exchange on {exchanges[-1].at[:10]}.\n"


def _methods() -> Iterator[str]:
    """Yield a row for each served method, and a row with the other methods of the same collections."""
    yield "\n## Methods\n"
    yield "Every method that is not listed here answers 501 and is marked `unknown` in the request log.\n"
    yield "| Method | Served | Evidence | Read on | Missing |\n|--|--|--|--|--|"
    named = served()
    for name in sorted(named):
        covering = [test for test in tests() if name in test.covers]
        evidence = [
            letter for letter in EVIDENCE if any(letter in test.notes for test in covering if test.kind == "verified")
        ]
        missing = list(dict.fromkeys(test.notes[0] for test in covering if test.kind == "differs"))
        read_on = max((EVIDENCE[letter].on for letter in evidence), default="")
        extent = "partly" if missing else "yes" if covering else "untested"
        yield f"| `{name}` | {extent} | {' '.join(evidence)} | {read_on} | {'; '.join(missing)} |"
    for collection in sorted({name.partition(".")[0] for name in HANDLERS}):
        verbs = [
            name.partition(".")[2] for name in methods() if name.startswith(f"{collection}.") and name not in named
        ]
        if verbs:
            yield f"| `{collection}`: {', '.join(f'`{verb}`' for verb in sorted(verbs))} | no | | | |"


def _behaviours() -> Iterator[str]:
    titles = {
        "verified": ("Verified", "Evidence"),
        "differs": ("Knowingly different", "Why"),
        "unverified": ("Not verified", "Guess"),
        "own": ("Only here", ""),
    }
    for kind, (title, column) in titles.items():
        yield f"\n## {title}\n"
        columns = [
            "Behaviour",
            *(["Grade"] if kind in ("verified", "unverified") else []),
            *([column] if column else []),
        ]
        yield f"| {' | '.join((*columns, 'Test'))} |\n|{'--|' * (len(columns) + 1)}"
        for test in tests():
            if test.kind == kind:
                has_grade = kind in ("verified", "unverified")
                cells = [_escaped(test.behaviour), *([str(test.grade)] if has_grade else [])]
                notes = [" ".join(test.notes)] if column else []
                yield f"| {' | '.join((*cells, *notes))} | `{test.where}` |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    FILE.write_text(document())
