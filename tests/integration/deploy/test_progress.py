"""The progress of a rollout: a table on a terminal, one line for each change elsewhere."""

import io
import re
from itertools import pairwise

import pytest

from deploy.errors import RolledBackError
from deploy.report.progress import ChangedLines, progress_on, short
from tests.integration.deploy.rig import new_rig
from tests.unit.deploy.values import REPOSITORY, digest

SEED = "dojangkok-dev-ai-server-seed"


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def test_every_change_is_one_line() -> None:
    """No two lines in a row differ in their ages alone."""
    rig, lines = new_rig(), list[str]()
    compute = rig.compute()
    result = rig.execution(rig.plan("a", compute), compute, ChangedLines(lines.append)).perform()
    name = short(result.target.template)
    assert re.fullmatch(r"dojangkok-…-r-\w{12}", name)
    assert lines[0] == f"0/3 on {name} · old 3"
    assert f"1/3 on {name} · 1 verifying 0 s · old 2" in lines
    assert lines[-1] == f"3/3 on {name} · settled 0 s"
    without_ages = [re.sub(r"\d+ s\b", "", line) for line in lines]
    assert all(line != following for line, following in pairwise(without_ages))
    assert sum(phase.seconds for phase in result.phases) == pytest.approx(
        max(times.healthy_s or 0 for times in result.instances) + 30, abs=30
    )


def test_table_on_a_terminal_is_drawn_again_in_place() -> None:
    """A terminal shows every instance that a poll showed, and keeps the last table."""
    rig, stream = new_rig(), Terminal()
    compute = rig.compute()
    with progress_on(stream) as show_snapshot:
        result = rig.execution(rig.plan("a", compute), compute, show_snapshot).perform()
    drawn = stream.getvalue()
    for times in result.instances:
        assert times.name in drawn
    assert "\x1b[1A" in drawn, "the cursor never goes up to draw over the table before"
    last = drawn.rpartition("3/3 on")[2]
    assert re.search(r"settled 3\d s · ", last)
    assert last.count("healthy") == 3
    assert SEED not in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", last)


def test_stream_that_is_no_terminal_has_lines() -> None:
    """A log has no control sequences."""
    rig, stream = new_rig(), io.StringIO()
    compute = rig.compute()
    with progress_on(stream) as show_snapshot:
        rig.execution(rig.plan("a", compute), compute, show_snapshot).perform()
    assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().endswith(" · settled 0 s\n")


def test_failed_rollout_has_its_phases_too() -> None:
    """The result so far of an execution that failed has the phases and the instances of the rollback."""
    rig = new_rig()
    rig.control("POST", "emulator/instance-rules", {"never_healthy": True, "image": f"{REPOSITORY}@{digest('b')}"})
    execution = rig.execution(rig.plan("b"))
    with pytest.raises(RolledBackError):
        execution.perform()
    result = execution.result_so_far()
    assert result is not None
    assert [phase.name for phase in result.phases] == ["template", "first instance running", "failed", "rolled back"]
    new = [times for times in result.instances if times.is_new]
    assert [(times.release, times.healthy_s, times.state) for times in new] == [("b" * 12, None, "deleted")]
