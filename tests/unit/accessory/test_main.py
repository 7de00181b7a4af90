"""The command line: stdout, stderr and exit code."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from accessory import __main__ as program
from accessory import config
from accessory.transport import Transport
from tests.unit.accessory.settings import DIGEST

NAMED = ["--name", "chromadb", "--env", "dev"]
IMAGE = f"docker.io/chromadb/chroma@{DIGEST}"


class FakeTransport(Transport):
    """A transport whose VM sends given lines."""

    lines: tuple[str, ...] = ()
    script = ""
    error: BaseException | None = None

    def argv(self, command: str) -> list[str]:
        raise NotImplementedError

    def run(self, script: str, arguments: Sequence[str], stdin: bytes, receive: Callable[[str], None]) -> int:
        """Run the program, and return its exit code."""
        self.script = stdin.decode()
        if self.error:
            raise self.error
        for number, line in enumerate(self.lines, start=1):
            receive(f"{number}\t{line}")
        return 0


@pytest.fixture
def transport(monkeypatch: pytest.MonkeyPatch) -> FakeTransport:
    """A transport that the program uses for each VM."""
    transport = FakeTransport()
    monkeypatch.setattr(program, "_transport", lambda *_: transport)
    for name in ("GITHUB_RUN_ID", "GITHUB_ACTOR", "ACCESSORY_COMMAND", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    return transport


def run(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    """Run the program, and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["accessory", *args])
    with pytest.raises(SystemExit) as exit_:
        program.main()
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


def test_stdout_has_only_the_report(
    transport: FakeTransport, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On success stdout has the report, and stderr the progress."""
    transport.lines = ("begins\tpull", "was\ta@1\t\t", "is\ta@2\t2026\tme", "end\t0")
    assert run(monkeypatch, "update", *NAMED, "--image", IMAGE) == 0
    out, err = capsys.readouterr()
    assert out.startswith("dojangkok-dev-chromadb: chromadb serves a new image\n")
    assert out.endswith("undo      uv run --project accessory python -m accessory rollback --name chromadb --env dev\n")
    assert err == "pull …\n"
    assert f"image={IMAGE}\n" in transport.script


def test_failure_leaves_stdout_empty(
    transport: FakeTransport, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On failure the report is on stderr."""
    transport.lines = ("end\t7\tit died.\tlook",)
    assert run(monkeypatch, "update", *NAMED, "--format", "json") == 7
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["message"] == "it died."


def test_image_of_the_environment_is_the_default(
    transport: FakeTransport, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An image of another repository is refused with exit code 3."""
    transport.lines = ("end\t0",)
    assert run(monkeypatch, "update", *NAMED) == 0
    assert "image=docker.io/chromadb/chroma:" in transport.script
    assert run(monkeypatch, "update", *NAMED, "--image", f"docker.io/other/chroma@{DIGEST}") == 3
    assert "is not the environment's repository 'docker.io/chromadb/chroma'" in capsys.readouterr().err


def test_undo_has_the_syntax_of_the_caller(
    transport: FakeTransport, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the pipeline the undo command is a call of daggerw, otherwise of python."""
    transport.lines = ("was\ta@1\t\t", "is\ta@2\t2026\tme", "end\t0")
    monkeypatch.setenv("ACCESSORY_COMMAND", "./daggerw call accessory")
    assert run(monkeypatch, "update", *NAMED) == 0
    assert "undo      ./daggerw call accessory --name chromadb --env dev --rollback\n" in capsys.readouterr().out
    assert run(monkeypatch, "rollback", *NAMED) == 0
    assert "undo      ./daggerw call accessory --name chromadb --env dev --image a@1\n" in capsys.readouterr().out
    monkeypatch.delenv("ACCESSORY_COMMAND")
    assert run(monkeypatch, "rollback", *NAMED) == 0
    assert "accessory update --name chromadb --env dev --image a@1\n" in capsys.readouterr().out


def test_run_and_operator_come_from_the_workflow(transport: FakeTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run number and actor of a workflow are in the request, without shell syntax."""
    transport.lines = ("serves\ta@1\tyes", "end\t0")
    monkeypatch.setenv("GITHUB_RUN_ID", "1234")
    monkeypatch.setenv("GITHUB_ACTOR", "octo-cat'; reboot")
    assert run(monkeypatch, "status", *NAMED) == 0
    assert "\nrun=1234-" in transport.script
    assert "\nby=octo-catreboot\n" in transport.script
    monkeypatch.setenv("GITHUB_ACTOR", "")
    assert run(monkeypatch, "status", *NAMED) == 0
    assert "\nby=unknown\n" in transport.script


def test_interruption_and_bug_have_their_exit_codes(
    transport: FakeTransport, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An interruption ends with 130, an unexpected error with 1 and its text."""
    transport.error = KeyboardInterrupt()
    assert run(monkeypatch, "update", *NAMED) == 130
    assert "interrupted; run" in capsys.readouterr().err
    transport.error = ValueError("oops")
    assert run(monkeypatch, "update", *NAMED) == 1
    assert "bug in accessory: ValueError: oops. Fix: report it with the lines above." in capsys.readouterr().err


@pytest.mark.parametrize("args", [["update"], ["update", *NAMED, "--format", "xml"], ["nothing"], []])
def test_wrong_usage_is_refused(args: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong command line ends with 3."""
    assert run(monkeypatch, *args) == 3


def test_transport_is_iap_unless_the_environment_has_ssh(tmp_path: Path) -> None:
    """The key ssh of an accessory selects plain SSH."""
    environment, accessory = config.read("dev", "vllm")
    assert "--zone=asia-northeast3-a" in program._transport(environment, accessory, tmp_path, None).argv("true")
    ssh = {"host": "h", "user": "u", "identity_file": "/i", "known_hosts": "/n"}
    reached = type(accessory).model_validate(accessory.model_dump() | {"ssh": ssh})
    assert program._transport(environment, reached, tmp_path, None).argv("true")[0] == "ssh"


@pytest.mark.parametrize("streams", ["2> /dev/full", "2>&-", "> /dev/full 2>&1", "2>&1 | head -n 0"])
def test_exit_code_does_not_depend_on_output(streams: str) -> None:
    """A refusal that cannot be printed still ends with 3."""
    command = f"set -o pipefail; {sys.executable} -m accessory status --name nosuch --env dev {streams}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, timeout=60, check=False)
    assert result.returncode == 3


def test_update_without_readable_output_continues(transport: FakeTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full output device does not change the run."""
    transport.lines = ("begins\tpull", "was\ta@1\t\t", "is\ta@2\t2026\tme", "end\t0")
    with open("/dev/full", "w") as stdout, open("/dev/full", "w") as stderr:  # noqa: PTH123 - no regular file
        monkeypatch.setattr(sys, "stdout", stdout)
        monkeypatch.setattr(sys, "stderr", stderr)
        assert run(monkeypatch, "update", *NAMED, "--image", IMAGE) == 0
        for stream in (stdout, stderr):
            with contextlib.suppress(OSError):
                stream.close()
    assert f"image={IMAGE}\n" in transport.script
