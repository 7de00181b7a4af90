"""What happens to the VMs of a group between two of its states: pure."""

from typing import Literal

from emulator.group.instances import Instance
from emulator.group.members import Group

Event = Literal["start", "stop", "kill", "crash"]


def vm_events(before: Group | None, after: Group) -> list[tuple[Event, Instance]]:
    """
    Return what happened to the VMs of a group, with each instance as it was (`kill`) or is (all others).

        start  the VM became RUNNING
        stop   the VM begins to shut down or is suspended; also before it is restarted
        kill   the VM is gone, or is off before a restart
        crash  the control route `crash` ended the application

    An abandoned instance has no event: its VM goes on.

    Args:
        before: group before the change; None: all its VMs are new
        after: group after the change
    """
    old = {instance.name: instance for instance in before.instances} if before else {}
    new = {instance.name: instance for instance in after.instances}
    events: list[tuple[Event, Instance]] = []
    for name in dict.fromkeys((*old, *new)):
        events += _events(old.get(name), new.get(name))
    return events


def _events(old: Instance | None, new: Instance | None) -> list[tuple[Event, Instance]]:
    events: list[tuple[Event, Instance]] = []
    if new and _runs(old) and not _runs(new) and new.action != "ABANDONING":
        events.append(("stop", new))
    if old and old.id and old.action != "ABANDONING" and _is_off(old, new):
        events.append(("kill", old))
    if new and _runs(new) and (not _runs(old) or (old and old.id != new.id)):
        events.append(("start", new))
    if old and new and _runs(old) and _runs(new) and old.id == new.id:
        crashes = new.profile.crash_after_s is not None and old.profile.crash_after_s is None
        events += [("crash", new)] if crashes else []
    return events


def _runs(instance: Instance | None) -> bool:
    return instance is not None and instance.running_at_s >= 0


def _is_off(old: Instance, new: Instance | None) -> bool:
    """Return whether the VM of an instance is gone, or has shut down before a restart."""
    return new is None or new.id != old.id or (old.stage == "stopping" and new.stage != "stopping")
