"""The text reports of runs, whole, and the width of their lines."""

import shlex
import subprocess
from dataclasses import replace

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from deploy.analysis.reading import CheckSeries, Reading
from deploy.documents.group_state import Version
from deploy.report import formats, table
from deploy.report.lines import wrapped, wrapped_command
from deploy.rollout.result import InstanceTimes, Pause, Phase, RunResult
from deploy.rollout.served_release import ServedRelease
from lib.output import MAX_LINE_LENGTH
from tests.unit.deploy.run_results import ROLLOUT, SUCCESS

REPOSITORY = "asia-northeast3-docker.pkg.dev/dojangkok-prod/containers/ai-server"
DIGEST = f"4f0c2e6b9d1a{'7' * 52}"
NEW = ServedRelease("ai-server-seed-r-1d7edf1348d1", f"{REPOSITORY}@sha256:{DIGEST}", f"2b7d1c9{'0' * 33}")
OLD = ServedRelease("ai-server-seed", f"{REPOSITORY}:latest")
TIMES = InstanceTimes("ai-server-5305", OLD.template, "", False, "healthy", 0.0, 0.0, 1.0, 2.0)
SERVED = tuple(
    replace(TIMES, name=f"ai-server-{number}", template=NEW.template, release=DIGEST[:12], is_new=True, healthy_s=20.0)
    for number in range(3)
)
STAYED = tuple(replace(TIMES, name=f"ai-server-{number}") for number in range(3))
DONE = replace(
    SUCCESS, environment="prod", group="dojangkok-prod", before=OLD, target=NEW, seconds=98.0,
    undo="deploy rollback --env prod",
    rollout=replace(
        ROLLOUT, target=Version(NEW.template), instances=SERVED, warnings=(), pruned=(),
        phases=(Phase("template", 1.0), Phase("all healthy", 67.0), Phase("baked", 30.0)),
    ),
)  # fmt: skip
FAILED = replace(
    DONE,
    exit_code=7,
    message=f"release '{NEW.template}': ai-server-tl8q printed: docker: manifest unknown. '{OLD.template}' serves "
    "again.",
    fix="correct the image, and deploy again",
    diagnostics=("ai-server-tl8q: NONE RUNNING TIMEOUT", "  | docker: manifest unknown"),
    rollout=replace(DONE.rollout or ROLLOUT, instances=STAYED),
)


def command(verb: str, *arguments: str) -> str:
    return " ".join(("deploy", verb, "--env", "prod", *arguments))


def report(result: RunResult, *, is_long: bool = False) -> str:
    return formats.run_report(result, command, "text", is_long=is_long)


def test_report_of_a_success() -> None:
    """The first line has the release, the group, its healthy instances and the time."""
    assert report(DONE) == (
        "✓ ai-server 4f0c2e6 (2b7d1c9) serves dojangkok-prod · 3/3 · 98 s\n"
        "  before  ai-server:latest\n"
        "  undo    deploy rollback --env prod"
    )


def test_report_of_a_failure() -> None:
    """The reason is first, then an action, what the instance printed, and what serves now."""
    assert report(FAILED) == (
        "✗ dojangkok-prod: deploy failed and rolled back (exit code 7) · 98 s\n"
        "  release 'ai-server-seed-r-1d7edf1348d1': ai-server-tl8q printed: docker:\n"
        "    manifest unknown. 'ai-server-seed' serves again.\n"
        "  Fix: correct the image, and deploy again.\n"
        "    ai-server-tl8q: NONE RUNNING TIMEOUT\n"
        "      | docker: manifest unknown\n"
        "  target   ai-server 4f0c2e6 (2b7d1c9)\n"
        "  serves   ai-server:latest 3/3\n"
        "  inspect  deploy status --env prod"
    )


