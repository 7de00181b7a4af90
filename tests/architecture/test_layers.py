"""Which program and folder may import which, circles, folders without effects, and the length of files."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture import arrows, import_graph
from tests.architecture.arrows import ARROWS, LONGEST_FILE, ROOTS
from tests.architecture.import_graph import ImportGraph, read_imports
from tests.architecture.purity import CLIENTS, EFFECTS, PURE

Rule = Callable[[ImportGraph], Iterator[str]]
RULES: dict[str, Rule] = {
    "arrows": lambda graph: import_graph.forbidden_imports(graph, ARROWS),
    "rows": lambda graph: import_graph.folders_without_row(graph, ARROWS),
    "circles": import_graph.circles,
    "effects": lambda graph: import_graph.effects(graph, PURE, EFFECTS),
    "clients": lambda graph: import_graph.foreign_clients(graph, CLIENTS),
}
# One file each, below an otherwise empty tree of the same packages, and a part of the failure that it must cause.
PLANTED = {
    "arrows": [
        ("deploy/report/table.py", "import emulator", "deploy.report.table imports emulator, but deploy.report may"),
        ("emulator/api/calls.py", "import deploy", "emulator.api.calls imports deploy, but emulator.api may"),
        ("accessory/report.py", "from deploy.report import table", "accessory may import lib: rules of security"),
        ("policy/compose.py", "from accessory import report", "policy may import no other folder: policy judges files"),
        ("engine/tools.py", "import ci", "engine may import no other folder: the engine runs before"),
        ("lib/output.py", "from accessory import report", "lib may import no other folder: programs ship"),
        ("app/main.py", "import lib.output", "app may import no other folder: the app is shipped alone"),
        ("ci/scripts/push.py", "from ci.steps import base", "these scripts run in containers"),
        ("deploy/registry/client.py", "import deploy.rollout", "the client looks up image references"),
        ("bench/wire.py", "import tests.integration.deploy.rig", "a benchmark measures programs, and shares"),
        ("tests/support/wire.py", "import tests.integration.deploy.rig", "support starts programs as processes"),
    ],
    "rows": [("deploy/helpers/text.py", "", "deploy.helpers: no row of ARROWS")],
    "circles": [
        ("app/first.py", "import app.second", "app.first is imported by app.second is imported by app.first: a circle"),
    ],
    "effects": [
        ("deploy/release/image.py", "import httpx", "deploy.release.image imports httpx: a decision that reads"),
        ("deploy/group/health.py", "import time", "deploy.group.health imports time: deadlines are judged"),
        ("deploy/group/drift.py", "from lib import wait", "deploy.group.drift imports lib.wait imports threading: a"),
        ("deploy/documents/shapes.py", "from deploy.registry import client", "imports deploy.registry.client: a"),
        ("deploy/rollout/plan.py", "import socket", "deploy.rollout.plan imports socket: a decision that reads"),
    ],
    "clients": [
        ("accessory/run.py", "import dagger", "accessory.run imports dagger: only the pipeline needs an engine"),
        ("deploy/rollout/watch.py", "from google.cloud import compute", "imports google: of Google's packages"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_imports_follow_the_rule(rule: str) -> None:
    """No import of this repository breaks a rule of arrows.py."""
    broken = list(RULES[rule](read_imports(ROOTS)))
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "file", "text", "failure"), [(rule, *row) for rule in PLANTED for row in PLANTED[rule]]
)
def test_planted_import_breaks_the_rule(
    rule: str, file: str, text: str, failure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rule fails on one planted violation, and passes without the planted file."""
    _make_tree(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] in ROOTS]:
        monkeypatch.delitem(sys.modules, name)
    assert list(RULES[rule](read_imports(ROOTS))) == []
    _make_package(tmp_path, file)
    (tmp_path / file).write_text(text)
    broken = list(RULES[rule](read_imports(ROOTS)))
    assert any(failure in line for line in broken), broken


def _make_package(root: Path, file: str) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).touch()
    for package in list(Path(file).parents)[:-1]:
        (root / package / "__init__.py").touch()


def _make_tree(root: Path) -> None:
    """Write empty packages with the names that arrows.py has, and three modules that planted files import."""
    for arrow in ARROWS:
        _make_package(root, f"{arrow.importer.replace('.', '/')}/module.py")
    (root / "app/second.py").write_text("import app.first")
    (root / "lib/wait.py").write_text("import threading")
    (root / "deploy/registry/client.py").touch()


def test_no_file_is_too_long() -> None:
    """A file of more lines holds more than one thing, and is no longer understood at one reading."""
    long = dict(import_graph.long_files(Path(), arrows.ROOTS, LONGEST_FILE))
    assert not long, f"{long}: more than {LONGEST_FILE} lines. Fix: divide each file by what its parts are about."


@pytest.mark.parametrize(("lines", "count"), [(250, 0), (251, 1)])
def test_planted_file_is_too_long(lines: int, count: int, tmp_path: Path) -> None:
    """A file of exactly 250 lines passes, and a file with one line more fails."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/config.py").write_text("pass\n" * lines)
    assert len(list(import_graph.long_files(tmp_path, ["deploy"], LONGEST_FILE))) == count
