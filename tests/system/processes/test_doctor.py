"""`doctor` as a real process: streams and exit codes."""

import json

import pytest

from tests.support.deployer import Deployer
from tests.support.emulator import GROUP, ZONE
from tests.support.reports import unwrapped

PATH = f"compute/v1/{ZONE}/instanceGroupManagers/{GROUP}"


def test_sound_environment_ends_with_0(deployer: Deployer) -> None:
    """Without a wrong finding the report is all there is on stdout, and the exit code is 0."""
    code, report, stderr = deployer.run("doctor")
    lines = unwrapped(report).splitlines()
    assert (code, stderr, report.count("✗"), report.count("?")) == (0, "", 0, 0)
    assert len(lines) == 17
    assert lines[0] == f"{GROUP}: 16 ok, 0 wrong, 0 unknown"
    assert all(line.startswith("  ✓ ") for line in lines[1:])


def test_unknown_finding_ends_with_0(deployer: Deployer) -> None:
    """A value that the login may not read is no reason for another exit code."""
    deployer.emulator.ask("emulator/permissions", {"denied": ["compute.machineTypes.get"]}, verb="PUT")
    report = deployer.json("doctor")
    assert report["is_ready"]
    assert [row["check"] for row in report["findings"] if row["state"] == "unknown"] == ["machine type"]


@pytest.mark.parametrize("shape", ["text", "json", "markdown"])
def test_wrong_findings_end_with_3(deployer: Deployer, shape: str) -> None:
    """With a wrong finding stdout is empty, the report is the last on stderr, and the group is unchanged."""
    emulator = deployer.emulator
    emulator.ask(PATH, {"updatePolicy": {"type": "OPPORTUNISTIC", "maxSurge": {"fixed": 3}}}, verb="PATCH")
    emulator.wait_for_stable_group()
    before = emulator.group()
    code, stdout, stderr = deployer.run("doctor", "--format", shape)
    assert (code, stdout) == (3, "")
    for text in ("OPPORTUNISTIC", "--update-policy-type proactive", "--update-policy-max-surge 1"):
        assert text in unwrapped(stderr).replace("\\", "")
    assert emulator.group() == before
    if shape == "json":
        assert not json.loads(stderr)["is_ready"]


def test_missing_login_ends_with_3(deployer: Deployer) -> None:
    """Without credentials for Google's own endpoint the account is wrong, everything else unknown, and the code 3."""
    deployer.compute_url = ""
    code, stdout, stderr = deployer.run("doctor")
    assert (code, stdout, stderr.count("\n  ✗ "), stderr.count("\n  ? ")) == (3, "", 1, 15)
    assert "  ✗ account          credentials: none were given. Fix: pass --credentials FILE" in unwrapped(stderr)
    assert "Run: gcloud auth application-default login" in unwrapped(stderr)


def test_absent_group_ends_with_3(deployer: Deployer) -> None:
    """A group that does not exist is a wrong finding beside those of the other checks."""
    code, stdout, stderr = deployer.run("doctor", "--group", "no-such-group")
    assert (code, stdout) == (3, "")
    assert "no-such-group: 7 ok, 1 wrong, 8 unknown" in stderr
