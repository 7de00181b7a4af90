"""The verdicts of a health check, exact to the probe."""

from emulator.group.health import ContainerHealth, HealthCheck, verdicts
from emulator.group.profile import Profile

HEALTH_CHECK = HealthCheck("check", interval_s=5, healthy_threshold=2, unhealthy_threshold=3)


def test_verdicts_come_with_the_probes() -> None:
    """A verdict needs as many equal answers in a row as its threshold."""
    assert verdicts(100, Profile(answer_s=7), HEALTH_CHECK, None) == [(100, "UNKNOWN"), (115, "HEALTHY")]
    assert verdicts(100, Profile(answer_s=20), HEALTH_CHECK, None) == [
        (100, "UNKNOWN"), (115, "UNHEALTHY"), (125, "HEALTHY"),
    ]  # fmt: skip
    assert verdicts(100, Profile(answer_s=0, crash_after_s=20), HEALTH_CHECK, None) == [
        (100, "UNKNOWN"), (110, "HEALTHY"), (130, "UNHEALTHY"),
    ]  # fmt: skip
    assert verdicts(100, Profile(answer_s=None), HEALTH_CHECK, None) == [(100, "UNKNOWN"), (115, "UNHEALTHY")]
    assert verdicts(-1, Profile(), HEALTH_CHECK, None) == []


def test_a_bound_container_replaces_the_profile() -> None:
    """The answers of a bound container decide, and the times of the profile do not."""
    silent = ContainerHealth(False, 50)
    assert verdicts(100, Profile(answer_s=None), HEALTH_CHECK, ContainerHealth(True, 50))[-1] == (110, "HEALTHY")
    assert verdicts(100, Profile(answer_s=0), HEALTH_CHECK, silent)[-1] == (115, "UNHEALTHY")
    assert verdicts(100, Profile(), HEALTH_CHECK, ContainerHealth(False, 200))[1:] == [
        (110, "HEALTHY"), (210, "UNHEALTHY"),
    ]  # fmt: skip


def test_a_short_silence_changes_no_verdict() -> None:
    """A silence for fewer probes than the threshold leaves an instance HEALTHY; for as many it is UNHEALTHY."""
    short, long = ContainerHealth(True, 155, 150), ContainerHealth(True, 163, 150)
    assert verdicts(100, Profile(), HEALTH_CHECK, short)[1:] == [(110, "HEALTHY")]
    assert verdicts(100, Profile(), HEALTH_CHECK, long)[1:] == [
        (110, "HEALTHY"), (160, "UNHEALTHY"), (170, "HEALTHY"),
    ]  # fmt: skip


def test_a_silence_before_the_start_has_no_effect() -> None:
    """An instance that started after the silence of its container has the verdicts of a container that answers."""
    before, never = ContainerHealth(True, 155, 50), ContainerHealth(True, 155)
    assert verdicts(100, Profile(), HEALTH_CHECK, before) == verdicts(100, Profile(), HEALTH_CHECK, never)
