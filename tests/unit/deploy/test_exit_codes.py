"""The exit codes: one table in errors.py, which the README and every error class follow."""

import re
from pathlib import Path

import pytest

from deploy import errors
from deploy.errors import DeployError, ExitCode

CLASSES = {
    errors.DeployError: 1,
    errors.RefusedError: 3,
    errors.ConfigError: 3,
    errors.NotAllowedError: 4,
    errors.SupersededError: 5,
    errors.RolledBackError: 7,
    errors.NotRestoredError: 8,
    errors.CapacityError: 9,
    errors.StoppedError: 130,
}


@pytest.mark.parametrize("error", CLASSES)
def test_error_has_the_exit_code_of_the_contract(error: type[DeployError]) -> None:
    """An operator's scripts branch on these numbers."""
    assert error("text").exit_code == CLASSES[error]


def test_readme_explains_every_exit_code() -> None:
    """The table of deploy/README.md has a row for each exit code, and no other row."""
    rows = re.findall(r"^\| (\d+) \|", Path("deploy/README.md").read_text(), re.MULTILINE)
    assert [int(row) for row in rows] == sorted(ExitCode)


def test_error_prints_message_fix_and_diagnostics() -> None:
    """The text of an error is all that an operator reads."""
    error = errors.RolledBackError("group 'g': failed.", "deploy again", ("web-1: RUNNING", "  | no model"))
    assert str(error) == "group 'g': failed. Fix: deploy again.\nweb-1: RUNNING\n  | no model"
