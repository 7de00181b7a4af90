"""A rollout whose instances write the phases of their boots: when they are read, what they prove, where they stay."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from deploy.compute_engine.serving_boots import read_serving_boot
from deploy.errors import RolledBackError
from deploy.release.record import RECORD_KEY, parse_record
from deploy.release.template import metadata
from deploy.report.preview import preview
from deploy.report.template_changes import Change
from deploy.rollout.deploy_plan import plan_deploy
from deploy.rollout.plan import DeployRelease
from deploy.rollout.result import RolloutResult
from deploy.rollout_settings import RolloutSettings
from tests.integration.deploy.faulty import inject_fault
from tests.integration.deploy.rig import Rig, new_rig
from tests.support.group_log import first_running_s
from tests.unit.deploy.values import CONFIG, REPOSITORY, digest

READ, SERIAL = "instances.getGuestAttributes", "instances.getSerialPortOutput"
ABSENT = "Error response from daemon: manifest unknown"
UNAUTHORIZED = "Error response from daemon: unauthorized: authentication required"
TIMES = {"booted": 12, "login": 14, "secrets": 13, "pulled": 40, "started": 43}
SCRIPT = f"#!/bin/bash\ndocker run {REPOSITORY}:latest\n"


def phased(*, is_enabled: bool = True, **rule: Any) -> Rig:
    """Return a rig whose template enables guest attributes, with a rule for its new instances, polled as by default."""
    enabled = {"enable-guest-attributes": "TRUE"} if is_enabled else {}
    rig = new_rig(metadata={"startup-script": SCRIPT, **enabled})
    polls = {"poll_s": RolloutSettings().poll_s}
    rig.config = CONFIG.model_copy(update={"rollout": CONFIG.rollout.model_copy(update=polls)})
    rig.control("POST", "emulator/instance-rules", {"phases": TIMES, "answer_s": 50, **rule})
    return rig


def requests(rig: Rig, method: str) -> list[dict[str, Any]]:
    """Return the requests of a method."""
    return [entry for entry in rig.emulator.environment.store.entries(kind="request") if entry["method"] == method]


def running_s(rig: Rig, image: str) -> float:
    """Return the time at which the first instance of a release was RUNNING."""
    return first_running_s(rig.emulator.environment.store.entries(kind="group"), digest(image))


def rolled_back(rig: Rig) -> RolledBackError:
    """Deploy a release that fails."""
    with pytest.raises(RolledBackError) as error:
        rig.deploy("a")
    assert rig.serving() == ["latest"] * 3
    assert rig.never_fewer_than(3)
    return error.value


def test_image_that_cannot_be_pulled_fails_within_20_s_of_the_start() -> None:
    """The reason that the startup script wrote is that of the rollback, without any read of a serial port before it."""
    rig = phased(phases={"booted": 2, "failed": 9}, failed=f"{ABSENT} KEY=verysecret")
    error = rolled_back(rig)
    assert f" failed: {ABSENT} KEY=…" in str(error)
    assert "verysecret" not in str(error)
    failed_s = next(float(entry["at_s"]) for entry in requests(rig, "instanceGroupManagers.patch")[1:])
    assert failed_s - running_s(rig, "a") < 20
    assert all(entry["at_s"] >= failed_s for entry in requests(rig, SERIAL))


def test_transient_failure_counts_on_a_second_instance() -> None:
    """A failure that may pass is waited for on one instance, and ends the rollout when a second one has it."""
    rig = phased(phases={"booted": 2, "failed": 9}, failed=UNAUTHORIZED)
    rig.config = rig.config.model_copy(update={"rollout": rig.config.rollout.model_copy(update={"surge": 2})})
    assert f" failed; the last: {UNAUTHORIZED}" in str(rolled_back(rig))


def test_transient_failure_of_a_single_instance_is_waited_for() -> None:
    """With one new instance at a time, a failure that may pass ends the rollout by the repair of the instance alone."""
    error = rolled_back(phased(phases={"booted": 2, "failed": 9}, failed=UNAUTHORIZED))
    assert "startup script" not in str(error)


def test_attributes_never_make_a_release_pass() -> None:
    """An instance that has written every phase, and does not answer, fails as it did before."""
    error = rolled_back(phased(never_healthy=True))
    assert "not done after" in str(error) or "recreated" in str(error)


def test_instances_are_read_once_in_10_s_until_they_are_healthy() -> None:
    """Each new instance is read at most 10 times a minute, a last time when it is HEALTHY, and no old one at all."""
    rig = phased()
    result = rig.deploy("a")
    assert rig.serving() == ["a"] * 3
    reads: dict[str, list[float]] = {}
    for entry in requests(rig, READ):
        assert entry["status"] in (200, 404)
        reads.setdefault(entry["path"], []).append(float(entry["at_s"]))
    assert len(reads) == 3
    began_s = float(requests(rig, "instanceTemplates.insert")[-1]["at_s"])
    healthy_s = {times.name: began_s + (times.healthy_s or 0.0) for times in result.instances if times.is_new}
    for path, times_s in reads.items():
        assert all(later - earlier >= 10 for earlier, later in pairwise(times_s))
        assert sum(at_s > healthy_s[path.split("/")[-2]] for at_s in times_s) <= 1
    assert requests(rig, SERIAL) == []


def new_times(result: RolloutResult) -> list[dict[str, float]]:
    """Return the phases of each new instance, in seconds from its start."""
    assert all(times.running_s is not None for times in result.instances if times.is_new)
    return [
        {name: round(at_s - (times.running_s or 0.0), 2) for name, at_s in times.boot.reached()}
        for times in result.instances
        if times.is_new
    ]


def test_phases_are_times_of_the_instances() -> None:
    """The result has all phases of each new instance, and none of an old one."""
    result = phased().deploy("a")
    assert new_times(result) == [TIMES] * 3
    assert not any(times.boot.reached() for times in result.instances if not times.is_new)


def test_record_of_the_next_release_has_the_phases_of_the_instances_that_serve() -> None:
    """Preflight reads three instances that serve, and the new template's record keeps the slowest times."""
    rig = phased()
    rig.deploy("a")
    compute = rig.compute()
    observed = rig.observed(compute)
    boot = read_serving_boot(rig.managed(compute), observed)
    assert dict(boot.reached()) == TIMES
    assert len(requests(rig, READ)) > 3
    plan = plan_deploy(rig.config, rig.request("b", compute), replace(observed, serving_boot=boot))
    assert isinstance(plan, DeployRelease)
    record = parse_record(metadata(plan.template)[RECORD_KEY])
    assert record is not None
    assert dict(record.boot.reached()) == TIMES
    phases = " · ".join(f"{name} {at_s:g} s" for name, at_s in record.boot.reached())
    assert Change("metadata release.boot", "", phases) in preview(rig.config, observed, plan).template
    rig.perform(plan, compute)
    assert rig.serving() == ["b"] * 3


