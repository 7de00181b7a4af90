"""The report of a run: heading, reason, facts, and the commands to run next, as text and as Markdown."""

import json
import re
from dataclasses import replace

import pytest

from deploy.report import formats, text
from deploy.report.heading import heading
from deploy.report.markdown import gantt
from deploy.rollout.result import Pause, Phase, PruneResult
from lib.output import markdown as escaped
from tests.unit.deploy.run_results import DIGEST, FAILURE, INSTANCE, ROLLOUT, SUCCESS, command


def test_long_text_of_a_success() -> None:
    """Every fact of a run has a line with its name."""
    lines = text.run_report(SUCCESS, command, is_long=True).splitlines()
    assert lines[0] == "✓ p aaaaaaa (cafe123) serves web · 1/1 · 62 s"
    assert [line.split(maxsplit=1) for line in lines[1:12]] == [
        ["now"], [f"h/p@{DIGEST}"], ["(new)"], ["before", "h/p:latest (old)"], ["commit", "cafe123"],
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
    expected = "✓ p aaaaaaa (cafe123) serves web, by a rollout that another run began · 1/1"
    assert report.removeprefix("### ").startswith(expected)
    without_instances = replace(SUCCESS, rollout=replace(ROLLOUT, changed=False, instances=()))
    report = formats.run_report(without_instances, command, format_)
    assert report.splitlines()[0].endswith("✓ nothing to do: p aaaaaaa (cafe123) serves web")
    assert "web-1" not in report


def test_heading_of_a_run_that_wrote_the_update_policy_alone_names_it() -> None:
    """A rollback that another process began is complete, and this run has written its policy."""
    rollout = replace(ROLLOUT, changed=False, restored_policy=True)
    policy = "; this run restored the update policy of the environment file"
    serves = "✓ p aaaaaaa (cafe123) serves web"
    assert heading(replace(SUCCESS, rollout=rollout)) == f"{serves}{policy} · 1/1 · 62 s"
    assert heading(replace(SUCCESS, rollout=replace(rollout, instances=()))) == f"{serves}{policy} · 62 s"
    assert heading(replace(SUCCESS, rollout=replace(rollout, changed=True))) == f"{serves} · 1/1 · 62 s"
    empty = "? web: no instances, nothing proven; the group is set to p aaaaaaa (cafe123)"
    assert heading(replace(SUCCESS, rollout=replace(rollout, is_empty=True))) == f"{empty}{policy}"


PAUSED = replace(SUCCESS, rollout=replace(ROLLOUT, pause=Pause(2, 3, "2 of 3 instances")))


def test_pause_is_neither_finished_nor_failed() -> None:
    """The heading has the step and the share, and both commands follow; there is no undo beside `abort`."""
    lines = text.run_report(PAUSED, command).splitlines()
    assert lines[0] == "◐ web: paused at step 2 of 3 · 62 s"
    rows = [line.split(maxsplit=1) for line in lines]
    assert ["target", "p aaaaaaa (cafe123) on 2 of 3 instances"] in rows
    assert ["promote", "deploy promote --step 2 --to aaaaaaa"] in rows
    assert ["abort", "deploy abort"] in rows
    assert not any(row[:1] in (["undo"], ["now"]) for row in rows)
    report = formats.run_report(PAUSED, command, "markdown")
    assert report.splitlines()[0] == "### ◐ web: paused at step 2 of 3 · 62 s"
    assert f"\n- **target** h/p@{DIGEST} (new) on 2 of 3 instances\n" in report
    assert "Promote:\n```sh\ndeploy promote --step 2 --to aaaaaaa\n```\n\nAbort:\n```sh\ndeploy abort\n```" in report
    pause = json.loads(formats.run_report(PAUSED, command, "json"))["rollout"]["pause"]
    assert pause == {"step": 2, "steps": 3, "share": "2 of 3 instances", "text": ""}


def test_pause_for_want_of_data_has_its_reason() -> None:
    """A check that could not judge the release is named below the heading."""
    pause = Pause(1, 3, "1 of 3 instances", "check 'errors' has no data")
    shown = text.run_report(replace(SUCCESS, rollout=replace(ROLLOUT, pause=pause)), command)
    assert shown.startswith("◐ web: paused at step 1 of 3 · 62 s\n  check 'errors' has no data\n  target ")


def test_text_of_a_failure_has_the_reason_first() -> None:
    """The reason and the diagnostics come before the facts, and no undo is offered after a rollback."""
    lines = text.run_report(FAILURE, command).splitlines()
    assert lines[:5] == [
        "✗ web: deploy failed and rolled back (exit code 7) · 62 s",
        "  release 'new': web-1 <b> failed. 'old' serves again.",
        "  Fix: correct the script.",
        "    web-1: RECREATING RUNNING UNHEALTHY",
        "      | ```docker: pull access denied",
    ]
    assert "  serves   p:latest 1/1" in lines
    assert "  inspect  deploy status" in lines
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
    assert heading(refused) == "✗ web: deploy refused, the group is unchanged (exit code 3) · 62 s"
    assert heading(replace(refused, rollout=None)) == "✗ web: deploy refused, nothing was written (exit code 3)"
    facts = text.facts(replace(refused, rollout=None), command)
    assert ("set to", "p:latest") in facts


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_long_message_leaves_its_fix_whole(format_: formats.Format) -> None:
    """Of a message of more than 500 characters the middle is left out, and nothing of the fix."""
    report = formats.run_report(replace(FAILURE, message="m" * 600), command, format_)
    assert "left out" in report
    assert re.search(r"(?m)^ *Fix: correct the script\.$", report)


@pytest.mark.parametrize("format_", ["text", "markdown"])
@pytest.mark.parametrize("code", [None, 1, 3, 4, 5, 7, 8, 9, 130])
@pytest.mark.parametrize("verb", ["deploy", "promote", "abort", "rollback", "reconcile"])
def test_report_of_a_failed_run_never_reads_as_a_success(code: int | None, verb: str, format_: formats.Format) -> None:
    """Its first line begins with the mark of a failure, or of an end that is unknown, and claims no release."""
    first = formats.run_report(replace(SUCCESS, exit_code=code, verb=verb), command, format_).splitlines()[0]
    assert first.removeprefix("### ").startswith(f"{'?' if code is None else '✗'} web: {verb}")
    assert "✓" not in first
    assert " serves" not in first


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_report_without_a_result_of_its_run_claims_no_success(format_: formats.Format) -> None:
    """A gate may have failed before the rollout: what the group serves is no result of the run."""
    report = formats.run_report(replace(SUCCESS, is_rebuilt=True), command, format_)
    assert report.removeprefix("### ").startswith("? web: the run left no result\n")
    assert "✓" not in report
    assert re.search(r"serves\W+p aaaaaaa \(cafe123\) 1/1", report)


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_pause_without_a_result_of_its_run_shows_both(format_: formats.Format) -> None:
    """The group is at a pause and can be promoted; whether the run went on to fail elsewhere is not known."""
    assert PAUSED.rollout
    shown = replace(PAUSED, rollout=replace(PAUSED.rollout, changed=False), is_rebuilt=True, seconds=0.0)
    heading = formats.run_report(shown, command, format_).splitlines()[0]
    assert heading.removeprefix("### ") == "◐ web: paused at step 2 of 3; the run left no result"


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("rollback", "✓ rolled back: p aaaaaaa (cafe123) serves web · 1/1 · 62 s"),
        ("abort", "✓ aborted: p aaaaaaa (cafe123) serves web · 1/1 · 62 s"),
        ("promote", "✓ p aaaaaaa (cafe123) serves web · 1/1 · 62 s"),
        ("reconcile", "✓ p aaaaaaa (cafe123) serves web · 1/1 · 62 s"),
    ],
)
def test_heading_of_a_rollback_or_abort_names_it(verb: str, expected: str) -> None:
    """A release that was rolled back is no new release."""
    assert heading(replace(SUCCESS, verb=verb)) == expected


