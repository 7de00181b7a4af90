"""Repeated writes of a group whose fingerprint has changed."""

from tests.integration.deploy.faulty import inject_fault, request_times, rig_without_bake


def test_a_fenced_write_is_repeated_after_a_second() -> None:
    """Two refusals because of the fingerprint cost two pauses of a second, and the third write takes effect."""
    rig = rig_without_bake()
    inject_fault(rig, on="instanceGroupManagers.patch", nth=[1, 2], status=412, reason="conditionNotMet")
    rig.deploy("a")
    first_s, second_s, third_s = request_times(rig, "instanceGroupManagers.patch")
    assert (second_s - first_s, third_s - second_s) == (1.0, 1.0)
