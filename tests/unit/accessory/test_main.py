"""The command line: what is on stdout, what on stderr, and the exit code."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from accessory import __main__ as program
from accessory.transport import Transport
from tests.unit.accessory.settings import DIGEST

NAMED = ["--name", "chromadb", "--env", "dev"]
IMAGE = f"docker.io/chromadb/chroma@{DIGEST}"


class Machine(Transport):
    """Says one thing."""

    lines: tuple[str, ...] = ()
    script = ""
    raises: BaseException | None = None

    def argv(self, command: str) -> list[str]:
        raise NotImplementedError

    def run(self, script: str, arguments: Sequence[str], stdin: bytes, heard: Callable[[str], None]) -> int:
        self.script = stdin.decode()
        if self.raises:
            raise self.raises
        for number, line in enumerate(self.lines, start=1):
            heard(f"{number}\t{line}")
        return 0


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine()
    monkeypatch.setattr(program, "_transport", lambda *_: found)
    for name in ("GITHUB_RUN_ID", "GITHUB_ACTOR", "ACCESSORY_COMMAND", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    return found


def run(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    monkeypatch.setattr(sys, "argv", ["accessory", *args])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_report_alone_is_on_stdout(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.lines = ("begins\tpull", "was\ta@1\t\t", "is\ta@2\t2026\tme", "end\t0")
    assert run(monkeypatch, "update", *NAMED, "--image", IMAGE) == 0
    out, err = capsys.readouterr()
    assert out.startswith("dojangkok-dev-chromadb: chromadb serves a new image\n")
    assert out.endswith("undo      uv run --project accessory python -m accessory rollback --name chromadb --env dev\n")
    assert err == "pull …\n"
    assert f"image={IMAGE}\n" in machine.script


def test_failure_leaves_stdout_empty(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.lines = ("end\t7\tit died.\tlook",)
    assert run(monkeypatch, "update", *NAMED, "--format", "json") == 7
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["message"] == "it died."


def test_image_of_the_file_is_the_default_and_another_repository_is_refused(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.lines = ("end\t0",)
    assert run(monkeypatch, "update", *NAMED) == 0
    assert "image=docker.io/chromadb/chroma:" in machine.script
    assert run(monkeypatch, "update", *NAMED, "--image", f"docker.io/other/chroma@{DIGEST}") == 3
    assert "is not the environment's repository 'docker.io/chromadb/chroma'" in capsys.readouterr().err


def test_undo_is_typed_as_the_pipeline_wants_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.lines = ("was\ta@1\t\t", "is\ta@2\t2026\tme", "end\t0")
    monkeypatch.setenv("ACCESSORY_COMMAND", "./daggerw call accessory")
    assert run(monkeypatch, "update", *NAMED) == 0
    assert "undo      ./daggerw call accessory --name chromadb --env dev --rollback\n" in capsys.readouterr().out
    assert run(monkeypatch, "rollback", *NAMED) == 0
    assert "undo      ./daggerw call accessory --name chromadb --env dev --image a@1\n" in capsys.readouterr().out
    monkeypatch.delenv("ACCESSORY_COMMAND")
    assert run(monkeypatch, "rollback", *NAMED) == 0
    assert "accessory update --name chromadb --env dev --image a@1\n" in capsys.readouterr().out


def test_workflow_and_its_actor_are_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.lines = ("serves\ta@1\tyes", "end\t0")
    monkeypatch.setenv("GITHUB_RUN_ID", "1234")
    monkeypatch.setenv("GITHUB_ACTOR", "some-one'; reboot")
    assert run(monkeypatch, "status", *NAMED) == 0
    assert "\nrun=1234-" in machine.script
    assert "\nby=some-onereboot\n" in machine.script
    monkeypatch.setenv("GITHUB_ACTOR", "")
    assert run(monkeypatch, "status", *NAMED) == 0
    assert "\nby=unknown\n" in machine.script


def test_interruption_and_bug(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.raises = KeyboardInterrupt()
    assert run(monkeypatch, "update", *NAMED) == 130
    assert "stopped listening; run" in capsys.readouterr().err
    machine.raises = ValueError("oops")
    assert run(monkeypatch, "update", *NAMED) == 1
    assert "our bug: ValueError: oops. Fix: report it with the lines above." in capsys.readouterr().err


@pytest.mark.parametrize("args", [["update"], ["update", *NAMED, "--format", "xml"], ["nothing"], []])
def test_usage_is_refused(args: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, *args) == 3


def test_way_to_a_machine_is_iap_unless_the_file_says_ssh(tmp_path: Path) -> None:
    environment, accessory = program.config.read("dev", "vllm")
    assert "--zone=asia-northeast3-a" in program._transport(environment, accessory, tmp_path, None).argv("true")
    ssh = {"host": "h", "user": "u", "identity_file": "/i", "known_hosts": "/n"}
    reached = type(accessory).model_validate(accessory.model_dump() | {"ssh": ssh})
    assert program._transport(environment, reached, tmp_path, None).argv("true")[0] == "ssh"


@pytest.mark.parametrize("streams", ["2> /dev/full", "2>&-", "> /dev/full 2>&1", "2>&1 | head -n 0"])
def test_refusal_keeps_its_code_though_it_cannot_be_written(streams: str) -> None:
    command = f"set -o pipefail; {sys.executable} -m accessory status --name nosuch --env dev {streams}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, timeout=60, check=False)
    assert ended.returncode == 3


def test_update_that_nobody_reads_is_driven_to_its_end(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.lines = ("begins\tpull", "was\ta@1\t\t", "is\ta@2\t2026\tme", "end\t0")
    with open("/dev/full", "w") as stdout, open("/dev/full", "w") as stderr:  # noqa: PTH123 - no regular file
        monkeypatch.setattr(sys, "stdout", stdout)
        monkeypatch.setattr(sys, "stderr", stderr)
        assert run(monkeypatch, "update", *NAMED, "--image", IMAGE) == 0
        for stream in (stdout, stderr):
            with contextlib.suppress(OSError):
                stream.close()
    assert f"image={IMAGE}\n" in machine.script
