"""
The boot phases that a startup script writes to the guest attributes of its instance; pure.

A value is the id of the boot, the seconds since the VM has started, and of `failed` also the reason, as
iac/scripts/phases.sh of this repository writes it.
"""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from emulator.group.instances import Instance

NAMESPACE: Final = "release"
FAILED: Final = "failed"
# Each phase with the share of the time until the application answers; these shares are our own choice.
_SHARES: Final = {"booted": 0.1, "login": 0.2, "secrets": 0.3, "pulled": 0.7, "started": 0.8}
_FAILS_AT: Final = "pulled"
_ANSWER_S: Final = 10.0  # of an application that never answers


def usual_times(answer_s: float | None, names: Collection[str], *, fails: bool) -> dict[str, float]:
    """
    Return when a startup script writes each phase, in seconds from RUNNING.

    Args:
        answer_s: time from RUNNING until the application answers; None: it never answers
        names: phases that the script writes
        fails: whether the script fails by its pull
    """
    whole_s = _ANSWER_S if answer_s is None else answer_s
    failed_s = _SHARES[_FAILS_AT] * whole_s
    times = {name: share * whole_s for name, share in _SHARES.items() if name in names}
    if not fails:
        return times
    return {name: at_s for name, at_s in times.items() if at_s < failed_s} | {FAILED: failed_s}


def written_values(instance: Instance, now_s: float) -> Mapping[str, str]:
    """
    Return the value of each phase that an instance's guest attributes have now.

    Values of an earlier boot of the same VM stay until the script writes them again. Source: two public repositories
    report that guest attributes survive a reset, and compare boot ids for it (read on 2026-11-27).
    """
    values: dict[str, str] = {}
    if instance.earlier_boot_s is not None:
        began_s, ended_s = instance.earlier_boot_s
        values |= _values(instance, began_s, ended_s)
    if instance.running_at_s >= 0:
        values |= _values(instance, instance.running_at_s, now_s)
    return values


def boot_times(instance: Instance) -> list[dict[str, object]]:
    """Return the phases of the present boot, those to come included, with the virtual time of each."""
    if instance.running_at_s < 0:
        return []
    return [
        {"name": name, "at_s": round(instance.running_at_s + at_s, 3)}
        | ({"reason": instance.profile.failed} if name == FAILED else {})
        for name, at_s in instance.profile.phases
    ]


def _values(instance: Instance, began_s: float, until_s: float) -> dict[str, str]:
    boot = uuid5(NAMESPACE_OID, f"{instance.id}/{began_s}")
    return {
        name: f"{boot} {at_s:.2f} {instance.profile.failed if name == FAILED else ''}".rstrip()
        for name, at_s in instance.profile.phases
        if began_s + at_s <= until_s
    }
