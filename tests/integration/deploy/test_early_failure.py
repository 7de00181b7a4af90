"""A rollout whose instances show a failure is rolled back early; any other rollout is waited for."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from deploy.documents import group_state
from deploy.documents.group_state import Group, Instance, Version
from deploy.errors import (
    CapacityError,
    NotRestoredError,
    RolledBackError,
)
from deploy.group.health import Verdict
from deploy.rollout.early_failure import EarlyFailureDetector, LateInstance, late_instances, next_late_instance
from deploy.rollout_settings import RolloutSettings
from tests.integration.deploy.faulty import inject_fault, request_times
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import CONFIG, REPOSITORY

DENIED = f"Error response from daemon: pull access denied for {REPOSITORY}"
UNAUTHORIZED = "Error response from daemon: unauthorized: authentication required"
KONLET = f"konlet-startup[694]: 2026/11/23 12:00:05 Error: Failed to start container: {DENIED}"
CLOUD_INIT = (
    "cloud-init[742]: 2026-11-23 12:00:05,599 - cc_scripts_user.py[WARNING]: Failed to run module scripts_user (scripts"
    " in /var/lib/cloud/instance/scripts)"
)
AGENT = "google_metadata_script_runner[1]: "
ENDED = f"{AGENT}startup-script exit status 1"


def breaking(*, poll_s: tuple[float, float] = CONFIG.rollout.poll_s, **rule: Any) -> Rig:
    """Return a rig whose new instances follow a rule."""
    rig = new_rig()
    rig.config = CONFIG.model_copy(update={"rollout": CONFIG.rollout.model_copy(update={"poll_s": poll_s})})
    rig.control("POST", "emulator/instance-rules", rule)
    return rig


def reads(rig: Rig, method: str) -> int:
    return sum(entry["method"] == method for entry in rig.emulator.environment.store.entries(kind="request"))


@pytest.mark.parametrize("line", [DENIED, "manifest unknown", KONLET, CLOUD_INIT])
def test_failure_in_the_serial_output_ends_a_rollout_early(line: str) -> None:
    """A pull that fails is rolled back long before the timeout, with its line and without secrets."""
    rig = breaking(never_healthy=True, serial=[line, "KEY=verysecret"])
    began_s = rig.emulator.environment.clock.now_s()
    with pytest.raises(RolledBackError) as error:
        rig.deploy("a")
    assert rig.serving() == ["latest"] * 3
    assert rig.never_fewer_than(3)
    assert " printed: " in str(error.value)
    assert line in str(error.value)
    assert "verysecret" not in str(error.value) + "".join(error.value.diagnostics)
    assert rig.emulator.environment.clock.now_s() - began_s < 150


def test_serial_output_without_a_failure_is_read_rarely() -> None:
    """An instance that prints no failure is waited for, and its serial port is read less often than the group."""
    rig = breaking(poll_s=RolloutSettings().poll_s, never_healthy=True)
    with pytest.raises(RolledBackError, match=r"recreated|not done after"):
        rig.deploy("a")
    polls = reads(rig, "instanceGroupManagers.get")
    assert 1 <= reads(rig, "instances.getSerialPortOutput") < polls / 4


def test_script_that_tried_again_and_succeeded_is_no_failure() -> None:
    """A failure in the output is ignored once the script has ended well."""
    rig = breaking(answer_s=120, serial=[UNAUTHORIZED, UNAUTHORIZED])
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3


def test_output_of_the_application_is_no_failure() -> None:
    """Lines of the application that look like a refused pull do not end the rollout."""
    rig = breaking(answer_s=120, serial=["access denied: retrying", "unauthorized: no token", "Error: denied: x"])
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3


def printed(line: str) -> str:
    """Return a line of the serial port: a line of the agent itself, or of the script."""
    return line if line.startswith(AGENT) else f"startup-script: {line}"


def asked(*outputs: dict[str, list[str]]) -> list[Verdict | None]:
    """
    Return the verdicts about new instances that never serve, at times 52 s apart; each time is polled twice.

    Args:
        outputs: output of each instance's script at that time; other instances do not exist.
    """
    rig = new_rig()
    compute, times = rig.compute(), iter(outputs)
    now: dict[str, list[str]] = {}
    compute.get = lambda path, *_, **__: {  # type: ignore[method-assign]
        "contents": "\n".join(printed(line) for line in now[path.split("/")[-2]])
    }
    detector, verdicts = EarlyFailureDetector(rig.managed(compute), rig.config), []
    for number, now in enumerate(times):
        late = group(
            *(
                Instance(name, TARGET, "RUNNING", "VERIFYING", "UNHEALTHY", zone=rig.config.location.name)
                for name in now
            )
        )
        first = detector.read_verdict(late, TARGET, 52.0 * number)
        verdicts.append(first or detector.read_verdict(late, TARGET, 52.0 * number + 31.0))
    return verdicts


@pytest.mark.parametrize("line", [DENIED, "manifest unknown: x", "stack-web-1 exited with code 1", ENDED])
def test_permanent_failure_counts_at_once(line: str) -> None:
    """A line that more attempts do not change is a failure at its first read."""
    (verdict,) = asked({"n": [line]})
    assert verdict is not None
    assert (verdict.state, verdict.instance) == ("failed", "n")
    assert verdict.text == f"n printed: {printed(line)}"


@pytest.mark.parametrize("later", [[UNAUTHORIZED] * 2, [UNAUTHORIZED, ENDED], [UNAUTHORIZED], []])
def test_transient_failure_of_a_single_instance_is_waited_for(later: list[str]) -> None:
    """A single instance with a failure that may pass does not end the rollout."""
    assert asked({"n": [UNAUTHORIZED]}, {"n": later}, {"n": [*later, UNAUTHORIZED]}) == [None] * 3


def test_transient_failure_of_a_second_instance_counts() -> None:
    """A failure that may pass ends the rollout when a second instance has it too."""
    again = [UNAUTHORIZED] * 2
    first = [{"n": [UNAUTHORIZED]}, {"n": again, "o": [UNAUTHORIZED]}]
    verdict = asked(*first, {"n": again, "o": [UNAUTHORIZED]}, {"n": again, "o": again})
    assert verdict[:3] == [None] * 3
    assert verdict[3] is not None
    assert verdict[3].text.startswith(
        "n and o failed alike; the last printed: startup-script: Error response from daemon"
    )


def test_transient_failure_that_has_passed_does_not_count() -> None:
    """An instance that serves in the end, or is deleted, no longer counts."""
    ended = [UNAUTHORIZED, ENDED]
    assert asked({"n": ended}, {"o": ended})[1] is None
    assert asked({"n": ended}, {"n": [], "o": ended})[1] is not None


def test_quick_rollout_reads_few_serial_ports() -> None:
    """A rollout whose instances become healthy in time reads at most three serial ports."""
    rig = new_rig()
    rig.deploy("a")
    assert reads(rig, "instances.getSerialPortOutput") <= 3


def test_account_without_the_permission_tries_once() -> None:
    """A refused read is not repeated while the group is polled, and the rollout is judged by the group alone."""
    rig = breaking(never_healthy=True, serial=[DENIED])
    rig.control("PUT", "emulator/permissions", {"denied": ["compute.instances.getSerialPortOutput"]})
    with pytest.raises(RolledBackError, match=r"recreated|not done after"):
        rig.deploy("a")
    assert reads(rig, "instances.getSerialPortOutput") <= 2


def test_rollback_ignores_serial_output() -> None:
    """A rollback is not ended by the output of its instances."""
    rig = new_rig()
    rig.deploy("a")
    rig.deploy("b")
    rig.control("POST", "emulator/instance-rules", {"answer_s": 200, "serial": [DENIED]})
    rig.rollback()
    assert rig.serving() == ["a"] * 3


def test_lack_of_capacity_in_the_errors_of_the_group_ends_a_rollout_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lack of capacity counts although the rows of the instances have no last attempt."""
    rig = breaking(create_error="ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS")
    bare = group_state._parse_instance
    monkeypatch.setattr(group_state, "_parse_instance", lambda raw, row: bare(raw, {**row, "lastAttempt": {}}))
    began_s = rig.emulator.environment.clock.now_s()
    with pytest.raises(CapacityError, match="ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"):
        rig.deploy("a")
    assert reads(rig, "instanceGroupManagers.listErrors") >= 1
    assert rig.emulator.environment.clock.now_s() - began_s < 150


