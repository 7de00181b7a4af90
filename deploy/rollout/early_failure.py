"""Failures before a rollout's time is over: boot phases, serial output of a late instance, the group's errors."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Final

from deploy.compute_engine.managed_group import ManagedGroup
from deploy.config import Config
from deploy.documents.group_state import Group, Instance, Version, parse_version
from deploy.errors import CloudError, NotAllowedError
from deploy.group import serial_output
from deploy.group.health import Verdict, capacity_codes, is_serving
from deploy.rollout.boot_reader import BootReader

_FIRST_READ_S: Final = 30.0
_PAUSE_S: Final = 20.0
_READ_S: Final = 5.0  # so that the group is polled on time


@dataclass(frozen=True)
class LateInstance:
    """
    The new instance that is read because it takes long.

    Args:
        name: name of the instance; empty if there is none.
        read_at_s: time of the next read.
        failures: lines of the serial output that showed a failure, at the last read.
    """

    name: str = ""
    read_at_s: float = 0.0
    failures: int = 0


def late_instances(group: Group, target: Version) -> tuple[str, ...]:
    """
    Return the names of the new instances that do not serve yet; pure.

    An instance that is recreated under its name by RECREATE still has the output of the old one, and is left out.
    """
    active = group.active_instances
    if group.recreates:
        active = tuple(instance for instance in active if instance.action != "RECREATING")
    new = (instance for instance in active if instance.version == target)
    return tuple(instance.name for instance in new if not is_serving(instance, target))


def next_late_instance(late: Sequence[str], now_s: float, before: LateInstance, known: Set[str]) -> LateInstance:
    """
    Return the late instance to read, with the failures that it showed; pure.

    Args:
        late: names of the new instances that do not serve yet.
        now_s: time of the clock of the rollout.
        before: late instance that was read until now.
        known: names of instances with a transient failure; they are read again only if no other is late.
    """
    name = next((name for name in late if name not in known), late[0] if late else "")
    if before.name == name:
        return before
    return LateInstance(name, now_s + _FIRST_READ_S) if name else LateInstance()


@dataclass
class EarlyFailureDetector:
    """
    Reads why a late instance does not serve.

    Args:
        managed: the group.
        config: names of the environment.
        has_phases: whether the template of the release enables guest attributes.

    Attributes:
        boots: boot phases; the serial port of an instance is not read for 60 s after a new phase, and while it
            shows a failure or started containers.
        outputs: longest serial output of each instance by its name; a recreated instance begins a new, shorter one.
    """

    managed: ManagedGroup
    config: Config
    has_phases: bool = False
    boots: BootReader = field(init=False)
    outputs: dict[str, str] = field(default_factory=dict, init=False)
    _late: LateInstance = field(default=LateInstance(), init=False)
    _transient: frozenset[str] = field(default=frozenset(), init=False)
    _is_forbidden: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.boots = BootReader(self.managed, self.has_phases)

    def read_verdict(self, group: Group, target: Version, now_s: float) -> Verdict | None:
        """
        Return why a rollout has failed; None while no instance shows a failure, or if the account may not read them.

        Args:
            group: the group at the last poll.
            target: version that the group is set to.
            now_s: time of the clock of the rollout.
        """
        failed = self.boots.verdict(group, target)
        if failed is not None:
            return failed
        late = tuple(name for name in late_instances(group, target) if not self.boots.is_known(name, now_s))
        self._transient &= frozenset(late)
        self._late = next_late_instance(late, now_s, self._late, self._transient)
        instance = next((instance for instance in group.instances if instance.name == self._late.name), None)
        if instance is None or self._is_forbidden or now_s < self._late.read_at_s:
            return None
        self._late = replace(self._late, read_at_s=now_s + _PAUSE_S)
        try:
            return self._read_serial_port(instance) if instance.status else self._read_errors(group, instance, target)
        except NotAllowedError:
            self._is_forbidden = True
        except CloudError:
            pass  # such as an instance that was just deleted; the next read may succeed
        return None

    def _read_serial_port(self, instance: Instance) -> Verdict | None:
        """
        Return a verdict if the failure that the serial port shows counts.

        A permanent failure counts at once. A transient one counts when a second instance has one: the script ended by
        it, or it was there again at a later read, and another instance that still does not serve has one too. While a
        script prints that it repeats a failed command, its output shows no failure.
        """
        output = self.managed.serial_port(instance, _READ_S)
        self.outputs[instance.name] = max(output, self.outputs.get(instance.name, ""), key=len)
        failure = serial_output.failure(output, self.config.repository)
        before, self._late = self._late.failures, replace(self._late, failures=failure.count if failure else 0)
        if failure is None:
            self._transient -= {instance.name}
        elif failure.is_permanent:
            return Verdict("failed", f"{instance.name} printed: {failure.line}", instance.name)
        elif failure.is_over or 0 < before < failure.count:
            others = self._transient - {instance.name}
            self._transient |= {instance.name}
            if others:
                names = f"{', '.join(sorted(others))} and {instance.name}"
                text = f"{names} failed alike; the last printed: {failure.line}"
                return Verdict("failed", text, instance.name)
        return None

    def _read_errors(self, group: Group, instance: Instance, target: Version) -> Verdict | None:
        """Return a verdict if the group's errors say that there is no capacity for the target version."""
        for row in self.managed.list_errors(_READ_S):
            version = (row.get("instanceActionDetails") or {}).get("version") or {}
            error = row.get("error") or {}
            is_target = parse_version(version, self.config.project) == target
            if is_target and error.get("code") in capacity_codes(group):
                return Verdict("capacity", f"{error['code']}: {error.get('message', '')}", instance.name)
        return None