@pytest.mark.parametrize(
    ("group", "code", "expected"),
    [
        ("dojangkok-dev-ai-server-mig", 7, [
            "✗ dojangkok-dev-ai-server-mig: deploy rolled back (exit code 7) · 2 min 31 s",
            "  failed and rolled back",
        ]),
        ("dojangkok-dev-ai-server-mig", 9, [
            "✗ dojangkok-dev-ai-server-mig: deploy lacked capacity (exit code 9) · 2 min 31 s",
            "  lacked capacity, rolled back",
        ]),
        ("web", 5, [
            "✗ web: deploy superseded (exit code 5) · 2 min 31 s",
            "  superseded by another change of the group, which stays",
        ]),
        ("web", 7, ["✗ web: deploy failed and rolled back (exit code 7) · 2 min 31 s"]),
        ("dojangkok-production-ai-server-group", 7, [
            "✗ dojangkok-production-ai-server-group: deploy failed and rolled back (exit code",
            "    7) · 2 min 31 s",
        ]),
    ],
)  # fmt: skip
def test_first_line_of_a_failure_has_the_time(group: str, code: int, expected: list[str]) -> None:
    """A long outcome is below a short one; for a longer group the line is broken as any other."""
    lines = report(replace(FAILED, group=group, exit_code=code, seconds=151.0)).splitlines()
    assert lines[: len(expected)] == expected
    assert lines[len(expected)] == "  release 'ai-server-seed-r-1d7edf1348d1': ai-server-tl8q printed: docker:"


def test_report_of_a_pause() -> None:
    """A pause has its step, its share and the commands for both ways."""
    paused = replace(DONE, rollout=replace(ROLLOUT, warnings=(), pause=Pause(1, 3, "1 of 3 instances")))
    assert report(paused) == (
        "◐ dojangkok-prod: paused at step 1 of 3 · 98 s\n"
        "  target   ai-server 4f0c2e6 (2b7d1c9) on 1 of 3 instances\n"
        "  before   ai-server:latest\n"
        "  promote  deploy promote --env prod --step 1 --to 4f0c2e6\n"
        "  abort    deploy abort --env prod"
    )


def test_report_of_nothing_to_do() -> None:
    """The first line is the whole report."""
    unchanged = replace(ROLLOUT, changed=False, instances=(), phases=(), pruned=(), warnings=())
    without_commit = replace(NEW, commit="")
    assert report(replace(DONE, before=NEW, target=without_commit, rollout=unchanged)) == (
        "✓ nothing to do: ai-server 4f0c2e6 (2b7d1c9) serves dojangkok-prod"
    )


def test_long_report_has_full_names_in_lines_of_their_own() -> None:
    """A reference that is longer than a line has one of its own; phases and instances follow."""
    assert report(DONE, is_long=True) == (
        "✓ ai-server 4f0c2e6 (2b7d1c9) serves dojangkok-prod · 3/3 · 98 s\n"
        "  now\n"
        f"            {REPOSITORY}@sha256:{DIGEST}\n"
        "            (ai-server-seed-r-1d7edf1348d1)\n"
        "  before\n"
        f"            {REPOSITORY}:latest\n"
        "            (ai-server-seed)\n"
        f"  commit    2b7d1c9{'0' * 33}\n"
        "  run       run1, 2026-11-23 15:00:00 UTC, 98 s\n"
        "  phases    template 1 s · all healthy 67 s · baked 30 s\n"
        "  requests  9\n"
        "  undo      deploy rollback --env prod\n"
        "\n"
        "  name         release           state    running  healthy  deleted\n"
        "  ai-server-0  new 4f0c2e6b9d1a  healthy  1 s      20 s     -\n"
        "  ai-server-1  new 4f0c2e6b9d1a  healthy  1 s      20 s     -\n"
        "  ai-server-2  new 4f0c2e6b9d1a  healthy  1 s      20 s     -"
    )


NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
WORDS = st.text(st.sampled_from("ab-:/`' ·한\x1b\n"), max_size=200)
COMMITS = st.text(st.sampled_from("0123456789abcdef"), max_size=40) | WORDS


