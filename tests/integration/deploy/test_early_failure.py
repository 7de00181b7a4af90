"""A rollout that shows why it can't succeed is given up early, and undone; whatever says nothing is waited for."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from deploy import config
from deploy.documents import group_state
from deploy.documents.group_state import Group, Instance, Version
from deploy.errors import (
    CapacityError,
    DeployError,
    NotAllowedError,
    NotRestoredError,
    RefusedError,
    RolledBackError,
)
from deploy.group.health import Verdict
from deploy.rollout.early_failure import EarlyFailureDetector, LateInstance, late_instances, next_late_instance
from tests.integration.deploy.faulty import inject_fault, request_times
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import CONFIG, GROUP, REPOSITORY

DENIED = f"Error response from daemon: pull access denied for {REPOSITORY}"
UNAUTHORIZED = "Error response from daemon: unauthorized: authentication required"
ENDED = "startup-script exit status 1"


def breaking(*, poll_s: tuple[float, float] = CONFIG.rollout.poll_s, **behaviour: Any) -> Rig:
    """Every new machine behaves so."""
    rig = new_rig()
    rig.config = CONFIG.model_copy(update={"rollout": CONFIG.rollout.model_copy(update={"poll_s": poll_s})})
    rig.control("POST", "emulator/instance-rules", behaviour)
    return rig


def reads(rig: Rig, method: str) -> int:
    return sum(entry["method"] == method for entry in rig.emulator.environment.store.entries(kind="request"))


@pytest.mark.parametrize("said", [DENIED, "manifest unknown"])
def test_serial_port_that_tells_of_a_failure_ends_it_early(said: str) -> None:
    rig = breaking(never_healthy=True, serial=[said, "KEY=verysecret", ENDED])
    began_s = rig.emulator.environment.clock.now_s()
    with pytest.raises(RolledBackError) as error:
        rig.deploy("a")
    assert rig.serving() == ["latest"] * 3
    assert rig.never_fewer_than(3)
    assert " printed: " in str(error.value)
    assert said in str(error.value)
    assert "verysecret" not in str(error.value) + "".join(error.value.diagnostics)
    assert rig.emulator.environment.clock.now_s() - began_s < 150


def test_serial_port_that_tells_nothing_is_read_rarely_and_waited_for() -> None:
    rig = breaking(poll_s=config.RolloutSettings().poll_s, never_healthy=True)
    with pytest.raises(RolledBackError, match=r"recreated|not done after"):
        rig.deploy("a")
    looks = reads(rig, "instanceGroupManagers.get")
    assert 1 <= reads(rig, "instances.getSerialPortOutput") < looks / 4


def test_script_that_tried_again_and_succeeded_is_no_failure() -> None:
    """The emulator's machines that answer end their script well, whatever they printed before."""
    rig = breaking(answer_s=120, serial=[UNAUTHORIZED, UNAUTHORIZED])
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3


def test_application_that_prints_what_looks_like_a_refusal_is_waited_for() -> None:
    rig = breaking(answer_s=120, serial=["access denied: retrying", "unauthorized: no token", "Error: denied: x"])
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3


def asked(*outputs: dict[str, list[str]]) -> list[Verdict | None]:
    """
    Ask twice about new instances that never serve, and again each 52 s.

    Args:
        outputs: What the script of each instance had printed at that time; an instance that is not named is not there.
    """
    rig = new_rig()
    compute, times = rig.compute(), iter(outputs)
    now: dict[str, list[str]] = {}
    compute.get = lambda path, *_, **__: {  # type: ignore[method-assign]
        "contents": "\n".join(f"startup-script: {line}" for line in now[path.split("/")[-2]])
    }
    detector, found = EarlyFailureDetector(rig.managed(compute), rig.config), []
    for number, now in enumerate(times):
        late = group(*(Instance(name, TARGET, "RUNNING", "VERIFYING", "UNHEALTHY") for name in now))
        first = detector.read_verdict(late, TARGET, 52.0 * number)
        found.append(first or detector.read_verdict(late, TARGET, 52.0 * number + 31.0))
    return found


