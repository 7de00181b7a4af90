"""The version name, which describes a rollout to every other process."""

from datetime import UTC, datetime

import pytest

from deploy.errors import RefusedError
from deploy.group import version_name
from deploy.group.version_name import VersionName


def test_version_name_is_parsed_as_written() -> None:
    """Another process reads the same rollout from the name, and nothing from any other name."""
    now = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
    name = VersionName("deploy", "0" * 12, "run.1-x", now, now.replace(minute=9))
    assert version_name.parse_version_name(str(name)) == name
    for other in ("", "0/2026-11-23", str(name) + "x", str(name).replace("deploy", "other"), "deploy/0/x/y/z"):
        assert version_name.parse_version_name(other) is None


@pytest.mark.parametrize("run", ["", "a/b", "x" * 41, "tab\t", "é"])
def test_run_id_that_no_version_name_can_hold_is_refused(run: str) -> None:
    """A run id that the version name could not hold is refused before the first write."""
    now = datetime(2026, 11, 23, tzinfo=UTC)
    with pytest.raises(RefusedError) as error:
        VersionName("deploy", "0" * 12, run, now, now)
    assert str(error.value) == f"run: got '{run}'. Fix: use 1 to 40 letters, digits, dots, hyphens or underscores."


def test_rollout_begins_at_a_whole_second_and_has_its_budget() -> None:
    """Another process reads the times from the name, which has no fractions of a second."""
    now = datetime(2026, 11, 23, 12, 0, 5, 900_000, tzinfo=UTC)
    name = version_name.version_name("deploy", f"sha256:{'ab' * 32}", "run1", now, 90.4)
    assert str(name) == "deploy/abababababab/run1/20261123T120005Z/20261123T120135Z"
    assert version_name.parse_version_name(str(name)) == name
    back = version_name.version_name("rollback", f"sha256:{'ab' * 32}", "run1", now, 90.6)
    assert str(back) == "rollback/abababababab/run1/20261123T120005Z/20261123T120136Z"
    assert version_name.parse_version_name(str(back)) == back
