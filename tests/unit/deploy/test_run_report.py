"""The report of a run: heading, reason, facts, and the commands to run next, as text and as Markdown."""

import json
import re
from dataclasses import replace

import pytest

from deploy.report import formats, text
from deploy.report.markdown import gantt
from deploy.rollout.result import Pause, Phase, PruneResult
from lib.output import markdown as escaped
from tests.unit.deploy.run_results import DIGEST, FAILURE, INSTANCE, ROLLOUT, SUCCESS, command


def test_text_of_a_success() -> None:
    """Every fact of a run has a line with its name."""
    lines = text.run_report(SUCCESS, command).splitlines()
    assert lines[0] == "web serves new"
    assert [line.split(maxsplit=1) for line in lines[1:10]] == [
        ["before", "h/p:latest (old)"], ["now", f"h/p@{DIGEST} (new)"], ["commit", "cafe123"],
        ["run", "run1, 2026-11-23 15:00:00 UTC, 62 s"], ["phases", "template 2 s · all healthy 60 s"],
        ["requests", "9"], ["pruned", "web-r-0"], ["warning", "w"], ["undo", "back --to old"],
    ]  # fmt: skip
    assert lines[-1].split() == ["web-1", "new", "aaaaaaaaaaaa", "healthy", "12", "s", "30", "s", "-"]


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_heading_of_a_run_that_waited_is_not_nothing_to_do(format_: formats.Format) -> None:
    """A deploy that waits for the rollout of another run writes nothing, and still lists the new instances."""
    waited = replace(SUCCESS, rollout=replace(ROLLOUT, changed=False))
    report = formats.run_report(waited, command, format_)
    assert "nothing to do" not in report
    assert report.splitlines()[0].endswith("web serves new, by a rollout that another run began")
    without_instances = replace(SUCCESS, rollout=replace(ROLLOUT, changed=False, instances=()))
    report = formats.run_report(without_instances, command, format_)
    assert report.splitlines()[0].endswith("web: nothing to do, it serves new already")
    assert "web-1" not in report


def test_heading_of_a_run_that_wrote_the_update_policy_alone_names_it() -> None:
    """A rollback that another process began is complete, and this run has written its policy."""
    rollout = replace(ROLLOUT, changed=False, restored_policy=True)
    policy = "; this run restored the update policy of the environment file"
    assert text.heading(replace(SUCCESS, rollout=rollout)) == f"web serves new{policy}"
    assert text.heading(replace(SUCCESS, rollout=replace(rollout, instances=()))) == f"web serves new{policy}"
    assert text.heading(replace(SUCCESS, rollout=replace(rollout, changed=True))) == "web serves new"
    empty = "web: no instances, nothing proven; the group is set to new"
    assert text.heading(replace(SUCCESS, rollout=replace(rollout, is_empty=True))) == f"{empty}{policy}"


PAUSED = replace(SUCCESS, rollout=replace(ROLLOUT, pause=Pause(2, 3, "2 of 3 instances")))


def test_pause_is_neither_finished_nor_failed() -> None:
    """The heading has the step and the share, and both commands follow; there is no undo beside `abort`."""
    lines = text.run_report(PAUSED, command).splitlines()
    assert lines[0] == "web: paused at step 2 of 3, with new on 2 of 3 instances"
    rows = [line.split(maxsplit=1) for line in lines]
    assert ["target", f"h/p@{DIGEST} (new)"] in rows
    assert ["promote", "deploy promote --step 2"] in rows
    assert ["abort", "deploy abort"] in rows
    assert not any(row[:1] in (["undo"], ["now"]) for row in rows)
    report = formats.run_report(PAUSED, command, "markdown")
    assert report.splitlines()[0] == "### web: paused at step 2 of 3, with new on 2 of 3 instances"
    assert "Promote:\n```sh\ndeploy promote --step 2\n```\n\nAbort:\n```sh\ndeploy abort\n```" in report
    pause = json.loads(formats.run_report(PAUSED, command, "json"))["rollout"]["pause"]
    assert pause == {"step": 2, "steps": 3, "share": "2 of 3 instances", "text": ""}


def test_pause_for_want_of_data_has_its_reason() -> None:
    """A check that could not judge the release is named in the heading."""
    pause = Pause(1, 3, "1 of 3 instances", "check 'errors' has no data")
    shown = text.heading(replace(SUCCESS, rollout=replace(ROLLOUT, pause=pause)))
    assert shown == "web: paused at step 1 of 3, with new on 1 of 3 instances: check 'errors' has no data"


def test_text_of_a_failure_has_the_reason_first() -> None:
    """The reason and the diagnostics come before the facts, and no undo is offered after a rollback."""
    lines = text.run_report(FAILURE, command).splitlines()
    assert lines[:4] == [
        "web: deploy failed and rolled back (exit code 7)",
        "  release 'new': web-1 <b> failed. 'old' serves again. Fix: correct the script.",
        "    web-1: RECREATING RUNNING UNHEALTHY",
        "      | ```docker: pull access denied",
    ]
    assert "  inspect   deploy status" in lines
    assert not any(line.startswith("  undo") for line in lines)


