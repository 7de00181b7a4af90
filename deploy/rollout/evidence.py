"""What a failed instance shows: its state at the last poll, its last errors, and the end of its serial port."""

from typing import Final

from deploy.compute_engine.client import Compute
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.config import Config
from deploy.documents.group_state import Group, Instance, Version
from deploy.errors import DeployError
from deploy.group.health import is_serving
from deploy.rollout.bounded import result_within
from lib.redaction import redacted_tail

_READ_S: Final = 10.0
_LINES: Final = 12


def failed_instance(snapshot: Group | None, version: Version, name: str) -> Instance | None:
    """
    Return the instance whose state explains a failure; None if the snapshot has none of that version. Pure.

    Args:
        snapshot: The last poll before the rollback; None if the group was never read.
        version: That failed.
        name: Of the instance that failed; empty if the verdict names none, and the first that does not serve is meant.
    """
    instances = snapshot.active_instances if snapshot else ()
    new = [instance for instance in instances if instance.version == version and name in ("", instance.name)]
    return min(new, key=lambda instance: is_serving(instance, version), default=None)


def evidence(compute: Compute, config: Config, instance: Instance | None, output: str) -> tuple[str, ...]:
    """
    Return what an instance shows, line by line and without secrets: its state, its errors, the end of its serial port.

    The serial port is read once more, for 10 s at most. An error or a late answer leaves the output that is known.

    Args:
        compute: API of the project.
        config: Names.
        instance: That failed; None if none did.
        output: Of its serial port, as it was read while the group was polled; empty if it was not read.
    """
    if instance is None:
        return ()
    state = f"{instance.name}: {instance.action} {instance.status or 'absent'} {instance.health}".rstrip()
    errors = [f"  {code}: {text}" for code, text in instance.errors]
    output = _serial_output(compute, config, instance.name) or output
    return (state, *errors, *(f"  | {line}" for line in redacted_tail(output).splitlines()[-_LINES:]))


def _serial_output(compute: Compute, config: Config, instance: str) -> str:
    managed = ManagedGroup(compute, config.zone, config.group)
    try:
        return result_within(_READ_S, lambda: managed.serial_port(instance, _READ_S)) or ""
    except DeployError:
        return ""
