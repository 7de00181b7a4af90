"""
Change deploy's decisions line by line, and count the changes that its tests notice: `make mutants FOLDER=group`.

mutmut makes the changes in a copy of the sources, so that the checkout stays as it is. Words are not changed: texts of
errors and reports are compared where operators act on them, and a mutant of each word would hide the decisions.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

from tests.mutants.summary import FOLDERS, Mutant, read_equivalents, summarize

ROOT: Final = Path(__file__).resolve().parents[2]
_SOURCES: Final = ("compose", "deploy", "docs", "emulator", "environments", "iac", "lib", "README.md", "tests")
_KILLED: Final = ("killed", "timeout", "segfault")
# Unit tests judge every mutant. An integration test runs a whole deploy, and a survivor takes the time of all tests,
# so only those files are here whose subject is the folder's. Left out are files about clients, credentials and reports,
# and the long walks (test_cuts.py, test_sequences.py, test_state_machine.py), which take minutes for a survivor.
_INTEGRATION: Final = {
    "doctor": ("doctor", "doctor_findings"),
    "documents": (),
    "group": (
        "drift", "edits", "initial_delay", "other_scripts", "preflight", "project_preflight", "regional_rollouts",
        "replacement_methods", "status", "warnings",
    ),
    "release": (),
    "rollout": (
        "automatic_rollback", "confirming_polls", "diagnostics", "early_failure", "edits", "empty_group",
        "fenced_writes", "insert_template", "outages", "progress", "pruning", "reconcile", "rollback", "rollout",
        "standby_rollouts", "write_errors",
    ),
}  # fmt: skip
_UNIT: Final = "tests/unit/deploy"
_LEFT_OUT: Final = f"{_UNIT}/test_deadlines.py"  # waits for real deadlines of clients, which no mutated folder reads
# A process of its own: the tests that mutmut imports must be those of the copy.
_MUTMUT: Final = """
import sys
import libcst
from mutmut.__main__ import cli
from mutmut.mutation import mutators
mutators.mutation_operators[:] = [pair for pair in mutators.mutation_operators if pair[0] is not libcst.BaseString]
cli(sys.argv[1:])
"""
# A mutant may loop for ever: pytest-timeout ends a test after 20 s, and mutmut a mutant after three times its tests.
_CONFIG: Final = """\
[tool.mutmut]
source_paths = ["deploy"]
only_mutate = ["{pattern}"]
also_copy = ["compose", "docs", "emulator", "environments", "iac", "lib", "README.md"]
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["--ignore={left_out}", "--timeout=20"]
timeout_multiplier = 3
timeout_constant = 20

[tool.pytest.ini_options]
addopts = ["--strict-markers", "--import-mode=importlib", "-p", "no:cacheprovider"]
pythonpath = ["."]
"""


def copy_sources(target: Path, name: str) -> None:
    """Copy what the tests of deploy read, and write the configuration of mutmut for a folder or a file of deploy."""
    ignored = shutil.ignore_patterns(".venv", "__pycache__", ".mypy_cache")
    for source in _SOURCES:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target / source, ignore=ignored)
        else:
            shutil.copy(ROOT / source, target / source)
    integration = [f"tests/integration/deploy/test_{test}.py" for test in _INTEGRATION[name.split("/", maxsplit=1)[0]]]
    pattern = f"deploy/{name}" if name.endswith(".py") else f"deploy/{name}/*"
    tests = [_UNIT, *integration]
    (target / "pyproject.toml").write_text(_CONFIG.format(pattern=pattern, tests=tests, left_out=_LEFT_OUT))


def read_mutants() -> list[Mutant]:
    """Read the outcome of every mutant below the current folder."""
    mutants = []
    for meta in sorted(Path("mutants/deploy").rglob("*.meta")):
        file = meta.relative_to("mutants").with_suffix("")
        data = SourceFileMutationData(path=file)
        data.load()
        for name, exit_code in data.exit_code_by_key.items():
            lines = get_diff_for_mutant(name, path=file).splitlines()[2:]  # after the names of both files
            removed, added = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
            module, _, function = name.partition("__mutmut_")[0].rpartition(".")
            function = re.sub(r"^x_|^xǁ", "", function).replace("ǁ", ".")
            mutants.append(Mutant(f"{module}.{function}", removed, added, status_by_exit_code[exit_code] in _KILLED))
    return mutants


def run_mutmut(folder: Path) -> bool:
    """
    Run mutmut in a folder of sources; return whether every mutant was judged.

    mutmut shows its progress on a terminal. Elsewhere its last lines are printed if it fails.
    """
    processes = os.environ.get("MUTANT_PROCESSES", str(os.cpu_count() or 1))
    command = [sys.executable, "-c", _MUTMUT, "run", "--max-children", processes]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    log = folder / "mutmut.log"
    with log.open("w") as output:
        stdout = None if sys.stdout.isatty() else output
        is_complete = subprocess.run(command, cwd=folder, env=environment, stdout=stdout, check=False).returncode == 0
    if not is_complete:
        print(*log.read_text().splitlines()[-50:], sep="\n")
    return is_complete


def mutate(name: str) -> list[Mutant]:
    """
    Run the mutants of a folder or a file of deploy in a copy of the sources; return the outcome of each.

    Raises:
        RuntimeError: mutmut ended before it had judged every mutant.
    """
    with TemporaryDirectory(prefix="mutants-") as folder:
        copy_sources(Path(folder), name)
        if not run_mutmut(Path(folder)):
            raise RuntimeError(f"mutmut failed for {name}")
        with contextlib.chdir(folder):  # mutmut reads its results below the current folder
            return read_mutants()


def main(names: list[str]) -> int:
    """Run the mutants of some folders or files of deploy, by default of all folders; return 1 if too few are killed."""
    names = names or list(FOLDERS)
    mutants = [mutant for name in names for mutant in mutate(name)]
    text, is_enough = summarize(
        mutants, read_equivalents(), [f"deploy.{name.removesuffix('.py').replace('/', '.')}" for name in names]
    )
    print(text)
    return 0 if is_enough else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
