"""The commands that `make` runs on this computer, with programs in place of ruff, mypy and pytest."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ci.checked_programs import programs, projects
from ci.programs import HOST_SUITES

PROGRAMS = programs(Path())

PROGRAM = '#!/bin/sh\necho "$(basename "$0")" "$@" >>"$OUT"\nexit "$(cat "$OUT.code" 2>/dev/null || echo 0)"\n'
COPIED = (
    ".ci/host.py", "ci/__init__.py", "ci/benches.py", "ci/checked_programs.py", "ci/programs.py", "ci/shell_files.py",
    "pyproject.toml", "uv.lock", *(tool.config for tool in PROGRAMS[1:]),
)  # fmt: skip
TOOLS = ("ruff", "shellcheck", "mypy", "pytest", "python")


class Computer:
    """A checkout whose environments hold programs that note their arguments."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.out = root / "out"
        for name in COPIED:
            (root / name).parent.mkdir(exist_ok=True)
            shutil.copy(name, root / name)
        for project in projects(Path()):
            folder = root / project / ".venv/bin"
            folder.mkdir(parents=True)
            for tool in TOOLS:
                (folder / tool).write_text(PROGRAM)
                (folder / tool).chmod(0o755)

    def run(self, *arguments: str) -> tuple[int, list[str]]:
        """Run host.py; return its exit code and the command lines that it ran."""
        command = [sys.executable, "-B", ".ci/host.py", *arguments]
        completed = subprocess.run(
            command, cwd=self.root, env={"OUT": str(self.out), "PATH": "/usr/bin:/bin"}, check=False
        )
        return completed.returncode, self.out.read_text().splitlines() if self.out.exists() else []


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


def test_tests_of_a_program_run_with_options_of_pytest(computer: Computer) -> None:
    """The command line is the row's own; the options follow it."""
    tests = " ".join(next(program.tests for program in PROGRAMS if program.name == "emulator"))
    command = f"pytest -c emulator/pyproject.toml --rootdir=. -p no:cacheprovider {tests} -k fuzz"
    assert computer.run("test", "emulator", "--", "-k", "fuzz") == (0, [command])


@pytest.mark.parametrize(("codes", "expected"), [([0, 0], 0), ([0, 3, 1], 3), ([-9, 0], 137), ([0, -11, 2], 139)])
def test_failed_program_fails_the_command(codes: list[int], expected: int) -> None:
    """A program that a signal ended counts as failed, as it does in a shell."""
    script = f"import sys; sys.path.insert(0, '.ci'); import host; print(host.failed_code({codes}))"
    completed = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True, check=True)
    assert completed.stdout == f"{expected}\n"


def test_proof_that_does_not_exist_is_refused(computer: Computer) -> None:
    """A number beyond the last proof runs nothing and fails."""
    assert computer.run("proofs", "deploy", "99") == (2, [])


def test_without_a_name_every_program_is_checked(computer: Computer) -> None:
    """A failure does not keep the programs after it from being checked."""
    Path(f"{computer.out}.code").write_text("1")
    code, commands = computer.run("types")
    assert code == 1
    assert len(commands) == len(PROGRAMS)


def test_lint_checks_unlisted_shell_files(computer: Computer) -> None:
    """A new shell file is linted from its first line on."""
    (computer.root / "new").write_text("#!/bin/sh\n")
    code, commands = computer.run("lint")
    assert (code, commands[:2]) == (0, ["ruff check .", "ruff format --check ."])
    assert commands[2] == "shellcheck --external-sources --source-path=SCRIPTDIR new"


def test_system_runs_every_suite_but_e2e(computer: Computer) -> None:
    """e2e takes the longest, and has a target of its own."""
    code, commands = computer.run("system", "--")
    assert (code, len(commands)) == (0, len(HOST_SUITES) - 1)
    assert not [command for command in commands if "tests/e2e" in command]


def test_missing_environment_is_named_with_the_target_that_makes_it(computer: Computer) -> None:
    """The exit code is that of a computer that lacks something."""
    shutil.rmtree(computer.root / "deploy/.venv")
    command = [sys.executable, "-B", ".ci/host.py", "test", "deploy"]
    completed = subprocess.run(command, cwd=computer.root, capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stderr) == (69, "deploy/.venv/bin/pytest: missing. Fix: make setup\n")
