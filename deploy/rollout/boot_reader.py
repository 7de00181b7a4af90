"""Reads the phases that new instances write to their guest attributes while they boot, and judges their failures."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from deploy.compute_engine.managed_group import ManagedGroup
from deploy.documents.group_state import Group, Instance, Version
from deploy.errors import CloudError, NotAllowedError
from deploy.group.boot_phases import NAMESPACE, Boot, parse_boot
from deploy.group.health import Verdict, is_serving

# Google asks for at most 10 queries a minute of an instance's guest attributes; its script writes some of them.
_PAUSE_S: Final = 10.0
_FIRST_READ_S: Final = 5.0  # after RUNNING: no startup script has begun before
_READ_S: Final = 2.0  # so that the group is polled on time
_READS_A_POLL: Final = 3
_SILENT_S: Final = 60.0  # a script that was killed, or whose write was lost, shows no failure


@dataclass
class BootReader:
    """
    Reads the boots of the new instances of one rollout.

    Args:
        managed: the group.
        is_enabled: whether the template of the release enables guest attributes; without them nothing is read.

    Attributes:
        boots: what each instance has written of its present boot, by its name.
    """

    managed: ManagedGroup
    is_enabled: bool
    boots: dict[str, Boot] = field(default_factory=dict, init=False)
    _running_s: dict[str, float] = field(default_factory=dict, init=False)
    _read_s: dict[str, float] = field(default_factory=dict, init=False)
    _changed_s: dict[str, float] = field(default_factory=dict, init=False)
    _ended: set[str] = field(default_factory=set, init=False)
    _finished: set[str] = field(default_factory=set, init=False)

    def read(self, group: Group, target: Version, now_s: float) -> None:
        """
        Read the instances whose time has come: each at most once in 10 s, until it is HEALTHY, and then once more.

        The last read completes the times of a boot. A read that fails is repeated after 10 s; an account that may not
        read guest attributes reads none any more.

        Args:
            group: the group at the last poll.
            target: version that the group is set to.
            now_s: time of the clock of the rollout.
        """
        running = {instance.name: instance for instance in group.active_instances if _is_running(instance, target)}
        self._drop([name for name in self._running_s if name not in running])
        for name in running:
            self._running_s.setdefault(name, now_s)
        for instance in self._due(running.values(), target, now_s) if self.is_enabled else ():
            self._read_s[instance.name] = now_s
            try:
                items = self.managed.guest_attributes(instance, NAMESPACE, _READ_S)
            except NotAllowedError:
                self.is_enabled = False
                return
            except CloudError:
                continue
            boot = parse_boot(items, self._ended)
            if boot is not None and boot != self.boots.get(instance.name):
                self.boots[instance.name] = boot
                self._changed_s[instance.name] = now_s
            if is_serving(instance, target):
                self._finished.add(instance.name)

    def is_known(self, name: str, now_s: float) -> bool:
        """
        Return whether an instance shows started containers, a failure that counts at once, or a phase of the last 60 s.

        Any other failure may say little, such as an exit code: the serial port may show its reason.
        """
        boot = self.boots.get(name)
        if boot is None:
            return False
        if boot.failure:
            return boot.is_permanent
        return boot.times.started_s is not None or now_s - self._changed_s[name] < _SILENT_S

    def verdict(self, group: Group, target: Version) -> Verdict | None:
        """
        Return why a rollout has failed; None while no instance shows a failure that counts.

        A permanent failure counts at once. A transient one counts when a second instance that does not serve has one.

        Args:
            group: the group at the last poll.
            target: version that the group is set to.
        """
        failed = [
            instance.name
            for instance in group.active_instances
            if _is_running(instance, target) and not is_serving(instance, target) and self._failure(instance.name)
        ]
        for name in failed:
            if self.boots[name].is_permanent:
                return Verdict("failed", f"the startup script of {name} failed: {self._failure(name)}", name)
        if len(failed) > 1:
            *others, name = failed
            text = f"the startup scripts of {', '.join(others)} and {name} failed; the last: {self._failure(name)}"
            return Verdict("failed", text, name)
        return None

    def _failure(self, name: str) -> str:
        return self.boots[name].failure if name in self.boots else ""

    def _due(self, running: Iterable[Instance], target: Version, now_s: float) -> list[Instance]:
        """Return the instances to read at this poll, those whose time came first."""
        times = []
        for instance in running:
            # An instance that is HEALTHY already has written all its phases.
            first_s = self._running_s[instance.name] + (0.0 if is_serving(instance, target) else _FIRST_READ_S)
            read_s = self._read_s.get(instance.name)
            at_s = first_s if read_s is None else max(first_s, read_s + _PAUSE_S)
            if at_s <= now_s and instance.name not in self._finished:
                times.append((at_s, instance.name, instance))
        return [instance for _, _, instance in sorted(times, key=lambda row: row[:2])[:_READS_A_POLL]]

    def _drop(self, names: Iterable[str]) -> None:
        """Drop instances that do not run any more: a VM that runs again begins another boot."""
        for name in names:
            del self._running_s[name]
            self._finished.discard(name)
            boot = self.boots.pop(name, None)
            if boot is not None:
                self._ended.add(boot.id)


def _is_running(instance: Instance, target: Version) -> bool:
    """Return whether the VM of a new instance runs; by RECREATE, it may still be the old one of that name."""
    is_replaced = instance.action in ("RECREATING", "RESTARTING", "STARTING", "RESUMING")
    return instance.version == target and instance.status == "RUNNING" and not is_replaced
