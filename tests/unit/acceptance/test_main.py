"""The command line: the list, a line for each step, the end of a failure, and what is left in the project."""

import io
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from acceptance import __main__ as program
from acceptance.exchange import Exchange
from acceptance.place import ROOT, Place, environment_text, read_place
from acceptance.progress import Progress
from tests.unit.acceptance.calls import BAD, CONFIRMED, DESTROY, OK, call, with_steps

_RELEASE = f"asia-northeast3-docker.pkg.dev/disposable-1/dojangkok-ai/ai-server@sha256:{'a' * 64}"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place whose folder is empty."""
    text = environment_text((ROOT / "environments/dev.yaml").read_text(), "disposable-1")
    return read_place("disposable-1", tmp_path, text)


def test_list_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`--list` prints every step with its state, and writes no file."""
    Progress(seconds={"bootstrap": 30.0}).write(tmp_path)
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
    with_steps(monkeypatch, OK, BAD)
    assert call(monkeypatch, tmp_path, "--from", "plan", *CONFIRMED) == 1
    output = capsys.readouterr()
    assert re.fullmatch(r"✓ plan  \d+ s  a plan\n", output.out)
    assert re.match(r"✗ deploy  \d+ s\nno-such-program: not found\n", output.err)
    command = f"uv run --project deploy python -m acceptance --project disposable-1 --folder {tmp_path}"
    command += " --disposable disposable-1"
    assert output.err.splitlines()[-3:] == [
        f"continue: {command}",
        f"the project still has resources that cost money. Delete them: {command} --from destroy",
        "or everything at once: gcloud projects delete disposable-1",
    ]
    assert set(Progress.read(tmp_path).seconds) == {"plan"}

    with_steps(monkeypatch, OK)
    assert call(monkeypatch, tmp_path, "--release", _RELEASE) == 0
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
        (["--project", "dojangkok-prod"], "name a disposable project"),
        (["--project", "123456789012"], "'123456789012' is no project id"),
        (["--project", "../../prod-1"], "'../../prod-1' is no project id"),
        (["--project", ""], "'' is no project id"),
        (["--disposable", "disposable-2"], "got 'disposable-2', and the project is 'disposable-1'"),
        ([], "got '', and the project is 'disposable-1'"),
        (["--release", f"{_RELEASE.replace('disposable-1', 'other-1')}"], "is no digest of 'asia-northeast3"),
        (["--release", f"{_RELEASE.partition('@')[0]}:latest"], "is no digest of 'asia-northeast3"),
        (["--release", "ai-server"], "is not an image reference"),
        (["--environment", str(ROOT / "environments/local.yaml")], "does not name project 'disposable-1'"),
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
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert call(monkeypatch, tmp_path / "run", *arguments) == 3
    assert text in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_person_confirms_a_new_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The id of the project is asked for before the first step of a folder, and not when the run continues."""
    with_steps(monkeypatch, OK)
    monkeypatch.setattr(sys, "stdin", io.StringIO("disposable-1\n"))
    assert call(monkeypatch, tmp_path) == 0
    assert "Type its id" in capsys.readouterr().err
    assert call(monkeypatch, tmp_path) == 0
    assert "Type its id" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["project", "zone", "repository"])
def test_a_folder_of_another_place_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, place: Place
) -> None:
    """The state of a project is never applied to another project, zone or repository."""
    progress = Progress().at(place)
    replace(progress, place={**progress.place, name: "other"}).write(tmp_path)
    assert call(monkeypatch, tmp_path, "--from", "destroy") == 3
    assert f"is of {name} 'other'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "content", "text"),
    [
        ("terraform.tfstate", "{}", "has files, and no"),
        ("progress.json", "{", "Expecting"),
        ("progress.json", "[]", "name a new folder"),
        ("progress.json", '{"version": 4}', "unexpected keyword argument 'version'"),
    ],
)
def test_a_folder_of_other_files_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str,
    content: str,
    text: str,
) -> None:
    """A folder without a readable progress may hold the state of another project."""
    (tmp_path / file).write_text(content)
    assert call(monkeypatch, tmp_path, *CONFIRMED) == 3
    assert text in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [file]


def test_steps_of_an_earlier_attempt_are_not_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that runs again undoes itself and all later ones, also if it fails."""
    with_steps(monkeypatch, OK, replace(OK, name="deploy"), replace(OK, name="reports"))
    assert call(monkeypatch, tmp_path, *CONFIRMED) == 0
    assert list(Progress.read(tmp_path).seconds) == ["plan", "deploy", "reports"]
    with_steps(monkeypatch, OK, BAD, replace(OK, name="reports"))
    assert call(monkeypatch, tmp_path, "--from", "deploy") == 1
    assert list(Progress.read(tmp_path).seconds) == ["plan"]


def test_after_destroy_nothing_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything is deleted only until another step has run, and a destroyed run does not begin again by itself."""
    with_steps(monkeypatch, OK, DESTROY)
    assert call(monkeypatch, tmp_path, *CONFIRMED) == 0
    assert "what the steps made is deleted" in capsys.readouterr().err
    assert Progress.read(tmp_path).seconds == {}
    assert call(monkeypatch, tmp_path) == 3
    assert "'destroy' has ended this run" in capsys.readouterr().err
    assert call(monkeypatch, tmp_path, "--from", "plan", "--skip", "destroy") == 0
    error = capsys.readouterr().err
    assert "still has resources" in error
    assert "deleted" not in error


@pytest.mark.parametrize(
    ("arguments", "continued", "destroyed"),
    [
        (["--from", "plan", "--skip", "destroy"], " --skip destroy", ""),
        (["--from=plan", "--skip=destroy", "--skip", "packer"], " --skip destroy --skip packer", " --skip packer"),
        (["--folder", "a b"], " --folder 'a b'", " --folder 'a b'"),
    ],
)
def test_advice_can_be_typed(arguments: list[str], continued: str, destroyed: str) -> None:
    """No command begins with another step than it says, and the command that deletes skips no destroy."""
    start = "uv run --project deploy python -m acceptance"
    assert program.typed(arguments) == f"{start}{continued}".rstrip()
    assert program.typed(arguments, is_destroy=True).rstrip() == f"{start}{destroyed}"


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
    assert program.leftovers(place, True).endswith("This deletes it: gcloud projects delete disposable-1")
