"""What happens to the VMs of a group between two of its states."""

from dataclasses import replace

from emulator.group.instances import Instance, Version
from emulator.group.members import Group
from emulator.group.profile import Profile
from emulator.group.vm_events import vm_events

_VM = Instance(
    "web-1", "zone-a", Version("projects/p/global/instanceTemplates/old"), Profile(), 0.0, id="7", stage="up",
    action="NONE", status="RUNNING", running_at_s=10.0,
)  # fmt: skip
_STOPPING = replace(_VM, action="DELETING", stage="stopping", status="STOPPING", running_at_s=-1.0)


def _events(before: Instance | None, after: Instance | None) -> list[tuple[str, str]]:
    """Return event and id of the VM, given an instance before and after a change."""
    old, new = (Group(0.0, (instance,) if instance else ()) for instance in (before, after))
    return [(event, instance.id) for event, instance in vm_events(old, new)]


def test_a_vm_starts_when_it_becomes_running() -> None:
    """Neither the request of an instance nor its boot is a start."""
    booting = replace(_VM, stage="provisioning", running_at_s=-1.0, action="CREATING")
    assert _events(None, replace(booting, id="", stage="requested")) == []
    assert _events(None, booting) == []
    assert _events(booting, _VM) == [("start", "7")]
    assert _events(_VM, replace(_VM, was_available=True)) == []


def test_a_deleted_vm_is_stopped_and_then_gone() -> None:
    """While connections are drained the VM runs."""
    draining = replace(_VM, action="DELETING", stage="draining")
    assert _events(_VM, draining) == []
    assert _events(draining, _STOPPING) == [("stop", "7")]
    assert _events(_STOPPING, None) == [("kill", "7")]


def test_a_recreated_instance_is_another_vm() -> None:
    """Its old VM is gone before the new one starts."""
    stopping = replace(_STOPPING, action="RECREATING")
    assert _events(stopping, replace(stopping, id="", stage="requested")) == [("kill", "7")]
    assert _events(_VM, replace(_VM, id="8", incarnation=2)) == [("kill", "7"), ("start", "8")]


def test_a_restarted_vm_is_off_meanwhile() -> None:
    """Its processes end, although the VM stays."""
    stopping = replace(_STOPPING, action="RESTARTING")
    assert _events(stopping, replace(stopping, stage="staging", status="STAGING")) == [("kill", "7")]


def test_an_abandoned_vm_goes_on() -> None:
    """The group forgets it without an event."""
    abandoned = replace(_STOPPING, action="ABANDONING", status="RUNNING")
    assert _events(_VM, abandoned) == []
    assert _events(abandoned, None) == []


def test_a_crash_is_that_of_the_control_route() -> None:
    """It changes the profile of a running VM."""
    crashed = replace(_VM, profile=replace(_VM.profile, crash_after_s=5.0))
    assert _events(_VM, crashed) == [("crash", "7")]
    assert _events(crashed, crashed) == []


def test_every_running_vm_of_an_unknown_group_starts() -> None:
    """As for a hook that is told of a group which rolls already."""
    other = replace(_VM, name="web-2", id="8", running_at_s=-1.0)
    assert [instance.id for _, instance in vm_events(None, Group(0.0, (_VM, other)))] == ["7"]
