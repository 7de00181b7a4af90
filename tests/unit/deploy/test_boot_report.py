"""The phases of boots in the three formats of a run's report."""

import json
from dataclasses import replace
from itertools import pairwise

from deploy.release.boot_times import BootTimes
from deploy.report import last_run, markdown, text
from deploy.rollout.result import InstanceTimes, RunResult
from tests.unit.deploy.run_results import INSTANCE, SUCCESS, command

BOOT = BootTimes(booted_s=14.0, secrets_s=15.0, login_s=16.0, pulled_s=24.4, started_s=26.0)
PHASED = replace(INSTANCE, boot=BOOT)
FAILED = replace(INSTANCE, name="web-2", healthy_s=None, boot=BootTimes(booted_s=14.0, login_s=16.0))


def run_of(*instances: InstanceTimes) -> RunResult:
    """Return a run with these instances."""
    assert SUCCESS.rollout is not None
    return replace(SUCCESS, rollout=replace(SUCCESS.rollout, instances=instances))


def test_long_text_has_a_column_for_each_phase_that_was_reached() -> None:
    """Instances that wrote no phase have no row, and a phase that no instance reached has no column."""
    lines = text.run_report(run_of(PHASED, FAILED, INSTANCE), command, is_long=True).splitlines()
    assert lines[-3:] == [
        "  boot   booted  login  secrets  pulled  started",
        "  web-1  14 s    16 s   15 s     24 s    26 s",
        "  web-2  14 s    16 s   -        -       -",
    ]
    assert max(map(len, lines[-8:])) <= 80
    assert "secrets" not in text.run_report(run_of(FAILED), command, is_long=True)
    assert "booted" not in text.run_report(run_of(PHASED), command)
    assert "booted" not in text.run_report(run_of(INSTANCE), command, is_long=True)


def test_markdown_has_the_phases_as_columns_and_bars() -> None:
    """The bars of an instance follow each other in the order of time, and a failed boot is critical to its end."""
    report = markdown.run_report(run_of(PHASED, FAILED), command)
    assert "| boot | booted | login | secrets | pulled | started |" in report
    bars = [line.strip() for line in report.splitlines() if "web-1 :" in line]
    assert [bar.partition(" web-1")[0] for bar in bars] == [
        "boots", "reads secrets", "logs in", "pulls", "starts", "answers", "serves",
    ]  # fmt: skip
    times = [bar.rpartition(" :")[2].split(", ")[1:] for bar in bars]
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(times[2:]))
    assert [line.strip().partition(",")[0] for line in report.splitlines() if "web-2 :" in line] == [
        "boots web-2 :crit", "logs in web-2 :crit", "answers web-2 :crit",
    ]  # fmt: skip


def test_json_has_the_phases_of_each_instance() -> None:
    """The numbers are seconds from the start of the rollout."""
    (instance,) = json.loads(last_run.dump(run_of(PHASED)))["rollout"]["instances"]
    assert instance["boot"] == {
        "booted_s": 14.0, "login_s": 16.0, "secrets_s": 15.0, "pulled_s": 24.4, "started_s": 26.0,
    }  # fmt: skip
