"""`.ci/run` with programs in place of make and of the checks: its order, its last lines, and its end at a signal."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ci.checked_programs import programs
from ci.programs import HOST_SUITES

REPORT = '<testsuites><testsuite tests="{tests}" failures="{failures}" errors="0" skipped="{skipped}"/></testsuites>'
FAILURES = """\
=================================== FAILURES ===================================
E       assert 1 == 2
============================= slowest durations =============================
0.10s call
=========================== short test summary info ============================
FAILED tests/e2e/test_x.py::test_x - assert 1 == 2
"""
# make: notes its target, then does what the file of the target or the suite says.
MAKE = """\
#!/bin/sh
name=$2
for argument; do
    case $argument in
        SUITE=*) name=${argument#SUITE=} ;;
        PYTEST=*) report=${argument##*--junit-xml=} ;;
    esac
done
echo "$name" >>"$ROOT/started"
[ ! -e "$ROOT/$name.report" ] || cp "$ROOT/$name.report" "$report"
[ ! -e "$ROOT/$name.output" ] || cat "$ROOT/$name.output"
[ ! -e "$ROOT/$name.sleep" ] || sh -c 'echo $$ >"$0"; exec sleep 600' "$ROOT/$name.process"
exit "$(cat "$ROOT/$name.code" 2>/dev/null || echo 0)"
"""
PROGRAMS = programs(Path())
TESTS = 10  # of each suite
COPIED = (
    ".ci/run", ".ci/run.py", ".ci/jobs.py", ".ci/results.py", "ci/__init__.py", "ci/checked_programs.py",
    "ci/programs.py", "pyproject.toml", "uv.lock", *(program.config for program in PROGRAMS[1:]),
)  # fmt: skip
COMMANDS = 5 + sum(len(program.proofs) for program in PROGRAMS) + 1  # of make beside the suites, and the proofs
SUITES = [suite for suite in HOST_SUITES if not suite.is_nightly]
ALL = COMMANDS + TESTS * len(SUITES)


class Checkout:
    """A checkout that holds `.ci/run` and the tables, and in place of every check a program that this test writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in COPIED:
            (root / name).parent.mkdir(exist_ok=True)
            shutil.copy(name, root / name)
        (root / ".ci/host.py").write_text("print('proven')")
        (root / ".ci/setup.py").write_text("import os\nopen(os.environ['ROOT'] + '/started', 'a').write('setup\\n')\n")
        (root / "engine").mkdir()
        self._program("engine/stop", '#!/bin/sh\necho engine/stop >>"$ROOT/started"\n')
        self._program("bin/make", MAKE)
        for suite in SUITES:
            self.reports(suite.name, tests=TESTS)

    def _program(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(text)
        (self.root / name).chmod(0o755)

    def reports(self, suite: str, *, tests: int, failures: int = 0, skipped: int = 0) -> None:
        """Let a suite write a JUnit report."""
        text = REPORT.format(tests=tests, failures=failures, skipped=skipped)
        (self.root / f"{suite}.report").write_text(text)

    def set(self, name: str, text: str = "") -> None:
        """Let a target print a text, end with a code, or sleep: `NAME.output`, `NAME.code`, `NAME.sleep`."""
        (self.root / name).write_text(text)

    def start(self) -> "subprocess.Popen[str]":
        """Start `.ci/run`."""
        path = f"{self.root / 'bin'}:{os.environ['PATH']}"
        return subprocess.Popen(
            [".ci/run"], cwd=self.root, env={**os.environ, "PATH": path, "ROOT": str(self.root)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self) -> tuple[int, list[str]]:
        """Run `.ci/run`; return its exit code and its lines."""
        process = self.start()
        output, _ = process.communicate(timeout=60)
        return process.returncode, output.splitlines()

    def started(self) -> list[str]:
        """Return the targets and suites that were started, in their order."""
        return (self.root / "started").read_text().split()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_last_line_counts_everything_that_passed(checkout: Checkout) -> None:
    """Each command counts as a test, and each suite as its tests."""
    code, lines = checkout.run()
    assert (code, lines[-1]) == (0, f"{ALL} passed, 0 failed")


def test_job_that_cannot_be_started_is_a_failure() -> None:
    """A command that does not exist has an outcome, in the background too."""
    program = (
        "import sys; sys.path.insert(0, '.ci')\n"
        "from jobs import Job, Jobs\n"
        "with Jobs() as jobs:\n"
        "    jobs.run(Job('first', ['/missing']))\n"
        "    jobs.start([Job('second', ['/missing'])])\n"
        "    ended = jobs.outcomes()\n"
        "assert all('FileNotFoundError' in outcome.output for outcome in ended)\n"
        "print([(outcome.job.name, outcome.code) for outcome in ended])\n"
    )
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert completed.stdout.splitlines()[-1] == "[('first', 1), ('second', 1)]"


@pytest.mark.parametrize(("priority", "niceness"), [("NORMAL", 0), ("LOW", 19), ("LOWEST", 19)])
def test_priority_of_a_job_is_its_niceness(priority: str, niceness: int) -> None:
    """A job has a process group of its own; with the lowest priority a session, too."""
    process = "import os; print(os.nice(0), os.getpgid(0) == os.getpid(), os.getsid(0) == os.getpid())"
    program = (
        "import sys; sys.path.insert(0, '.ci')\n"
        "from jobs import Job, Jobs, Priority\n"
        "with Jobs() as jobs:\n"
        f"    jobs.run(Job('job', [sys.executable, '-c', {process!r}], priority=Priority.{priority}))\n"
        "    print([outcome.output for outcome in jobs.outcomes()])\n"
    )
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert completed.stdout.splitlines()[-1] == repr([f"{niceness} True {priority == 'LOWEST'}\n"])


@pytest.mark.skipif(
    not Path("/proc/self/autogroup").exists(),
    reason="this kernel has no shares of sessions. Fix: run it on Linux with CONFIG_SCHED_AUTOGROUP",
)
def test_lowest_priority_has_the_smallest_share_of_the_processors() -> None:
    """Two jobs at once get it; the kernel takes one such change in 0.1 s of a user who is not root."""
    process = (
        "import pathlib, time\n"
        "deadline = time.monotonic() + 20\n"
        "share = pathlib.Path('/proc/self/autogroup')\n"
        "while not share.read_text().endswith(' nice 19\\n') and time.monotonic() < deadline: time.sleep(0.05)\n"
        "print(share.read_text().split()[1:])\n"
    )
    program = (
        "import sys; sys.path.insert(0, '.ci')\n"
        "from jobs import Job, Jobs, Priority\n"
        f"job = Job('job', [sys.executable, '-c', {process!r}], priority=Priority.LOWEST)\n"
        "with Jobs() as jobs:\n"
        "    jobs.run(job, job)\n"
        "    print([outcome.output for outcome in jobs.outcomes()])\n"
    )
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert completed.stdout.splitlines()[-1] == repr(["['nice', '19']\n"] * 2)


def test_commands_of_the_engine_come_before_the_suites(checkout: Checkout) -> None:
    """The engine is stopped when all has ended."""
    checkout.run()
    started = [name for name in checkout.started() if name != "system-tools"]
    assert set(started[:2]) == {"setup", "packages"}
    assert started[2:5] == ["check", "release", "tools"]
    assert set(started[5:-1]) == {suite.name for suite in SUITES}
    assert started[-1] == "engine/stop"


def test_skipped_tests_are_counted_above_the_last_line(checkout: Checkout) -> None:
    """A skipped test is neither passed nor failed."""
    checkout.reports("processes", tests=10, skipped=3)
    code, lines = checkout.run()
    assert (code, lines[-2:]) == (
        0, ["3 skipped; each with its reason above", f"{ALL - 3} passed, 0 failed"],
    )  # fmt: skip


def test_failures_stand_right_above_the_last_line(checkout: Checkout) -> None:
    """Of a suite its tracebacks and summary, without the durations; of a command its last lines."""
    checkout.reports("e2e", tests=10, failures=1)
    checkout.set("e2e.output", f"collected 10 items\n{FAILURES}")
    checkout.set("e2e.code", "1")
    checkout.set("check.output", "lint: E501\n")
    checkout.set("check.code", "6")
    code, lines = checkout.run()
    assert (code, lines[-1]) == (1, f"{ALL - 2} passed, 2 failed")
    tail = lines[lines.index("lint: E501", len(lines) - 12) :]
    assert tail[:2] == ["lint: E501", "make check: exit code 6"]
    assert "E       assert 1 == 2" in tail
    assert tail[-3:-1] == ["FAILED tests/e2e/test_x.py::test_x - assert 1 == 2", "e2e: exit code 1"]
    assert "0.10s call" not in tail


@pytest.mark.parametrize("report", ["", "<testsuites><testsuite tests=", "<testsuites><testsuite tests='1'/>"])
def test_report_that_is_missing_or_cut_off_is_a_failure(checkout: Checkout, report: str) -> None:
    """A suite whose tests cannot be counted has not passed."""
    checkout.set("clients.report", report)
    code, lines = checkout.run()
    assert (code, lines[-1]) == (1, f"{ALL - TESTS} passed, 1 failed")


def test_suite_that_ends_with_an_error_and_no_failed_test_is_a_failure(checkout: Checkout) -> None:
    """As when pytest cannot write its report, or coverage is too low."""
    checkout.set("stacks.code", "3")
    code, lines = checkout.run()
    assert (code, lines[-1]) == (1, f"{ALL} passed, 1 failed")


def wait_until_started(checkout: Checkout, *names: str) -> None:
    """Wait until the processes of suites run."""
    deadline = time.monotonic() + 30
    while not all((checkout.root / f"{name}.process").exists() for name in names):
        assert time.monotonic() < deadline, checkout.started()
        time.sleep(0.05)


def is_running(process: int) -> bool:
    """Return whether a process exists and is no zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_every_suite_and_starts_no_other(checkout: Checkout, number: int) -> None:
    """With the processes that the suites started; the exit code is that of the signal."""
    first, second, *others = [suite.name for suite in SUITES]
    for name in (first, second):
        checkout.set(f"{name}.sleep")
    run = checkout.start()
    wait_until_started(checkout, first, second)
    processes = [int((checkout.root / f"{name}.process").read_text()) for name in (first, second)]
    run.send_signal(number)
    output, _ = run.communicate(timeout=60)
    assert run.returncode == 128 + number
    assert f"stopped by signal {int(number)}" in output
    assert output.splitlines()[-1].endswith(" failed")
    assert not [process for process in processes if is_running(process)]
    assert set(others).isdisjoint(checkout.started())
