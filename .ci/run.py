"""
Run everything that must hold before a change lands, on a computer with Python, Go and root, or Docker and internet.

1. `make check`, `make release` and `make tools`, before any suite on the host
2. the suites on the host (ci/programs.py), two at once; beside them, at the lowest priority, the deep proofs
3. from the start, at a low priority: the Go tools that only tests/system uses

The last line counts the tests; the failures are printed again right above it. Ctrl-C and TERM stop every suite.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / ".ci"), str(ROOT)]

from jobs import Job, Jobs, Priority
from results import summary

from ci.checked_programs import programs
from ci.programs import HOST_SUITES, HostSuite

PROGRAMS = programs(ROOT)
SUITES = [chosen for chosen in HOST_SUITES if not chosen.is_nightly]


def make(target: str, priority: Priority = Priority.NORMAL) -> Job:
    """Return the job of a target of the Makefile."""
    return Job(f"make {target}", ["make", "--no-print-directory", target], priority=priority)


def setup() -> Job:
    """Return the job that makes the environments which suites, proofs and the programs under test run in."""
    projects = {chosen.project for chosen in SUITES} | {program.project for program in PROGRAMS if program.proofs}
    projects |= {"accessory", "deploy", "emulator"}
    return Job("setup", [sys.executable, "-B", ".ci/setup.py", *sorted(projects)])


def suite(chosen: HostSuite, reports: Path) -> Job:
    """Return the job of a suite, which writes a JUnit report."""
    report = reports / f"{chosen.name}.xml"
    arguments = f"PYTEST=-rs --durations=0 --junit-xml={report}"
    return Job(chosen.name, ["make", "--no-print-directory", "suite", f"SUITE={chosen.name}", arguments], report)


def deep_proofs() -> list[Job]:
    """Return the jobs of the deep proofs of every program."""
    names = [(program.name, str(number)) for program in PROGRAMS for number in range(len(program.proofs))]
    command = [sys.executable, "-B", ".ci/host.py", "proofs"]
    return [Job(f"deep proof {' '.join(name)}", [*command, *name], priority=Priority.LOWEST) for name in names]


def main() -> int:
    """Run all jobs, print the summary, and return the exit code."""
    os.chdir(ROOT)
    os.environ.update(DAGGER_PROGRESS="plain", NO_COLOR="1")
    with tempfile.TemporaryDirectory() as folder, Jobs() as jobs:
        jobs.run(setup(), make("packages"))
        jobs.start([make("system-tools", Priority.LOW)])
        for target in ("check", "release", "tools"):
            jobs.run(make(target))
        # More than two suites on two processors make tests of signals fail.
        jobs.start([suite(chosen, Path(folder)) for chosen in SUITES], at_once=2)
        # They would slow down the checks: `nice` does not reach the engine, which has a session of its own.
        jobs.start(deep_proofs(), at_once=2)
        outcomes = jobs.outcomes()
        for outcome in outcomes:
            if outcome.job.is_printed_at_the_end:
                print(f"\n== {outcome.job.name}\n{outcome.output}")
        subprocess.run(["engine/stop"], check=False)
        text, has_passed = summary(outcomes)
    if jobs.signal:
        print(f"stopped by signal {jobs.signal}")
    print(text, flush=True)
    return 128 + jobs.signal if jobs.signal else int(not has_passed)


if __name__ == "__main__":
    sys.exit(main())