@pytest.mark.parametrize(
    ("code", "changed", "expected"),
    [
        (0, True, [("undo", "back --to old")]), (0, False, []), (3, False, []), (4, False, []),
        (3, True, [("next", "deploy reconcile")]), (4, True, [("next", "deploy reconcile")]),
        (5, True, [("inspect", "deploy status")]), (7, True, [("inspect", "deploy status")]),
        (8, True, [("next", "deploy reconcile")]), (9, True, [("inspect", "deploy status")]), (1, False, []),
        (1, True, [("next", "deploy reconcile")]), (130, False, []), (None, True, [("next", "deploy reconcile")]),
        (130, True, [("resume", "deploy reconcile"), ("undo", "back --to old")]),
    ],
)  # fmt: skip
def test_commands_to_run_next(code: int | None, changed: bool, expected: list[tuple[str, str]]) -> None:
    """Which command is offered depends on the exit code, and on whether the group was changed."""
    result = replace(SUCCESS, exit_code=code, rollout=replace(ROLLOUT, changed=changed))
    assert text.commands(result, command) == expected


def test_refusal_during_a_rollout_does_not_claim_that_nothing_was_written() -> None:
    """A template may have been inserted before the refusal."""
    refused = replace(SUCCESS, exit_code=3, rollout=replace(ROLLOUT, changed=False))
    assert text.heading(refused) == "web: deploy refused, the group is unchanged (exit code 3)"
    assert text.heading(replace(refused, rollout=None)) == "web: deploy refused, nothing was written (exit code 3)"


@pytest.mark.parametrize(("length", "lines"), [(400, 1), (480, 2)])
def test_fix_that_does_not_fit_has_a_line_of_its_own(length: int, lines: int) -> None:
    """Of a line of more than 500 characters the middle is left out, and with it a part of the fix."""
    printed = text.reason(replace(FAILURE, message="m" * length)).splitlines()
    assert (len(printed), max(map(len, printed)) <= 500) == (lines, True)
    assert printed[-1].endswith("Fix: correct the script.")


def test_markdown_escapes_and_fences_foreign_text() -> None:
    """Text of instances and of Compute Engine is no Markdown of the report."""
    report = formats.run_report(FAILURE, command, "markdown")
    assert report.startswith("### web: deploy failed and rolled back (exit code 7)\n\nrelease 'new': web-1 &lt;b&gt;")
    assert "\n````text\nweb-1: RECREATING RUNNING UNHEALTHY\n  | ```docker: pull access denied\n````\n" in report
    assert "| web-1 | new aaaaaaaaaaaa | healthy | 12 s | 30 s | - |" in report
    assert "```sh\ndeploy status\n```" in report
    assert "```sh\nback --to old\n```" in formats.run_report(SUCCESS, command, "markdown")


# Rules of Mermaid's gantt.jison for the statements that the chart uses; a statement is a line.
STATEMENT = re.compile(
    r"gantt|dateFormat\s[^#\n;]+|axisFormat\s[^#\n;]+|todayMarker\s[^\n;]+|section\s[^#:\n;]+|[^#:\n;]+:[^#\n;]+"
)
KEYWORDS = re.compile(r"(href|call|click|title|section)\s|gantt|topAxis|inclusiveEndDates|\d{4}-", re.IGNORECASE)
TASK = r"(crit|active|done)(, 2000-01-01 \d\d:\d\d:\d\d){2}"


@pytest.mark.parametrize("name", ["web-1", "gantt-1", "a:b;c#d,e%%f{g}\nh", "call me", "section 1", "2026-11-23"])
def test_gantt_chart_follows_the_grammar_of_mermaid(name: str) -> None:
    """No name of an instance or template leaves the grammar."""
    old = replace(INSTANCE, name=name, is_new=False, healthy_s=None, deleted_s=9)
    instances = (replace(INSTANCE, name=name, template=name), old)
    lines = [line.strip() for line in gantt(replace(ROLLOUT, instances=instances))]
    assert lines[:4] == ["gantt", "dateFormat YYYY-MM-DD HH:mm:ss", "axisFormat %M:%S", "todayMarker off"]
    assert all(STATEMENT.fullmatch(line) for line in lines)
    tasks = [line for line in lines[4:] if not line.startswith("section ")]
    assert [task.partition(" ")[0] for task in tasks] == ["starts", "starts", "serves"]
    assert not any(KEYWORDS.match(task) or "%" in task for task in tasks)
    assert all(re.fullmatch(TASK, task.partition(":")[2]) for task in tasks)


def test_gantt_chart_of_a_long_rollout_has_hours_and_every_bar_has_a_length() -> None:
    """A chart of two hours shows hours, and a bar of no time is one second long."""
    instances = (replace(INSTANCE, deleted_s=30.0),)
    lines = list(gantt(replace(ROLLOUT, phases=(Phase("all healthy", 7200.0),), instances=instances)))
    assert "  axisFormat %H:%M:%S" in lines
    assert lines[-1].endswith("2000-01-01 00:00:30, 2000-01-01 00:00:31")


def test_report_of_a_prune_in_each_format() -> None:
    """A prune lists the deleted templates, and how many are left for a later one."""
    more = "12 more old templates can be deleted: run `deploy prune` again"
    assert formats.prune_report(PruneResult(("x", "y")), command, "text") == "pruned x\npruned y"
    assert formats.prune_report(PruneResult(("x",), 12), command, "text") == f"pruned x\n{more}"
    assert formats.prune_report(PruneResult(("x",), 12), command, "markdown") == f"- pruned x\n- {escaped(more)}"
    document = json.loads(formats.prune_report(PruneResult(("x",), 1), command, "json"))
    assert document == {"pruned": ["x"], "remaining": 1, "endpoints": []}
    assert formats.prune_report(PruneResult(), command, "text") == "nothing to prune"
