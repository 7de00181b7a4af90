"""Output of tools and registries reaches the terminal and a job's log as text, by the same rules as in deploy."""

import dagger
import pytest

from ci.errors import DeployError, GateError, exit_codes
from ci.output import printable
from ci.publish import Published
from ci.release import Release
from ci.stages import Stage
from ci.summary import summary
from lib import output

HOSTILE = "skopeo: \x1b]0;owned\x07\x1b[2J\u202e\n::error::owned\r\n  ##[error]owned\x9b2J\U000e0041\ud800\tend"
SHOWN = "skopeo: ␛]0;owned␇␛[2J\\u202e\n: :error::owned\n  # #[error]owned\\x9b2J\\ue0041\\ud800\tend"


def test_text_is_shown_by_the_rules_of_lib() -> None:
    """ci cannot import lib, so both must give the same text."""
    texts = (HOSTILE, "".join(map(chr, range(0x300))), "x" * 900_000, "::a\n ##b[c] ##[d\n\u2028::e", "한국어 😀 é")
    assert [printable(text) for text in texts] == [output.printable(text) for text in texts]


def test_colours_of_tools_are_left_out() -> None:
    """ruff and pytest print them on a terminal."""
    assert printable("\x1b[1;31mE501\x1b[0m too long") == "E501 too long"


def test_error_of_a_gate_is_printed_as_text() -> None:
    """No control character of a tool reaches the terminal."""
    with pytest.raises(dagger.ExecError) as left, exit_codes():
        raise GateError(f"publish: was not pushed: {HOSTILE}")
    assert str(left.value) == left.value.stderr == f"publish: was not pushed: {SHOWN}"


def test_report_of_deploy_is_printed_as_it_is() -> None:
    """A long line of JSON stays whole."""
    report = '{"message": "' + "x" * 1_000 + '"}'
    with pytest.raises(dagger.ExecError) as left, exit_codes():
        raise DeployError(7, report)
    assert left.value.stderr == report


def test_summary_shows_results_of_stages_as_text() -> None:
    """No control character of a tool reaches the terminal."""
    published = Published("registry:5000/a/ai-server", "sha256:12", ("dev-12",), 82_100_000)
    stages = (Stage("lint", 1.0, failure=HOSTILE), Stage("smoke", 1.0, ("\x1b[2J##[error]x",)))
    text = summary(Release(stages, published))
    assert text.startswith(f"{SHOWN}\n\n")
    assert "smoke     1.0 s  ␛[2J# #[error]x" in text