@given(
    group=NAMES, image=NAMES, templates=st.tuples(NAMES, NAMES), instance=NAMES, commit=COMMITS, text=WORDS,
    code=st.sampled_from([None, 0, 0, 1, 3, 4, 5, 7, 8, 9, 130]), verb=st.sampled_from(["deploy", "rollback", "abort"]),
    is_long=st.booleans(), is_paused=st.booleans(), is_rebuilt=st.booleans(),
)  # fmt: skip
@example(
    group="g" * 63, image="i" * 63, templates=("o" * 63, "n" * 63), instance="m" * 63, commit="c" * 40,
    text="`deploy reconcile --env prod` 한국어" * 12, code=0, verb="deploy", is_long=True, is_paused=False,
    is_rebuilt=False,
)  # fmt: skip
def test_no_line_is_wider_than_80_cells(
    group: str, image: str, templates: tuple[str, str], instance: str, commit: str, text: str, code: int | None,
    verb: str, *, is_long: bool, is_paused: bool, is_rebuilt: bool,
) -> None:  # fmt: skip
    """A wider line is a single reference, whatever the names, the commit and the texts of a run are."""
    old = ServedRelease(templates[0], f"{REPOSITORY}/{image}:latest")
    new = ServedRelease(templates[1], f"{REPOSITORY}/{image}@sha256:{DIGEST}", commit)
    times = (replace(SERVED[0], name=instance, template=templates[1]), replace(STAYED[0], template=templates[0]))
    rollout = replace(
        ROLLOUT, instances=times, warnings=(text,), pruned=templates,
        pause=Pause(1, 3, "1 of 3 instances", text) if is_paused and code == 0 else None,
        checks=(CheckSeries(instance, (Reading(0.0, 1.0, 2.0), Reading(5.0, None, 2.0, text))),),
    )  # fmt: skip
    result = replace(
        DONE, group=group, verb=verb, before=old, target=new, exit_code=code, message=text if code else "", fix=text,
        diagnostics=(text, f"  | {text}") if code else (), rollout=rollout, is_rebuilt=is_rebuilt,
        undo=f"deploy rollback --env prod --group {group} --to {templates[0]}",
    )  # fmt: skip
    for line in report(result, is_long=is_long).split("\n"):
        assert cell_len(line) <= 80 or len(line.split()) == 1, line


@given(text=st.text(st.sampled_from("ab·` \\"), max_size=300))
def test_wrapped_text_loses_no_word(text: str) -> None:
    """The words of all lines, in their order, are the words of the text."""
    lines = wrapped(text, "  ", "    ")
    assert "".join("".join(lines).split()).replace("\\", "") == "".join(text.split()).replace("\\", "")


@settings(max_examples=25, deadline=None)
@given(words=st.lists(st.text(st.sampled_from("ab -'\"$\\"), max_size=30), min_size=3, max_size=12))
def test_shell_reads_a_wrapped_command_as_one(words: list[str]) -> None:
    """A copied command has the arguments that it had in one line."""
    quoted = shlex.join(["printf", r"%s\0", "deploy", *words])
    assume(len(quoted) <= MAX_LINE_LENGTH)
    pasted = "\n".join(wrapped_command(quoted, "  ", "    "))
    printed = subprocess.run(["sh", "-c", pasted], capture_output=True, text=True, check=True)
    assert printed.stdout.split("\0")[:-1] == ["deploy", *words]


def test_command_in_backticks_stays_whole_where_a_line_has_room() -> None:
    """A selection of the line has the command; a longer one is broken as a shell reads it."""
    named = "`deploy rollback --env prod --to ai-server-seed-r-1d7edf1348d1`"
    assert wrapped(f"Fix: the release before is unproven, so run {named}.", "  ", "    ") == [
        "  Fix: the release before is unproven, so run",
        f"    {named}.",
    ]
    long = f"`deploy rollback --env prod --group {'g' * 40} --to ai-server-seed`"
    assert wrapped(f"Run {long}.", "  ", "    ") == [
        "  Run `deploy rollback --env prod --group \\",
        f"    {'g' * 40} --to ai-server-seed`.",
    ]


@pytest.mark.parametrize(("command", "quote"), [
    ("gcloud compute instance-groups managed update dojangkok-prod-ai-server-mig --update-policy-type proactive", "'"),
    ("gcloud compute instance-groups managed update dojangkok-prod-ai-server-mig --update-policy-type proactive", "`"),
    (f"deploy rollback --env prod --repository {'r' * 90} --to seed", "`"),
])  # fmt: skip
def test_shell_reads_a_wrapped_command_of_a_fix_as_one(command: str, quote: str) -> None:
    """Also a command of gcloud in single quotes, and one with an argument that is wider than a line."""
    report = "\n".join(wrapped(f"Fix: run {quote}{command}{quote}, and deploy the release again.", "  ", "    "))
    pasted = report.partition(quote)[2].partition(quote)[0]
    printed = subprocess.run(
        ["sh", "-c", f"gcloud() {{ echo gcloud $*; }}; deploy() {{ echo deploy $*; }}; {pasted}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert printed.stdout == f"{command}\n"


def test_columns_that_do_not_fit_have_a_second_line() -> None:
    """Each row, the head too, is broken at the same columns; a cell that is too long is cut."""
    assert table.text(("name", "state", "template"), [("n" * 60, "healthy", "t" * 63)], "  ") == [
        f"  name{' ' * 58}state",
        "    template",
        f"  {'n' * 60}  healthy",
        f"    {'t' * 63}",
    ]
    assert table.text(("by",), [("한" * 60,)]) == ["by", f"{'한' * 38}…"]
