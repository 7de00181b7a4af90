"""What the group and its machines say besides their state: asked rarely, and only of what takes long."""

from dataclasses import dataclass, field, replace
from typing import Final

from deploy import serial
from deploy.compute import Compute
from deploy.config import Config
from deploy.errors import CloudError, NotAllowedError
from deploy.health import CAPACITY, Verdict, is_serving
from deploy.observed import Group, Machine, Version, version_of

_FIRST_S: Final = 30.0
_EVERY_S: Final = 20.0


@dataclass(frozen=True)
class Suspect:
    """
    The new machine that takes long.

    Args:
        name: Its name; empty if there is none.
        ask_at_s: When it is asked next.
        told: Lines of its serial port that told of a failure, the last time it was asked.
    """

    name: str = ""
    ask_at_s: float = 0.0
    told: int = 0


def suspect(group: Group, target: Version, now_s: float, before: Suspect) -> Suspect:
    """Return the first new machine that is not serving yet, with what is known of it; pure."""
    late = next((one for one in group.active_instances if one.version == target and not is_serving(one, target)), None)
    if late is None:
        return Suspect()
    return before if before.name == late.name else Suspect(late.name, now_s + _FIRST_S)


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
    _is_deaf: bool = field(default=False, init=False)

    def ask(self, group: Group, target: Version, now_s: float) -> Verdict | None:
        """
        Return why a rollout has failed; None while nothing says so, or the account may not ask.

        Args:
            group: As it was just read.
            target: Version that it was told to serve.
            now_s: By the clock of `compute`.
        """
        self._suspect = suspect(group, target, now_s, self._suspect)
        machine = next((one for one in group.machines if one.name == self._suspect.name), None)
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

    def _serial(self, machine: Machine) -> Verdict | None:
        """Believe a serial port once a second look shows more: a script may try again, and an old line stays there."""
        output = self.compute.get(f"zones/{self.config.zone}/instances/{machine.name}/serialPort")
        self.outputs[machine.name] = str(output.get("contents", ""))
        says = serial.failure(self.outputs[machine.name])
        before, self._suspect = self._suspect.told, replace(self._suspect, told=says.times if says else 0)
        if says and before and (says.is_over or says.times > before):
            return Verdict("failed", f"{machine.name} says: {says.line}", machine.name)
        return None

    def _errors(self, machine: Machine, target: Version) -> Verdict | None:
        path = f"zones/{self.config.zone}/instanceGroupManagers/{self.config.group}/listErrors"
        for row in self.compute.items(path):
            version = (row.get("instanceActionDetails") or {}).get("version") or {}
            error = row.get("error") or {}
            ours = version_of(version, self.config.project) == target
            if ours and error.get("code") in CAPACITY:
                return Verdict("capacity", f"{error['code']}: {error.get('message', '')}", machine.name)
        return None
