"""The outcome of a run: what is measured, how it is shown, kept and rebuilt."""

import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from deploy.documents.group_state import Group, Instance, Version
from deploy.errors import DeployError
from deploy.options import Settings
from deploy.report import formats, text
from deploy.report.markdown import gantt
from deploy.report.progress import Lines, short, shown
from deploy.report.rebuilt import rebuilt
from deploy.rollout.perform import Rollout
from deploy.rollout.result import Life, Outcome, Phase, Pruned, Result, Serving
from deploy.rollout.timeline import Timeline
from deploy.run import Run
from tests.unit.deploy.rig import REPOSITORY, Rig, digest, new_rig

SEED = "dojangkok-dev-ai-server-seed"
OLD, NEW = Version("old"), Version("new", "deploy/aaaaaaaaaaaa/run1/20261123T150000Z/20261123T160000Z")
LIFE = Life("web-1", "new", "aaaaaaaaaaaa", True, "healthy", 30.0, 5.0, 12.0, 30.0)
RESULT = Result(True, NEW, OLD, (Phase("template", 2.0), Phase("all healthy", 60.0)), (LIFE,), ("web-r-0",), ("w",), 9)
DONE = Outcome(
    verb="deploy", environment="dev", project="p", zone="z", group="web", run="run1",
    began_at=datetime(2026, 11, 23, 15, 0, tzinfo=UTC), seconds=62.0, exit_code=0, was=Serving("old", "h/p:latest"),
    wanted=Serving("new", f"h/p@{digest('a')}", "cafe123"), result=RESULT, undo="back --to old",
)  # fmt: skip
FAILED = replace(
    DONE, exit_code=7, message="release 'new': web-1 <b> failed. 'old' serves again.", fix="mend it",
    evidence=("web-1: RECREATING RUNNING UNHEALTHY", "  | ```docker: pull access denied"),
)  # fmt: skip


def command(verb: str, *arguments: str) -> str:
    return " ".join(("deploy", verb, *arguments))


def machine(name: str, version: Version | None, state: str) -> Instance:
    """A machine that is creating, verifying, healthy or deleting."""
    status = "" if state == "creating" else "RUNNING"
    action = "NONE" if state == "healthy" else state.upper()
    return Instance(name, version, status, action, "HEALTHY" if state in ("healthy", "deleting") else "")


def group(*machines: Instance, version: Version = NEW) -> Group:
    return Group({}, (version,), 1, "", True, True, machines)


def test_timeline_of_one_machine_for_another() -> None:
    """Old serves, new is made, verified, healthy; old goes; each phase counts from the one before."""
    looks = [
        (1.0, [machine("o", OLD, "healthy")]),
        (3.0, [machine("o", OLD, "healthy"), machine("n", NEW, "creating")]),
        (10.0, [machine("o", OLD, "healthy"), machine("n", NEW, "verifying")]),
        (25.0, [machine("o", None, "deleting"), machine("n", NEW, "healthy")]),
        (40.0, [machine("n", NEW, "healthy")]),
    ]
    timeline = Timeline().reach(0.5, "template")
    for at_s, machines in looks:
        timeline = timeline.add(group(*machines), NEW, at_s)
    old, new = timeline.machines
    assert old == Life("o", "old", "", False, "gone", 40.0, 1.0, 1.0, 1.0, 40.0)
    assert new == Life("n", "new", "aaaaaaaaaaaa", True, "healthy", 25.0, 3.0, 10.0, 25.0)
    assert [(phase.name, phase.seconds) for phase in timeline.phases()] == [
        ("template", 0.5), ("first machine running", 9.5), ("first healthy", 15.0), ("all healthy", 0.0),
        ("old gone", 15.0),
    ]  # fmt: skip


def test_settled_counts_from_the_last_time_and_the_way_back_reaches_nothing() -> None:
    timeline = Timeline().reach(10.0, "settled").forget("settled").reach(20.0, "settled").reach(25.0, "settled")
    assert timeline.phases() == (Phase("settled", 20.0),)
    back = Timeline().add(group(machine("o", OLD, "healthy"), version=OLD), NEW, 1.0)
    assert (back.phases(), back.machines[0].is_new) == ((), False)


