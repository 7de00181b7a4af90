"""Diagnostics of a failed instance: its state at the last poll, its last errors, and the end of its serial output."""

from typing import Final

from deploy.compute_engine.managed_group import ManagedGroup
from deploy.documents.group_state import Group, Instance, Version
from deploy.errors import DeployError
from deploy.group.health import is_serving
from deploy.rollout.bounded_read import result_within
from lib.redaction import redacted_tail

_READ_S: Final = 10.0
_LINES: Final = 12


def failed_instance(group: Group | None, version: Version, name: str) -> Instance | None:
    """
    Return the instance whose state explains a failure; None if the group has no instance of that version. Pure.

    Args:
        group: the group at the last poll before the rollback; None if the group was never read.
        version: version that failed.
        name: name of the instance that failed; empty if the verdict has none. Then it is the first instance of the
            version that does not serve.
    """
    instances = group.active_instances if group else ()
    new = [instance for instance in instances if instance.version == version and name in ("", instance.name)]
    return min(new, key=lambda instance: is_serving(instance, version), default=None)


def read_diagnostics(managed: ManagedGroup, instance: Instance | None, output: str) -> tuple[str, ...]:
    """
    Return lines about an instance, without secrets: its state, its errors, the end of its serial output.

    The serial port is read once more, for 10 s at most. An error or a late answer leaves the output that is known, and
    so does a shorter output: the instance was recreated, and its new boot has not failed yet.

    Args:
        managed: the group.
        instance: instance that failed; None if there is none.
        output: serial output that was read while the group was polled; empty if it was not read.
    """
    if instance is None:
        return ()
    state = f"{instance.name}: {instance.action} {instance.status or 'absent'} {instance.health}".rstrip()
    errors = [f"  {code}: {text}" for code, text in instance.errors]
    output = max(_read_serial_port(managed, instance), output, key=len)
    return (state, *errors, *(f"  | {line}" for line in redacted_tail(output).splitlines()[-_LINES:]))


def _read_serial_port(managed: ManagedGroup, instance: Instance) -> str:
    try:
        return result_within(_READ_S, lambda: managed.serial_port(instance, _READ_S)) or ""
    except DeployError:
        return ""