@pytest.mark.parametrize("line", [DENIED, "manifest unknown: x", "stack-web-1 exited with code 1", ENDED])
def test_permanent_failure_counts_at_once(line: str) -> None:
    (found,) = asked({"n": [line]})
    assert found is not None
    assert (found.state, found.instance) == ("failed", "n")
    assert found.text == f"n printed: startup-script: {line}"


@pytest.mark.parametrize("later", [[UNAUTHORIZED] * 2, [UNAUTHORIZED, ENDED], [UNAUTHORIZED], []])
def test_transient_failure_of_one_instance_is_waited_for(later: list[str]) -> None:
    assert asked({"n": [UNAUTHORIZED]}, {"n": later}, {"n": [*later, UNAUTHORIZED]}) == [None] * 3


def test_transient_failure_counts_once_a_second_instance_has_one() -> None:
    again = [UNAUTHORIZED] * 2
    first = [{"n": [UNAUTHORIZED]}, {"n": again, "o": [UNAUTHORIZED]}]
    found = asked(*first, {"n": again, "o": [UNAUTHORIZED]}, {"n": again, "o": again})
    assert found[:3] == [None] * 3
    assert found[3] is not None
    assert found[3].text.startswith(
        "n and o failed alike; the last printed: startup-script: Error response from daemon"
    )


def test_transient_failure_that_is_over_is_no_first_one() -> None:
    """An instance that serves in the end, or is gone, no longer counts."""
    ended = [UNAUTHORIZED, ENDED]
    assert asked({"n": ended}, {"o": ended})[1] is None
    assert asked({"n": ended}, {"n": [], "o": ended})[1] is not None


def test_quick_rollout_reads_no_serial_port() -> None:
    rig = new_rig()
    rig.deploy("a")
    assert reads(rig, "instances.getSerialPortOutput") <= 3


def test_account_that_may_not_read_serial_ports_asks_once() -> None:
    rig = breaking(never_healthy=True, serial=[DENIED])
    rig.control("PUT", "emulator/permissions", {"denied": ["compute.instances.getSerialPortOutput"]})
    with pytest.raises(RolledBackError, match=r"recreated|not done after"):
        rig.deploy("a")
    assert reads(rig, "instances.getSerialPortOutput") <= 2


def test_way_back_does_not_listen_to_anybody() -> None:
    rig = new_rig()
    rig.deploy("a")
    rig.deploy("b")
    rig.control("POST", "emulator/instance-rules", {"answer_s": 200, "serial": [DENIED]})
    rig.rollback()
    assert rig.serving() == ["a"] * 3


