"""The version name, which describes a rollout to every other process."""

from datetime import UTC, datetime

from deploy.group import version_name


def test_version_name_is_parsed_as_written() -> None:
    """Another process reads the same rollout from the name, and nothing from any other name."""
    now = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
    name = version_name.VersionName("deploy", "0" * 12, "run.1-x", now, now.replace(minute=9))
    assert version_name.parse_version_name(str(name)) == name
    for other in ("", "0/2026-11-23", str(name) + "x", str(name).replace("deploy", "other"), "deploy/0/x/y/z"):
        assert version_name.parse_version_name(other) is None