def test_machine_that_comes_back_is_not_gone() -> None:
    timeline = Timeline()
    for at_s, machines in ((1.0, [machine("n", NEW, "healthy")]), (2.0, []), (3.0, [machine("n", NEW, "creating")])):
        timeline = timeline.add(group(*machines), NEW, at_s)
    assert (timeline.machines[0].gone_s, timeline.machines[0].state) == (None, "creating")


def rolled(rig: Rig, letter: str) -> tuple[Rollout, list[str]]:
    compute, lines = rig.compute(), list[str]()
    rollout = Rollout(compute, rig.config, lines.append, Lines(lines.append))
    try:
        rollout.perform(rig.plan(letter, compute))
    except DeployError as error:
        lines.append(str(error.exit_code))
    return rollout, lines


def test_every_change_is_one_line() -> None:
    rollout, lines = rolled(new_rig(), "a")
    result = rollout.so_far()
    assert result is not None
    name = short(result.version.template)
    assert re.fullmatch(r"dojangkok-…-r-\w{12}", name)
    assert lines[0] == f"0/3 on {name} · old 3"
    assert f"1/3 on {name} · 1 verifying 0 s · old 2" in lines
    assert lines[-1] == f"3/3 on {name} · settled 0 s"
    without_ages = [re.sub(r"\d+ s\b", "", line) for line in lines]
    assert all(one != other for one, other in pairwise(without_ages))
    assert sum(phase.seconds for phase in result.phases) == pytest.approx(
        max(life.healthy_s or 0 for life in result.machines) + 30, abs=30
    )


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def test_terminal_has_a_table_that_is_drawn_anew() -> None:
    rig, stream = new_rig(), Terminal()
    compute = rig.compute()
    with shown(stream) as show:
        result = Rollout(compute, rig.config, rig.said.append, show).perform(rig.plan("a", compute))
    drawn = stream.getvalue()
    for life in result.machines:
        assert life.name in drawn
    assert "\x1b[1A" in drawn, "the cursor never goes up to draw over what was there"
    last = drawn.rpartition("3/3 on")[2]
    assert re.search(r"settled 3\d s · ", last)
    assert last.count("healthy") == 3
    assert SEED not in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", last)


def test_elsewhere_there_are_lines() -> None:
    rig, stream = new_rig(), io.StringIO()
    compute = rig.compute()
    with shown(stream) as show:
        Rollout(compute, rig.config, rig.said.append, show).perform(rig.plan("a", compute))
    assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().endswith(" · settled 0 s\n")


def test_failed_rollout_has_its_times_too() -> None:
    rig = new_rig()
    rig.control("POST", "emulator/instance-rules", {"never_healthy": True, "image": f"{REPOSITORY}@{digest('b')}"})
    rollout, lines = rolled(rig, "b")
    result = rollout.so_far()
    assert lines[-1] == "7"
    assert result is not None
    assert [phase.name for phase in result.phases] == ["template", "first machine running", "failed", "went back"]
    broken = [life for life in result.machines if life.is_new]
    assert [(life.release, life.healthy_s, life.state) for life in broken] == [("b" * 12, None, "gone")]


def test_text_of_a_success() -> None:
    lines = text.outcome(DONE, command).splitlines()
    assert lines[0] == "web serves new"
    assert [line.split(maxsplit=1) for line in lines[1:10]] == [
        ["was", "h/p:latest (old)"], ["is", f"h/p@{digest('a')} (new)"], ["commit", "cafe123"],
        ["run", "run1, 2026-11-23 15:00:00 UTC, 62 s"], ["phases", "template 2 s · all healthy 60 s"],
        ["requests", "9"], ["pruned", "web-r-0"], ["warning", "w"], ["undo", "back --to old"],
    ]  # fmt: skip
    assert lines[-1].split() == ["web-1", "new", "aaaaaaaaaaaa", "healthy", "12", "s", "30", "s", "-"]


