"""What the group and its machines say besides their state: asked rarely, and only of what takes long."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Final

from deploy.compute_engine.client import Compute
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.config import Config
from deploy.documents.group_state import Group, Instance, Version, parse_version
from deploy.errors import CloudError, NotAllowedError
from deploy.group import serial_output
from deploy.group.health import CAPACITY_CODES, Verdict, is_serving

_FIRST_S: Final = 30.0
_READ_S: Final = 5.0  # so that the group is polled on time
_EVERY_S: Final = 20.0


@dataclass(frozen=True)
class Suspect:
    """
    The new machine that takes long.

    Args:
        name: Its name; empty if there is none.
        ask_at_s: When it is asked next.
        times: Lines of its serial port that showed a failure, the last time it was read.
    """

    name: str = ""
    ask_at_s: float = 0.0
    times: int = 0


def late_instances(group: Group, target: Version) -> tuple[str, ...]:
    """Return the names of new instances that do not serve yet; pure."""
    new = (instance for instance in group.active_instances if instance.version == target)
    return tuple(instance.name for instance in new if not is_serving(instance, target))


def suspect(late: Sequence[str], now_s: float, before: Suspect, known: Set[str]) -> Suspect:
    """
    Return the new instance to ask, with what is known of it; pure.

    Args:
        late: New instances that do not serve yet.
        now_s: By the clock of the rollout.
        before: The instance that was asked until now.
        known: Instances with a transient failure, asked again only if no other is late.
    """
    name = next((name for name in late if name not in known), late[0] if late else "")
    if before.name == name:
        return before
    return Suspect(name, now_s + _FIRST_S) if name else Suspect()


@dataclass
class Symptoms:
    """
    Asks what takes long why it does.

    Args:
        compute: API of the project.
        config: Names.

    Attributes:
        outputs: Serial output of each instance by its name, as it was read last.
    """

    compute: Compute
    config: Config
    outputs: dict[str, str] = field(default_factory=dict, init=False)
    _suspect: Suspect = field(default=Suspect(), init=False)
    _transient: frozenset[str] = field(default=frozenset(), init=False)
    _is_deaf: bool = field(default=False, init=False)

    def ask(self, group: Group, target: Version, now_s: float) -> Verdict | None:
        """
        Return why a rollout has failed; None while nothing says so, or the account may not ask.

        Args:
            group: As it was just read.
            target: Version that it was told to serve.
            now_s: By the clock of `compute`.
        """
        late = late_instances(group, target)
        self._transient &= frozenset(late)
        self._suspect = suspect(late, now_s, self._suspect, self._transient)
        machine = next((one for one in group.instances if one.name == self._suspect.name), None)
        if machine is None or self._is_deaf or now_s < self._suspect.ask_at_s:
            return None
        self._suspect = replace(self._suspect, ask_at_s=now_s + _EVERY_S)
        try:
            return self._serial(machine) if machine.status else self._errors(machine, target)
        except NotAllowedError:
            self._is_deaf = True
        except CloudError:
            pass  # such as a machine that has just gone; the next time may tell
        return None

    def _serial(self, machine: Instance) -> Verdict | None:
        """
        Read a serial port, and return a verdict if the failure that it shows counts.

        A permanent failure counts at once. A transient one counts when it is a second instance's: the script ended by
        it, or it was there again at a later look, and another instance that still does not serve has one too.
        """
        managed = ManagedGroup(self.compute, self.config.zone, self.config.group)
        self.outputs[machine.name] = managed.serial_port(machine.name, _READ_S)
        failure = serial_output.failure(self.outputs[machine.name], self.config.repository)
        before, self._suspect = self._suspect.times, replace(self._suspect, times=failure.count if failure else 0)
        if failure is None:
            self._transient -= {machine.name}
        elif failure.is_permanent:
            return Verdict("failed", f"{machine.name} printed: {failure.line}", machine.name)
        elif failure.is_over or 0 < before < failure.count:
            others = self._transient - {machine.name}
            self._transient |= {machine.name}
            if others:
                text = f"{', '.join(sorted(others))} and {machine.name} failed alike; the last printed: {failure.line}"
                return Verdict("failed", text, machine.name)
        return None

    def _errors(self, machine: Instance, target: Version) -> Verdict | None:
        managed = ManagedGroup(self.compute, self.config.zone, self.config.group)
        for row in managed.list_errors(_READ_S):
            version = (row.get("instanceActionDetails") or {}).get("version") or {}
            error = row.get("error") or {}
            ours = parse_version(version, self.config.project) == target
            if ours and error.get("code") in CAPACITY_CODES:
                return Verdict("capacity", f"{error['code']}: {error.get('message', '')}", machine.name)
        return None