def test_unreadable_errors_of_the_group_delay_no_poll() -> None:
    """The group is polled on time while its errors can't be read."""
    shortest_s, longest_s = poll_s = RolloutSettings().poll_s
    rig = breaking(poll_s=poll_s, create_error="ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS_OF_LATER")
    inject_fault(rig, on="instanceGroupManagers.listErrors", status=503)
    with pytest.raises(RolledBackError):
        rig.deploy("a")
    assert reads(rig, "instanceGroupManagers.listErrors") >= 1
    polls = request_times(rig, "instanceGroupManagers.get")
    assert max(later - earlier for earlier, later in pairwise(polls)) <= longest_s + 5.0 + shortest_s


TARGET = Version("new", "v")


def group(*instances: Instance) -> Group:
    return Group({}, (TARGET,), 1, "f", False, False, instances)


def test_late_instance_is_the_new_instance_that_takes_long() -> None:
    """Instances without a known transient failure are read first."""
    late = Instance("n", TARGET, "RUNNING", "VERIFYING", "UNHEALTHY")
    old = Instance("o", Version("old"), "RUNNING", "NONE", "UNHEALTHY")
    serving = Instance("s", TARGET, "RUNNING", "NONE", "HEALTHY")
    assert late_instances(group(old, serving, late), TARGET) == ("n",)
    first = next_late_instance(["n", "m"], 100.0, LateInstance(), set())
    assert first == LateInstance("n", 130.0)
    assert next_late_instance(["n", "m"], 110.0, first, set()) is first
    assert next_late_instance(["n", "m"], 110.0, first, {"n"}) == LateInstance("m", 140.0)
    assert next_late_instance(["n"], 110.0, first, {"n"}) is first
    assert next_late_instance([], 120.0, first, set()) == LateInstance()


def test_early_failure_without_a_fallback_is_not_rolled_back() -> None:
    """The error of a release without a fallback has the line of the serial output."""
    rig = breaking(never_healthy=True, serial=[DENIED])
    plan = rig.plan_release("a")
    with pytest.raises(NotRestoredError, match=r"printed: .*pull access denied"):
        rig.perform(replace(plan, fallback=None))
