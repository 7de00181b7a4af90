"""
Jobs of `.ci/run`: commands that run one after the other or side by side, and end when `.ci/run` is stopped.

Each job has a process group of its own, so that a signal reaches everything that it started.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import FrameType

_STOP_GRACE_S = 20  # that a suite gets to stop its services before SIGTERM, and then before SIGKILL


class Priority(Enum):
    """
    What a job gets of the processors, in descending order.

    NORMAL: as much as any other process
    LOW: less than those of the normal priority, by `nice`
    LOWEST: what no other process needs. Where the kernel shares processors out by session (autogroup), `nice` has no
        effect between sessions, and neither the engine nor what the suites start is in the session of `.ci/run`. So
        the job has a session of its own with the smallest share (proc_pid_autogroup(5), Linux 6.8, read 2026-11-28).
    """

    NORMAL = "normal"
    LOW = "low"
    LOWEST = "lowest"


@dataclass(frozen=True)
class Job:
    """
    A command of `.ci/run`.

    Args:
        name: name in the output
        command: the command line
        report: file to which pytest writes its JUnit report; None for a command that counts as a single test
        priority: what the job gets of the processors
    """

    name: str
    command: Sequence[str]
    report: Path | None = None
    priority: Priority = Priority.NORMAL

    @property
    def is_printed_at_the_end(self) -> bool:
        """Whether the output is printed when all jobs have ended, rather than line by line."""
        return self.priority is not Priority.NORMAL


@dataclass(frozen=True)
class Outcome:
    """
    A job that has ended.

    Args:
        job: the job
        code: exit code of the command; 130 for a job that was not started because `.ci/run` was stopped, 1 for a
            job whose command could not be started
        output: stdout and stderr of the command
    """

    job: Job
    code: int
    output: str


class Jobs:
    """
    Runs jobs, and stops them when this process gets SIGINT, SIGTERM or SIGHUP.

    Inside the `with` block, `signal` is the number of that signal, or 0.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._running: set[subprocess.Popen[str]] = set()
        self._pools: list[ThreadPoolExecutor] = []
        self._lock = threading.Lock()
        self._outcomes: list[Outcome] = []

    def __enter__(self) -> "Jobs":
        # A signal that is caught here has its default action in the jobs, even where this process inherited it ignored.
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools:
            pool.shutdown()

    def start(self, jobs: Iterable[Job], *, at_once: int = 1) -> "list[Future[None]]":
        """Start jobs in the background, `at_once` side by side."""
        pool = ThreadPoolExecutor(at_once)
        self._pools.append(pool)
        return [pool.submit(self._run, job) for job in jobs]

    def run(self, *jobs: Job) -> None:
        """Run jobs side by side, to their end."""
        for future in self.start(jobs, at_once=len(jobs)):
            future.result()

    def outcomes(self) -> list[Outcome]:
        """Wait for every job that was started; return all outcomes, in the order of their ends."""
        for pool in self._pools:
            pool.shutdown()
        return list(self._outcomes)

    def _run(self, job: Job) -> None:
        """Run a job; every job has an outcome, also where its command could not be started or read."""
        try:
            outcome = self._outcome_of(job)
        except Exception:  # noqa: BLE001 - after any error the job counts as failed
            outcome = Outcome(job, 1, traceback.format_exc())
        with self._lock:
            self._outcomes.append(outcome)
        _print(f"\n== {job.name}: exit code {outcome.code}\n")

    def _outcome_of(self, job: Job) -> Outcome:
        nice = [] if job.priority is Priority.NORMAL else ["nice", "-n", "19"]
        has_own_session = job.priority is Priority.LOWEST
        lines: list[str] = []
        with self._lock:
            if self.signal:
                return Outcome(job, 130, "not started\n")
            process = subprocess.Popen(
                [*nice, *job.command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                process_group=None if has_own_session else 0,
                start_new_session=has_own_session,  # a session has a process group, too
            )
            self._running.add(process)
        while has_own_session and not _set_smallest_share(process):
            time.sleep(1)
        for line in process.stdout or ():
            lines.append(line)
            if not job.is_printed_at_the_end:
                _print(f"{job.name}: {line}")
        code = process.wait()
        with self._lock:
            self._running.discard(process)
        return Outcome(job, code, "".join(lines))

    def _stop(self, number: int, _: FrameType | None) -> None:
        if not self.signal:
            self.signal = number
            threading.Thread(target=self._stop_all, daemon=True).start()

    def _stop_all(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self._lock:
                for process in self._running:
                    _signal_group(process, number)
            deadline = time.monotonic() + _STOP_GRACE_S
            while self._running and time.monotonic() < deadline:
                time.sleep(0.1)


def _set_smallest_share(process: "subprocess.Popen[str]") -> bool:
    """
    Give the session of a process the smallest share of the processors, if the kernel has shares of sessions.

    Return whether that is done; False where the kernel asks for another attempt, because it takes one change in 0.1 s.
    """
    try:
        Path(f"/proc/{process.pid}/autogroup").write_text("19")
    except OSError as error:  # else the kernel has no such shares, or the process has ended
        return not isinstance(error, BlockingIOError)
    return True


def _signal_group(process: "subprocess.Popen[str]", number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _print(text: str) -> None:
    """Print a text; output that cannot be written changes no outcome."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(text)
    sys.stdout.flush()