@pytest.mark.parametrize("shape", ["text", "markdown"])
def test_instances_are_listed_below_no_nothing_to_do(shape: formats.Format) -> None:
    """A deploy that waits for the rollout of another run writes nothing, and yet sees instances come."""
    waited = replace(DONE, result=replace(RESULT, changed=False))
    shown = formats.outcome(waited, command, shape)
    assert "nothing to do" not in shown
    assert shown.splitlines()[0].endswith("web serves new, by a rollout that another run began")
    idle = formats.outcome(replace(DONE, result=replace(RESULT, changed=False, machines=())), command, shape)
    assert idle.splitlines()[0].endswith("web: nothing to do, it serves new already")
    assert "web-1" not in idle


def test_text_of_a_failure_has_the_reason_first() -> None:
    lines = text.outcome(FAILED, command).splitlines()
    assert lines[:4] == [
        "web: deploy failed and rolled back (exit code 7)",
        "  release 'new': web-1 <b> failed. 'old' serves again. Fix: mend it.",
        "    web-1: RECREATING RUNNING UNHEALTHY",
        "      | ```docker: pull access denied",
    ]
    assert "  look      deploy status" in lines
    assert not any(line.startswith("  undo") for line in lines)


@pytest.mark.parametrize(
    ("code", "told", "expected"),
    [
        (0, True, [("undo", "back --to old")]), (0, False, []), (3, False, []), (4, False, []),
        (3, True, [("next", "deploy reconcile")]), (4, True, [("next", "deploy reconcile")]),
        (5, True, [("look", "deploy status")]), (7, True, [("look", "deploy status")]),
        (8, True, [("next", "deploy reconcile")]), (9, True, [("look", "deploy status")]), (1, False, []),
        (1, True, [("next", "deploy reconcile")]), (130, False, []), (None, True, [("next", "deploy reconcile")]),
        (130, True, [("resume", "deploy reconcile"), ("undo", "back --to old")]),
    ],
)  # fmt: skip
def test_what_to_type_next(code: int | None, told: bool, expected: list[tuple[str, str]]) -> None:
    assert text.commands(replace(DONE, exit_code=code, result=replace(RESULT, changed=told)), command) == expected


def test_refusal_in_the_middle_does_not_claim_that_nothing_was_written() -> None:
    """A template may have been made by then."""
    refused = replace(DONE, exit_code=3, result=replace(RESULT, changed=False))
    assert text.heading(refused) == "web: deploy refused, the group was told nothing (exit code 3)"
    assert text.heading(replace(refused, result=None)) == "web: deploy refused, nothing was written (exit code 3)"


def test_markdown_escapes_and_fences_what_others_wrote() -> None:
    shown = formats.outcome(FAILED, command, "markdown")
    assert shown.startswith("### web: deploy failed and rolled back (exit code 7)\n\nrelease 'new': web-1 &lt;b&gt;")
    assert "\n````text\nweb-1: RECREATING RUNNING UNHEALTHY\n  | ```docker: pull access denied\n````\n" in shown
    assert "| web-1 | new aaaaaaaaaaaa | healthy | 12 s | 30 s | - |" in shown
    assert "```sh\ndeploy status\n```" in shown
    assert "```sh\nback --to old\n```" in formats.outcome(DONE, command, "markdown")


# Rules of Mermaid's gantt.jison for what is used here; a statement is a line.
STATEMENT = re.compile(
    r"gantt|dateFormat\s[^#\n;]+|axisFormat\s[^#\n;]+|todayMarker\s[^\n;]+|section\s[^#:\n;]+|[^#:\n;]+:[^#\n;]+"
)
KEYWORDS = re.compile(r"(href|call|click|title|section)\s|gantt|topAxis|inclusiveEndDates|\d{4}-", re.IGNORECASE)


@pytest.mark.parametrize("name", ["web-1", "gantt-1", "a:b;c#d,e%%f{g}\nh", "call me", "section 1", "2026-11-23"])
def test_gantt_is_in_mermaids_grammar_whatever_machines_are_called(name: str) -> None:
    lives = (replace(LIFE, name=name, template=name), replace(LIFE, name=name, is_new=False, healthy_s=None, gone_s=9))
    lines = [line.strip() for line in gantt(replace(RESULT, machines=lives))]
    assert lines[:4] == ["gantt", "dateFormat YYYY-MM-DD HH:mm:ss", "axisFormat %M:%S", "todayMarker off"]
    assert all(STATEMENT.fullmatch(line) for line in lines)
    tasks = [line for line in lines[4:] if not line.startswith("section ")]
    assert [task.partition(" ")[0] for task in tasks] == ["starts", "starts", "serves"]
    assert not any(KEYWORDS.match(task) or "%" in task for task in tasks)
    assert all(
        re.fullmatch(r"(crit|active|done)(, 2000-01-01 \d\d:\d\d:\d\d){2}", one.partition(":")[2]) for one in tasks
    )


