"""Text of templates and the API reaches the terminal and the job summary as plain text."""

import json

import pytest

from tests.support.deployer import Deployer
from tests.support.hostile_text import FORMATS, HOSTILE, LONG, harmless
from tests.support.releases import reference


@pytest.mark.parametrize("shape", FORMATS)
def test_message_of_the_api_is_reported_as_text(deployer: Deployer, shape: str) -> None:
    """Control characters and markup in an error of the API are printed as plain text."""
    fault = {"on": "instanceTemplates.insert", "nth": [1], "operation": {"error": "BAD", "message": HOSTILE + LONG}}
    deployer.emulator.ask("emulator/faults", verb="POST", body={"name": "x", "faults": [fault]})
    code, _, stderr = deployer.run("deploy", "--image", reference("b"), "--format", shape)
    assert code != 0
    plain = "\n".join(harmless(stderr, shape))
    assert "owned" in stderr
    assert len(stderr) < 66_000
    assert "<img" not in plain or shape != "markdown"


def test_commit_and_author_are_shown_as_text(deployer: Deployer) -> None:
    """Control characters and markup in a commit and an author are printed as plain text."""
    deployer.variables["GITHUB_ACTOR"] = HOSTILE
    code, stdout, stderr = deployer.run(
        "deploy", "--image", reference("a"), "--commit", HOSTILE, "--format", "markdown"
    )
    assert code == 0, stderr
    assert "<img" not in "\n".join(harmless(stdout, "markdown"))
    assert list(harmless(stderr, "text"))
    for verb in ("history", "status", "report"):
        for shape in FORMATS:
            code, stdout, stderr = deployer.run(verb, "--long", "--format", shape)
            assert code == 0, stderr
            plain = "\n".join(harmless(stdout, shape))
            assert "owned" in stdout
            assert "<img" not in plain or shape != "markdown"
            if shape == "json":
                assert json.loads(stdout)
            rows = [line for line in plain.split("\n") if line.startswith("|")]
            assert len({line.replace("\\|", "").count("|") for line in rows if "owned" in line}) <= 2