def test_capacity_that_only_the_group_tells_of_ends_it_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of machines without their last attempt, as a group shows them between two attempts."""
    rig = breaking(create_error="ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS")
    bare = group_state._parse_instance
    monkeypatch.setattr(group_state, "_parse_instance", lambda raw, row: bare(raw, {**row, "lastAttempt": {}}))
    began_s = rig.emulator.environment.clock.now_s()
    with pytest.raises(CapacityError, match="ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"):
        rig.deploy("a")
    assert reads(rig, "instanceGroupManagers.listErrors") >= 1
    assert rig.emulator.environment.clock.now_s() - began_s < 150


def test_errors_of_the_group_that_cannot_be_read_delay_no_poll() -> None:
    shortest_s, longest_s = poll_s = config.RolloutSettings().poll_s
    rig = breaking(poll_s=poll_s, create_error="ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS_OF_LATER")
    inject_fault(rig, on="instanceGroupManagers.listErrors", status=503)
    with pytest.raises(RolledBackError):
        rig.deploy("a")
    assert reads(rig, "instanceGroupManagers.listErrors") >= 1
    polls = request_times(rig, "instanceGroupManagers.get")
    assert max(later - earlier for earlier, later in pairwise(polls)) <= longest_s + 5.0 + shortest_s


@pytest.mark.parametrize("method", ["instanceTemplates.insert", "instanceGroupManagers.patch"])
@pytest.mark.parametrize("has_http_code", [True, False])
def test_quota_in_an_operation_has_its_own_code(method: str, has_http_code: bool) -> None:
    rig = new_rig()
    operation = {"error": "QUOTA_EXCEEDED", "has_http_code": has_http_code}
    rig.control("POST", "emulator/faults", {"faults": [{"on": method, "operation": operation}]})
    with pytest.raises(CapacityError, match=r"QUOTA_EXCEEDED.* Fix: raise that quota, or wait") as error:
        rig.deploy("a")
    assert error.value.exit_code == 9
    assert rig.serving() == ["latest"] * 3


def test_write_that_never_came_to_be_on_a_group_in_disorder_says_both() -> None:
    rig = new_rig()
    rig.control("POST", f"{GROUP}/resize?size=5")
    fault = {"on": "instanceTemplates.insert", "operation": {"error": "QUOTA_EXCEEDED"}}
    rig.control("POST", "emulator/faults", {"faults": [fault]})
    with pytest.raises(RefusedError) as error:
        rig.deploy("a")
    assert str(error.value).endswith(
        "The group is unchanged. The group was not settled before, and is not settled now."
        " Fix: correct what was refused, and deploy again, or run reconcile."
    )


def test_quota_in_an_answer_is_no_missing_permission() -> None:
    rig = new_rig()
    fault = {"on": "instanceTemplates.insert", "status": 403, "reason": "quotaExceeded"}
    rig.control("POST", "emulator/faults", {"faults": [fault]})
    with pytest.raises(CapacityError, match=r"was not inserted: POST .*: 403"):
        rig.deploy("a")


@pytest.mark.parametrize("method", ["instanceTemplates.insert", "instanceGroupManagers.patch"])
@pytest.mark.parametrize(
    ("code", "expected"), [("INVALID_FIELD_VALUE", RefusedError), ("SERVICE_ACCOUNT_ACCESS_DENIED", NotAllowedError)]
)
def test_refused_operation_is_a_refusal_and_no_failed_release(
    method: str, code: str, expected: type[DeployError]
) -> None:
    rig = new_rig()
    rig.control("POST", "emulator/faults", {"faults": [{"on": method, "operation": {"error": code}}]})
    with pytest.raises(
        expected,
        match=rf"was not (patched|inserted): {code}.*The group is unchanged. The release before still serves. Fix: ",
    ) as error:
        rig.deploy("a")
    assert type(error.value) is expected
    assert rig.serving() == ["latest"] * 3


@pytest.mark.parametrize("method", ["instanceTemplates.insert", "instanceGroupManagers.patch"])
@pytest.mark.parametrize(
    ("status", "reason", "expected"), [(400, "invalid", RefusedError), (403, "forbidden", NotAllowedError)]
)
def test_refused_write_is_a_refusal_and_no_failed_release(
    method: str, status: int, reason: str, expected: type[DeployError]
) -> None:
    rig = new_rig()
    fault = {"on": method, "status": status, "reason": reason}
    rig.control("POST", "emulator/faults", {"faults": [fault]})
    with pytest.raises(
        expected, match=rf"was not (patched|inserted): (PATCH|POST) .*: {status} .*The group is unchanged"
    ):
        rig.deploy("a")
    assert "-r-" not in rig.control("GET", GROUP)["versions"][0]["instanceTemplate"]


def test_write_of_which_nobody_can_read_what_became_is_said_to_be_unknown() -> None:
    rig = new_rig()
    refusal = {"on": "instanceGroupManagers.patch", "status": 400, "reason": "invalid"}
    blind = {"on": "instanceGroupManagers.get", "nth": list(range(3, 900)), "status": 403, "reason": "forbidden"}
    rig.control("POST", "emulator/faults", {"faults": [refusal, blind]})
    with pytest.raises(
        NotRestoredError, match=r"400 .*, and whether the group was patched can't be read: GET .* Fix: run reconc"
    ):
        rig.deploy("a")


TARGET = Version("new", "v")


def group(*machines: Instance) -> Group:
    return Group({}, (TARGET,), 1, "f", False, False, machines)


def test_suspect_is_the_new_instance_that_takes_long() -> None:
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


def test_nothing_good_and_a_serial_port_that_tells() -> None:
    rig = breaking(never_healthy=True, serial=[DENIED, ENDED])
    plan = rig.plan_release("a")
    with pytest.raises(NotRestoredError, match=r"printed: .*pull access denied"):
        rig.perform(replace(plan, fallback=None))
