"""Diagnostics of a failed instance are reported, and never delay the rollback."""

import threading
import time
from typing import Any

import pytest

from deploy.documents.group_state import Group, Instance, Version
from deploy.errors import CloudError, NotAllowedError, RefusedError, RolledBackError
from deploy.rollout import diagnostics
from tests.integration.deploy.faulty import inject_fault, rig_without_bake, set_instance_rule
from tests.integration.deploy.rig import Rig

NEW = Version("new", "v")
SERIAL = "instances.getSerialPortOutput"
PATCH = "instanceGroupManagers.patch"


def snapshot(*instances: Instance) -> Group:
    return Group({}, (NEW,), len(instances), "f", is_stable=False, is_reached=False, instances=instances)


def requests(rig: Rig) -> list[str]:
    return [entry["method"] for entry in rig.emulator.environment.store.entries(kind="request")]


def failing(**faults: Any) -> Rig:
    """A rollout of a release whose instances never get healthy, and that fails at its deadline."""
    rig = rig_without_bake(timeout_s=170.0)
    set_instance_rule(rig, "b", never_healthy=True, serial=["docker: starting", "application: no model"])
    if faults:
        inject_fault(rig, **faults)
    return rig


def test_nothing_is_read_between_the_last_poll_and_the_patch_of_the_rollback() -> None:
    """Only the fallback's template and the group are read before the rollback's PATCH."""
    rig = failing()
    with pytest.raises(RolledBackError) as failure:
        rig.deploy("b")
    methods = requests(rig)
    second = [index for index, method in enumerate(methods) if method == PATCH][1]
    assert methods[second - 4 : second] == [
        "instanceGroupManagers.get", "instanceGroupManagers.listManagedInstances",
        "instanceTemplates.get",  # to compare the id of the fallback's template with the recorded id
        "instanceGroupManagers.get",
    ]  # fmt: skip
    assert SERIAL in methods[second:]
    assert "application: no model" in "\n".join(failure.value.diagnostics)


def rolled_back(rig: Rig) -> tuple[float, float]:
    """Seconds from the start of a deploy to the rollback's PATCH, and from there to the next poll."""
    began_s = rig.emulator.environment.clock.now_s()
    with pytest.raises(RolledBackError) as failure:
        rig.deploy("b")
    assert failure.value.diagnostics[0].endswith("UNHEALTHY"), "the state at the last poll is known in any case"
    assert rig.serving() == ["latest"] * 3
    entries = list(rig.emulator.environment.store.entries(kind="request"))
    second = [index for index, entry in enumerate(entries) if entry["method"] == PATCH][1]
    poll = next(entry for entry in entries[second:] if entry["method"] == "instanceGroupManagers.get")
    return entries[second]["at_s"] - began_s, poll["at_s"] - entries[second]["at_s"]


def test_serial_port_that_answers_503_for_ever_delays_no_rollback() -> None:
    """A serial port that fails costs the rollback no time."""
    quick, _ = rolled_back(failing())
    slow, pause_s = rolled_back(failing(on=SERIAL, status=503))
    # While polling, each read of the port may be retried; the rollback itself waits for none.
    assert slow - quick <= 30.0 * 6
    assert pause_s <= 10.0 + 1.0


@pytest.mark.parametrize("error", [CloudError("GET: 503"), NotAllowedError("no token"), RefusedError("not found")])
def test_output_that_was_read_while_polling_is_kept(error: Exception) -> None:
    """The diagnostics have the known output if the last read of the serial port fails."""
    rig = rig_without_bake()
    compute = rig.compute()

    def unreadable(*_: Any, **__: Any) -> dict[str, Any]:
        raise error

    compute.get = unreadable  # type: ignore[method-assign]
    failed = Instance("web-1", NEW, "RUNNING", "VERIFYING", "UNHEALTHY", zone=rig.config.location.name)
    shown = diagnostics.read_diagnostics(rig.managed(compute), failed, "docker: no such image\n")
    assert shown == ("web-1: VERIFYING RUNNING UNHEALTHY", "  | docker: no such image")
    assert diagnostics.read_diagnostics(rig.managed(compute), None, "docker: no such image\n") == ()


def test_read_that_never_ends_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The diagnostics wait a limited time for the serial port."""
    rig = rig_without_bake()
    compute, never = rig.compute(), threading.Event()
    compute.get = lambda *_, **__: {"contents": str(never.wait(30))}  # type: ignore[method-assign]
    monkeypatch.setattr(diagnostics, "_READ_S", 0.1)
    began_s = time.monotonic()
    failed = Instance("web-1", NEW, "RUNNING", "VERIFYING", "UNHEALTHY", zone=rig.config.location.name)
    assert diagnostics.read_diagnostics(rig.managed(compute), failed, "") == ("web-1: VERIFYING RUNNING UNHEALTHY",)
    assert time.monotonic() - began_s < 20
    never.set()


def test_instance_that_does_not_serve_is_the_failed_one() -> None:
    """After a deadline the diagnostics are those of an instance that does not serve."""
    healthy = Instance("web-1", NEW, "RUNNING", "NONE", "HEALTHY")
    ill = Instance("web-2", NEW, "RUNNING", "VERIFYING", "UNHEALTHY")
    old = Instance("web-3", Version("old"), "RUNNING", "NONE", "UNHEALTHY")
    assert diagnostics.failed_instance(snapshot(old, healthy, ill), NEW, "") == ill
    assert diagnostics.failed_instance(snapshot(old, healthy, ill), NEW, "web-1") == healthy
    assert diagnostics.failed_instance(snapshot(old), NEW, "") is None
    assert diagnostics.failed_instance(None, NEW, "web-1") is None


def test_secrets_of_the_serial_port_are_left_out() -> None:
    """A private key in the serial output is replaced."""
    rig = rig_without_bake()
    compute = rig.compute()
    key = [f"{mark} PRIVATE KEY-----" for mark in ("-----BEGIN", "-----END")]
    output = "\r\n".join(["first", key[0], *("MIIEow" * 9 for _ in range(20)), key[1], "last"])
    compute.get = lambda *_, **__: {"contents": output}  # type: ignore[method-assign]
    failed = Instance("web-2", NEW, "RUNNING", "VERIFYING", "UNHEALTHY")
    assert diagnostics.read_diagnostics(rig.managed(compute), failed, "")[1:] == ("  | first", "  | …", "  | last")