def test_template_without_the_key_reads_the_serial_port() -> None:
    """Without `enable-guest-attributes` no attribute is read, and a failure of the serial port counts as before."""
    rig = phased(is_enabled=False, never_healthy=True, serial=[ABSENT])
    assert " printed: " in str(rolled_back(rig))
    assert requests(rig, READ) == []


def test_script_that_writes_no_phase_is_read_from_the_serial_port() -> None:
    """A template may enable guest attributes for another purpose, such as host keys."""
    rig = phased(phases={}, never_healthy=True, serial=[ABSENT])
    assert " printed: " in str(rolled_back(rig))


@pytest.mark.parametrize("phases", [{"booted": 2}, {"booted": 2, "login": 30}])
def test_script_that_falls_silent_is_read_from_the_serial_port(phases: dict[str, float]) -> None:
    """A script that was killed, or whose write was lost, never writes that it has failed."""
    rig = phased(phases=phases, never_healthy=True, serial=[ABSENT])
    assert " printed: " in str(rolled_back(rig))
    failed_s = next(float(entry["at_s"]) for entry in requests(rig, "instanceGroupManagers.patch")[1:])
    read_s = float(requests(rig, SERIAL)[0]["at_s"])
    assert 60 <= read_s - running_s(rig, "a") <= failed_s - running_s(rig, "a") < 150


def test_reason_that_says_nothing_leaves_the_serial_port_to_be_read() -> None:
    """The lines of docs/adopt.md write an exit code alone: a single instance fails by what its serial port shows."""
    code = "the startup script ended with exit code 1"
    rig = phased(phases={"booted": 2, "failed": 9}, failed=code, never_healthy=True, serial=[ABSENT])
    assert " printed: " in str(rolled_back(rig))
    failed_s = next(float(entry["at_s"]) for entry in requests(rig, "instanceGroupManagers.patch")[1:])
    assert failed_s - running_s(rig, "a") < 60


def test_account_without_the_permission_reads_the_serial_port() -> None:
    """A read that is not allowed is not repeated, and the serial port is read as before."""
    rig = phased(never_healthy=True, serial=[ABSENT])
    rig.control("PUT", "emulator/permissions", {"denied": ["compute.instances.getGuestAttributes"]})
    assert " printed: " in str(rolled_back(rig))
    assert len(requests(rig, READ)) == 1


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 500}, {"cut": "before"}, {"hang": True}])
def test_reads_that_fail_delay_no_rollout(fault: dict[str, Any]) -> None:
    """A rollout needs no phase: attributes that can't be read make no release fail."""
    rig = phased()
    inject_fault(rig, on=READ, **fault)
    result = rig.deploy("a")
    assert rig.serving() == ["a"] * 3
    assert new_times(result) == [{}] * 3
    reads: dict[str, list[float]] = {}
    for entry in requests(rig, READ):
        reads.setdefault(entry["path"], []).append(float(entry["at_s"]))
    assert all(later - earlier >= 10 for times_s in reads.values() for earlier, later in pairwise(times_s))
