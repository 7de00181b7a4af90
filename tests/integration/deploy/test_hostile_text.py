"""Serial output of an instance reaches the terminal and the job summary as plain text."""

import io
import json
import sys
from datetime import UTC, datetime

import pytest

from deploy.errors import DeployError
from deploy.report import formats
from deploy.rollout.result import RunResult
from lib.streams import write_error
from tests.integration.deploy.rig import new_rig
from tests.support.hostile_text import FORMATS, HOSTILE, LONG, harmless
from tests.unit.deploy.values import REPOSITORY, digest


@pytest.fixture(scope="module")
def error() -> DeployError:
    """Return the error of a rollout whose instances print hostile text."""
    rig = new_rig()
    lines = ["password=hunter22", LONG, *HOSTILE.split("\n"), "|---|", "```", "docker: denied: \x1b[2J" + LONG]
    rule = {"image": f"{REPOSITORY}@{digest('b')}", "never_healthy": True, "serial": lines}
    rig.control("POST", "emulator/instance-rules", rule)
    with pytest.raises(DeployError) as failed:
        rig.deploy("b")
    return failed.value


@pytest.mark.parametrize("shape", FORMATS)
def test_serial_output_is_shown_as_text(
    shape: formats.Format, error: DeployError, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reports in every format show serial output as text, without secrets and control characters."""
    outcome = RunResult(
        verb="deploy", environment="dev", group="web", run="r1", began_at=datetime(2026, 1, 1, tzinfo=UTC),
        exit_code=error.exit_code, message=error.message, fix=error.fix, diagnostics=error.diagnostics,
    )  # fmt: skip
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    write_error(formats.run_report(outcome, lambda *_: "next", shape))
    shown = stderr.getvalue()
    plain = "\n".join(harmless(shown, shape))
    assert "hunter22" not in shown
    assert LONG[:1_000] not in shown
    assert ("\\u001b[2J" if shape == "json" else "␛[2J") in shown
    assert "<img" not in plain or shape != "markdown"
    assert shape != "json" or json.loads(shown)["exit_code"] == error.exit_code