def test_long_rollout_has_hours_on_its_axis_and_every_bar_a_length() -> None:
    lines = list(gantt(replace(RESULT, phases=(Phase("all healthy", 7200.0),), machines=(replace(LIFE, gone_s=30.0),))))
    assert "  axisFormat %H:%M:%S" in lines
    assert lines[-1].endswith("2000-01-01 00:00:30, 2000-01-01 00:00:31")


def test_settled_group_tells_its_last_release() -> None:
    rig = new_rig()
    rig.deploy("a")
    found = rebuilt(rig.observed(), rig.config, "dev", rig.wanted("a").now)
    assert (found.verb, found.run, found.exit_code, found.is_rebuilt) == ("deploy", "run1", 0, True)
    assert found.was == Serving(SEED, f"{REPOSITORY}:latest")
    assert found.wanted is not None
    assert (found.wanted.reference, found.wanted.commit) == (f"{REPOSITORY}@{digest('a')}", "a" * 40)
    assert found.result is not None
    assert {(life.state, life.running_s, life.healthy_s) for life in found.result.machines} == {("healthy", None, None)}
    shown = text.outcome(found, command)
    assert "rebuilt from the group and its templates; the run itself left no outcome" in shown
    assert shown.count(" healthy ") == 3 + 1


def test_group_that_nobody_rolled_and_one_under_way_are_told_as_far_as_they_can_be() -> None:
    rig = new_rig()
    found = rebuilt(rig.observed(), rig.config, "dev", rig.wanted("a").now)
    assert (found.verb, found.run, found.exit_code, found.was) == ("rollout", "", 0, None)
    observed = rig.observed()
    going = replace(observed, group=replace(observed.group, is_stable=False))
    found = rebuilt(going, rig.config, "dev", rig.wanted("a").now)
    assert found.exit_code is None
    assert text.heading(found) == "dojangkok-dev-ai-server-mig: rollout, and nobody saw its end"
    assert "was not rolled out by this program" in found.message


def test_what_was_pruned_is_told_in_each_format() -> None:
    more = "12 more old templates can be deleted: run prune again"
    assert formats.pruned(Pruned(("x", "y")), "text") == "pruned x\npruned y"
    assert formats.pruned(Pruned(("x",), 12), "text") == f"pruned x\n{more}"
    assert formats.pruned(Pruned(("x",), 12), "markdown") == f"- pruned x\n- {more}"
    assert json.loads(formats.pruned(Pruned(("x",), 1), "json")) == {"pruned": ["x"], "remaining": 1, "endpoints": []}
    assert formats.pruned(Pruned(), "text") == "nothing to prune"


def test_command_to_type_begins_as_the_environment_says_and_has_the_flags_that_were_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flags = {"group": "web", "compute_url": "http://emulator", "registry_url": "http://registry"}
    run = Run("deploy", Settings(env="dev", credentials=Path("my key.json"), **flags))
    monkeypatch.delenv("DEPLOY_COMMAND", raising=False)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    same = "--compute-url http://emulator --registry-url http://registry --group web"
    begin = "uv run --project deploy python -m deploy reconcile --env dev"
    assert run.command("reconcile") == f"{begin} {same} --credentials 'my key.json'"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "my key.json")
    assert run.command("reconcile") == f"{begin} {same}"
    monkeypatch.setenv("DEPLOY_COMMAND", "./daggerw call")
    assert run.command("rollback", "--to", "x") == f"./daggerw call rollback --env dev {same} --to x"
    monkeypatch.setenv("DEPLOY_ARGUMENTS", "--group web")
    assert run.command("rollback") == "./daggerw call rollback --env dev --group web"
