"""Output of the VM, ssh and gcloud reaches the terminal and the job summary as plain text."""

import json
import unicodedata
from dataclasses import dataclass, replace

import pytest

from accessory.report import Format, rendered
from accessory.result import ActiveRun, Release, add_line
from accessory.transport import Transport
from lib.streams import write_error
from tests.unit.accessory.outcomes import STARTED

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e<img src=x> | `b` ##[error]owned"


@dataclass
class Shell(Transport):
    """A transport to a shell of this computer."""

    def argv(self, command: str) -> list[str]:
        return ["bash", "-c", command]


@pytest.mark.parametrize("shape", ["text", "markdown", "json"])
@pytest.mark.parametrize("verb", ["update", "status"])
def test_output_of_the_vm_is_plain_text(verb: str, shape: Format, capsys: pytest.CaptureFixture[str]) -> None:
    """No format of the report contains control characters, workflow commands or markup of the VM."""
    outcome = replace(STARTED, verb=verb, active_run=ActiveRun("r2", HOSTILE, "2026", HOSTILE, is_running=True))
    outcome = replace(outcome, history=(Release(HOSTILE, by=HOSTILE),), current=Release(HOSTILE))
    for line in (f"line\t{HOSTILE}", "line\t::error::owned", f"note\t{HOSTILE}", f"line\t{'y' * 900_000}"):
        outcome = add_line(outcome, line)
    outcome = add_line(outcome, f"end\t7\tdocker: {HOSTILE}\tlook")
    write_error(rendered(outcome, shape))
    report = capsys.readouterr().err
    categories = ("Cc", "Cf", "Cs", "Zl", "Zp")
    invisible = [letter for letter in report if unicodedata.category(letter) in categories and letter != "\n"]
    assert invisible == []
    assert "##[" not in report
    assert not any(line.lstrip().startswith("::") for line in report.split("\n") if not line.startswith("    "))
    assert "y" * 1_000 not in report
    if shape == "json":
        assert json.loads(report)["diagnostics"][0] == HOSTILE
    else:
        assert "␛]0;owned␇␛[2J\\u202e" in report
    if shape == "markdown":
        assert not any("<img" in line for line in report.split("\n") if not line.startswith("    "))


def test_stderr_of_ssh_is_plain_text(capfd: pytest.CaptureFixture[str]) -> None:
    """Control characters, workflow commands and secrets of stderr are replaced."""
    script = r"printf '\033]0;owned\007\n::error::owned\npassword=hunter22\nlast' >&2; echo heard; exit 3"
    lines: list[str] = []
    assert Shell().run(script, (), b"", lines.append) == 3
    assert lines == ["heard"]
    assert capfd.readouterr().err == "␛]0;owned␇\n: :error::owned\npassword=…\nlast\n"
