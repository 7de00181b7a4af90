"""The counts of `.ci/run`, and the failures that it prints again at its end. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree

from jobs import Outcome

_FAILURE_LINES = 60  # of a command that is no suite
_LONGEST = 200
# What pytest prints of its failures: their tracebacks, and the summary at its end.
_PYTEST_FAILURES = re.compile(
    r"^=* (?:FAILURES|ERRORS) =*$.*?(?=^=* slowest durations =*$|\Z)|^=* short test summary info =*$.*",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Counts:
    """
    Tests of a job; a command without a report counts as one test.

    Args:
        passed: tests that passed
        failed: tests that failed, and a job that failed without a failed test
        skipped: tests that were skipped
    """

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


def count(outcome: Outcome) -> Counts:
    """Count the tests of a job; a report that is missing or cut off counts as a failure."""
    report = outcome.job.report
    if report is None:
        return Counts(passed=1) if outcome.code == 0 else Counts(failed=1)
    try:
        [suite] = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314 - pytest wrote it
        tests, skipped = int(suite.attrib["tests"]), int(suite.attrib["skipped"])
        failed = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    except (OSError, ElementTree.ParseError, ValueError, KeyError):
        return Counts(failed=1)
    unexplained = 1 if outcome.code and not failed else 0
    return Counts(tests - failed - skipped, failed + unexplained, skipped)


def failure_text(outcome: Outcome) -> str:
    """Return the part of a job's output that explains its failure; empty where the job passed."""
    if count(outcome).failed == 0:
        return ""
    parts = _PYTEST_FAILURES.findall(outcome.output) if outcome.job.report else []
    text = "\n".join(parts) or "\n".join(outcome.output.splitlines()[-_FAILURE_LINES:])
    return f"{text.strip()}\n{outcome.job.name}: exit code {outcome.code}"


def summary(outcomes: Iterable[Outcome]) -> tuple[str, bool]:
    """
    Return the last lines of `.ci/run`, and whether all passed.

    The failures stand right above the last line, which is `N passed, N failed`.
    """
    ended = list(outcomes)
    counts = sum(map(count, ended), Counts())
    failures = "\n".join(filter(None, map(failure_text, ended))).splitlines()[-_LONGEST:]
    skipped = [f"{counts.skipped} skipped; each with its reason above"] if counts.skipped else []
    return "\n".join([*skipped, *failures, f"{counts.passed} passed, {counts.failed} failed"]), counts.failed == 0
