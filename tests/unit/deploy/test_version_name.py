"""The version name, which describes a rollout to every other process."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deploy.errors import RefusedError
from deploy.group import version_name
from deploy.group.version_name import VersionName

NOW = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
LONG_AGO = f"deploy/{'0' * 12}/run1/99991231T235959Z/999999999s"  # its deadline is after the year 9999


def test_version_name_is_parsed_as_written() -> None:
    """Another process reads the same rollout from the name, and nothing from any other name."""
    now = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
    name = VersionName("deploy", "0" * 12, "run.1-x", now, now.replace(minute=9))
    assert version_name.parse_version_name(str(name)) == name
    for other in (
        "",
        "0/2026-11-23",
        str(name) + "x",
        str(name).replace("deploy", "other"),
        "deploy/0/x/y/z",
        LONG_AGO,
    ):
        assert version_name.parse_version_name(other) is None


def test_name_of_a_rollout_with_steps_has_no_deadline() -> None:
    """The name never changes while the steps rise, so it has no time of any step; 63 characters at most."""
    name = version_name.version_name("deploy", f"sha256:{'a' * 64}", "x" * 40, NOW, None)
    assert (len(str(name)), name.deadline_at) == (63, None)
    assert str(name).endswith("/20261123T120005Z/steps")
    assert version_name.parse_version_name(str(name)) == name
    assert not name.has_time_left(NOW)
    assert version_name.parse_version_name(f"{name}/") is None


@pytest.mark.parametrize("kind", ["deploy", "rollback"])
def test_name_with_the_time_of_its_deadline_is_parsed(kind: version_name.Kind) -> None:
    """A rollout that an earlier version of deploy began has the time of its deadline in its name."""
    name = version_name.parse_version_name(f"{kind}/{'0' * 12}/run1/20261123T120005Z/20261123T121405Z")
    assert name == VersionName(kind, "0" * 12, "run1", NOW, NOW.replace(minute=14))
    assert str(name) == f"{kind}/{'0' * 12}/run1/20261123T120005Z/840s"


@pytest.mark.parametrize(
    "deadline",
    [
        "20261323T121405Z",
        "20261123T120004Z",
        "20261123T121405",
        "20261123T121405Zs",
        "20261123T121405Z/840s",
        "20261123T121405Z\n",
        "2026112\uff13T121405Z",
        "00000101T000000Z",
        "99991231T235959Z",
    ],
)
def test_time_that_is_no_deadline_is_not_parsed(deadline: str) -> None:
    """A deadline before the start, too far away or of another form is that of another client."""
    assert version_name.parse_version_name(f"deploy/{'0' * 12}/run1/20261123T120005Z/{deadline}") is None


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
    assert str(name) == "deploy/abababababab/run1/20261123T120005Z/90s"
    assert version_name.parse_version_name(str(name)) == name
    back = version_name.version_name("rollback", f"sha256:{'ab' * 32}", "run1", now, 90.6)
    assert str(back) == "rollback/abababababab/run1/20261123T120005Z/91s"
    assert version_name.parse_version_name(str(back)) == back


@given(
    kind=st.sampled_from(["deploy", "rollback"]),
    run=st.from_regex(r"[a-zA-Z0-9._-]{1,40}", fullmatch=True),
    budget_s=st.floats(1, 10_000_000),
)
@example(kind="rollback", run="19000000001", budget_s=86_400.0)
@example(kind="rollback", run="x" * 40, budget_s=10_000_000.0)
def test_no_version_name_is_longer_than_63_characters(kind: version_name.Kind, run: str, budget_s: float) -> None:
    """Whatever the run id and the time budget, the name has at most 63 characters and is parsed as written."""
    name = version_name.version_name(kind, f"sha256:{'ab' * 32}", run, NOW, budget_s)
    assert len(str(name)) <= 63
    assert version_name.parse_version_name(str(name)) == name


def test_run_id_of_github_stays_whole_and_a_longer_one_ends_in_its_hash() -> None:
    """A GITHUB_RUN_ID stays as it is; two long ids that begin alike have different names."""
    github, first, second = (
        version_name.version_name("rollback", f"sha256:{'ab' * 32}", run, NOW, 86_400.0).run
        for run in ("19000000001", "r" * 39 + "1", "r" * 39 + "2")
    )
    assert github == "19000000001"
    assert (first[:9], second[:9]) == ("rrrrrrrr-", "rrrrrrrr-")
    assert first != second
