"""What an instance, ssh and gcloud say reaches the terminal and the job summary as text, and nothing more."""

import json
import unicodedata
from dataclasses import dataclass, replace

import pytest

from accessory.report import Format, shown
from accessory.result import Busy, Release, heard
from accessory.transport import Transport
from lib.streams import write_error
from tests.unit.accessory.outcomes import BEGUN

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e<img src=x> | `b` ##[error]owned"


@dataclass
class Shell(Transport):
    """Runs the command in a shell of this host."""

    def argv(self, command: str) -> list[str]:
        return ["bash", "-c", command]


@pytest.mark.parametrize("shape", ["text", "markdown", "json"])
@pytest.mark.parametrize("verb", ["update", "status"])
def test_words_of_the_instance_are_shown_as_text(verb: str, shape: Format, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = replace(BEGUN, verb=verb, busy=Busy("r2", HOSTILE, "2026", HOSTILE, is_at_work=True))
    outcome = replace(outcome, history=(Release(HOSTILE, by=HOSTILE),), now=Release(HOSTILE))
    for line in (f"line\t{HOSTILE}", "line\t::error::owned", f"note\t{HOSTILE}", f"line\t{'y' * 900_000}"):
        outcome = heard(outcome, line)
    outcome = heard(outcome, f"end\t7\tdocker: {HOSTILE}\tlook")
    write_error(shown(outcome, shape))
    report = capsys.readouterr().err
    invisible = [one for one in report if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") and one != "\n"]
    assert invisible == []
    assert "##[" not in report
    assert not any(line.lstrip().startswith("::") for line in report.split("\n") if not line.startswith("    "))
    assert "y" * 1_000 not in report
    if shape == "json":
        assert json.loads(report)["evidence"][0] == HOSTILE
    else:
        assert "␛]0;owned␇␛[2J\\u202e" in report
    if shape == "markdown":
        assert not any("<img" in line for line in report.split("\n") if not line.startswith("    "))


def test_stderr_of_ssh_is_shown_as_text(capfd: pytest.CaptureFixture[str]) -> None:
    script = r"printf '\033]0;owned\007\n::error::owned\npassword=hunter22\nlast' >&2; echo heard; exit 3"
    lines: list[str] = []
    assert Shell().run(script, (), b"", lines.append) == 3
    assert lines == ["heard"]
    assert capfd.readouterr().err == "␛]0;owned␇\n: :error::owned\npassword=…\nlast\n"
