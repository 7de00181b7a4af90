"""The command line: the list, a line for each step, the end of a failure, and what is left in the project."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from acceptance import __main__ as program
from acceptance.exchange import Exchange
from acceptance.place import ROOT, Place, environment_text, read_place
from acceptance.progress import Progress
from acceptance.steps import Command, Step

_OK = Step(name="plan", text="a plan", needs_google=False, commands=(Command(arguments=(sys.executable, "-c", "")),))
_BAD = Step(name="deploy", text="a deploy", needs_google=True, commands=(Command(arguments=("no-such-program",)),))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place whose folder is empty."""
    text = environment_text((ROOT / "environments/dev.yaml").read_text(), "disposable-1")
    return read_place("disposable-1", tmp_path, text)


def call(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> int:
    """Run the program in this process; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["acceptance", "--project", "disposable-1", "--folder", str(folder), *arguments])
    with pytest.raises(SystemExit) as end:
        program.main()
    return int(str(end.value.code))


def with_steps(monkeypatch: pytest.MonkeyPatch, *steps: Step) -> None:
    """Let the program have other steps."""
    monkeypatch.setattr(program, "steps", lambda _: steps)


def test_list_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`--list` prints every step with its state, and writes no file."""
    Progress().with_step("bootstrap", 30).write(tmp_path)
    assert call(monkeypatch, tmp_path, "--list", "--skip", "packer") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["30", "s", "bootstrap"]
    assert lines[0].endswith("(Google)")
    assert lines[2].split()[:2] == ["skipped", "packer"]
    assert lines[-1].split()[:2] == ["-", "destroy"]
    assert [file.name for file in tmp_path.iterdir()] == ["progress.json"]


def test_a_failure_stops_with_the_commands_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The steps before the failure are kept, and the last lines say how to continue and how to delete everything."""
    with_steps(monkeypatch, _OK, _BAD)
    assert call(monkeypatch, tmp_path, "--from", "plan") == 1
    output = capsys.readouterr()
    assert output.out == "✓ plan  0 s  a plan\n"
    assert "✗ deploy  0 s\nno-such-program: not found" in output.err
    command = f"uv run --project deploy python -m acceptance --project disposable-1 --folder {tmp_path}"
    assert output.err.splitlines()[-3:] == [
        f"continue: {command}",
        f"the project still has resources that cost money. Delete them: {command} --from destroy",
        "or everything at once: gcloud projects delete disposable-1",
    ]
    assert set(Progress.read(tmp_path).seconds) == {"plan"}

    with_steps(monkeypatch, _OK)
    assert call(monkeypatch, tmp_path, "--release", "host/app@sha256:1") == 0
    output = capsys.readouterr()
    assert "✓" not in output.out
    assert "0 exchanges in 0 files" in output.out
    assert "still has resources" in output.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--from", "dstroy"], "no step 'dstroy'"),
        (["--environment", "/no/such/file"], "No such file"),
        (["--colour"], "usage: No such option"),
        (["--project", "dojangkok-dev"], "name a disposable project"),
    ],
)
def test_a_refusal_begins_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    text: str,
) -> None:
    """What can't be run ends with 3 and its reason, before any file is written."""
    assert call(monkeypatch, tmp_path / "run", *arguments) == 3
    assert text in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_summary_says_where_a_recording_of_google_belongs(place: Place) -> None:
    """Rows and the command that keeps the files are printed; without an exchange with Google there is no command."""
    exchange = Exchange(
        step="plan", host="compute.googleapis.com", at="2026-12-01T10:00:00+00:00", verb="GET", path="/", request=None,
        status=200, response={},
    )  # fmt: skip
    file = place.folder / "exchanges/plan.jsonl"
    file.parent.mkdir()
    file.write_text(exchange.to_line())
    lines = program.summary(place).splitlines()
    assert lines[0] == f"1 exchanges in 1 files of {file.parent}"
    assert lines[-1].startswith(f"keep them: cp -r {file.parent} tests/contract/recordings/2026-12-01,")
    file.write_text(replace(exchange, host="127.0.0.1").to_line())
    assert "keep them" not in program.summary(place)


def test_after_destroy_the_project_is_left(place: Place) -> None:
    """What Terraform does not delete, such as reserved names, is deleted with the project."""
    assert program.leftovers(place, True).endswith("this deletes the rest: gcloud projects delete disposable-1")
