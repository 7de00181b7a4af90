"""
Run checks on this computer, without an engine: `make` calls it, and by the tables of ci/programs.py and pyproject.toml.

    host.py lint | types [PROGRAM] | test [PROGRAM] | suite NAME | system [NAME] | proofs [PROGRAM [NUMBER]]
    host.py bench [NAME]

What follows `--` goes to pytest. Exit code 69: the environment is missing, which `make setup` makes.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ci.benches import BENCHES
from ci.checked_programs import programs
from ci.programs import HOST_SUITES, HostSuite, Program, pytest_command
from ci.shell_files import SHELLCHECK, shell_files

PROGRAMS = programs(ROOT)
PROGRAM = {program.name: program for program in PROGRAMS}


def run(project: str, command: Sequence[str], variables: Sequence[str] = ()) -> int:
    """Run a program of a project's environment from the root of the repository; return its exit code."""
    program = ROOT / project / ".venv/bin" / command[0]
    if not program.exists():
        print(f"{program.relative_to(ROOT)}: missing. Fix: make setup", file=sys.stderr)
        return 69
    environment = {**os.environ, **dict(variable.split("=", 1) for variable in variables)}
    print(f"$ {' '.join([*variables, *command])}", flush=True)
    return subprocess.run([program, *command[1:]], cwd=ROOT, env=environment, check=False).returncode


def failed_code(codes: Iterable[int]) -> int:
    """Run all programs; return the first exit code that is not 0, and 128 + N for a program that signal N ended."""
    return next((code if code > 0 else 128 - code for code in list(codes) if code), 0)


def lint() -> int:
    """Check all Python with ruff, rules and format, and all shell with shellcheck."""
    commands = (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        [*SHELLCHECK, *shell_files(ROOT)],
    )
    return failed_code(run("ci", command) for command in commands)


def types(chosen: Sequence[Program]) -> int:
    """Check the types of programs with mypy."""
    return failed_code(run(program.project, program.types_command) for program in chosen)


def test(chosen: Sequence[Program], arguments: Sequence[str]) -> int:
    """Run the tests of programs."""
    return failed_code(run(program.project, [*program.test_command, *arguments]) for program in chosen)


def suites(chosen: Sequence[HostSuite], arguments: Sequence[str]) -> int:
    """Run suites of the host."""
    return failed_code(run(suite.project, [*suite.command, *arguments]) for suite in chosen)


def proofs(candidates: Sequence[Program], number: int | None) -> int:
    """Run deep proofs of programs; only the proof of that number, if one is given."""
    chosen = [
        (program, proof)
        for program in candidates
        for index, proof in enumerate(program.proofs)
        if number in (None, index)
    ]
    if not chosen:
        print(f"proofs: no proof has the number {number}. Fix: see ci/programs.py", file=sys.stderr)
        return 2
    return failed_code(
        run(program.project, [*pytest_command(program.config), *proof.tests], proof.variables)
        for program, proof in chosen
    )


def bench(names: Sequence[str]) -> int:
    """Run measurements, each a program of bench/ whose docstring describes the measurement."""
    return failed_code(run(BENCHES[name], ["python", f"bench/{name}.py"]) for name in names)


def parse(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Return the verb with its arguments, and the arguments of pytest."""
    own, rest = (list(part) for part in _split(arguments))
    parser = argparse.ArgumentParser(prog="host.py")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("lint")
    for verb in ("types", "test"):
        verbs.add_parser(verb).add_argument("program", nargs="?", choices=sorted(PROGRAM))
    verbs.add_parser("suite").add_argument("name", choices=[suite.name for suite in HOST_SUITES])
    system = [suite.name for suite in HOST_SUITES if suite.name != "e2e"]
    verbs.add_parser("system").add_argument("name", nargs="?", choices=system)
    deep = verbs.add_parser("proofs")
    deep.add_argument("program", nargs="?", choices=[program.name for program in PROGRAMS if program.proofs])
    deep.add_argument("number", nargs="?", type=int)
    verbs.add_parser("bench").add_argument("name", nargs="?", choices=sorted(BENCHES))
    return parser.parse_args(own), rest


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    if "--" not in arguments:
        return arguments, ()
    mark = arguments.index("--")
    return arguments[:mark], arguments[mark + 1 :]


def main(arguments: Sequence[str]) -> int:
    """Run the verb of the command line."""
    given, rest = parse(arguments)
    match given.verb:
        case "lint":
            return lint()
        case "types" | "test":
            chosen = [PROGRAM[given.program]] if given.program else PROGRAMS
            return types(chosen) if given.verb == "types" else test(chosen, rest)
        case "suite" | "system":
            names = [given.name] if given.name else [suite.name for suite in HOST_SUITES if suite.name != "e2e"]
            return suites([suite for suite in HOST_SUITES if suite.name in names], rest)
        case "proofs":
            return proofs([PROGRAM[given.program]] if given.program else PROGRAMS, given.number)
        case _:
            return bench([given.name] if given.name else sorted(BENCHES))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