def test_superseded_run_names_the_healthy_instances_of_each_release() -> None:
    """Where the group was between two releases at the last poll, no release is said to serve."""
    old = replace(INSTANCE, name="web-0", template="old", is_new=False)
    starting = replace(INSTANCE, name="web-2", state="verifying")
    rollout = replace(ROLLOUT, instances=(old, INSTANCE, starting, replace(old, name="web-9", deleted_s=5.0)))
    result = replace(SUCCESS, exit_code=5, message="another deploy.", rollout=rollout)
    assert heading(result) == (
        "✗ web: deploy superseded by another change of the group, which stays (exit code 5) · 62 s"
    )
    assert ("healthy", "p:latest 1/1 · p aaaaaaa (cafe123) 1/2") in text.facts(result, command)


def test_markdown_escapes_and_fences_foreign_text() -> None:
    """Text of instances and of Compute Engine is no Markdown of the report."""
    report = formats.run_report(FAILURE, command, "markdown")
    first = "### ✗ web: deploy failed and rolled back (exit code 7) · 62 s"
    assert report.startswith(f"{first}\n\nrelease 'new': web-1 &lt;b&gt;")
    assert "|  |" not in report
    assert "\n````text\nweb-1: RECREATING RUNNING UNHEALTHY\n  | ```docker: pull access denied\n````\n" in report
    assert "| web-1 | old old | healthy | 12 s | 30 s | - |" in report
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
