"""Runs of verbs with a kill or a fault at one HTTP exchange, and the next process, for each exchange of a verb."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.integration.deploy.clients import Client, KilledError
from tests.integration.deploy.rig import Rig


@dataclass
class CutRuns:
    """
    Runs that are cut at one exchange.

    Args:
        new_rig: returns a rig in the state before a verb.
        started: returns a process that runs a verb on a rig.

    Attributes:
        cases: a line for each case until now.
    """

    new_rig: Callable[[str], Rig]
    started: Callable[[Rig, str], Client]
    cases: list[str] = field(default_factory=list, init=False)
    _exchanges: dict[str, int] = field(default_factory=dict, init=False)

    def exchanges(self, verb: str) -> int:
        """Return the number of requests of a verb without a fault."""
        if verb not in self._exchanges:
            clean = self.started(self.new_rig(verb), verb)
            clean.go()
            assert clean.code == 0
            self._exchanges[verb] = clean.exchanges
        return self._exchanges[verb]

    def spoilt(self, verb: str, number: int, fault: dict[str, Any]) -> Rig:
        """Return the rig of a run that ended well although one exchange, counted from 1, had a fault."""
        rig = self.new_rig(verb)
        rig.control("POST", "emulator/faults", {"faults": [{"on": "*", "nth": [number], **fault}]})
        process = self.started(rig, verb)
        process.go()
        assert process.code == 0, f"exchange {number}: {process.error}"
        assert rig.control("GET", "emulator/faults")[0]["fired"] == [1]
        self.cases.append(f"{verb} {number} {fault}")
        return rig

    def killed(self, verb: str, number: int) -> Rig:
        """Return the rig of a run that was killed after a number of exchanges."""
        rig = self.new_rig(verb)
        dying = self.started(rig, verb)
        assert not dying.go(number)
        dying.kill()
        assert isinstance(dying.error, KilledError)
        return rig

    def killed_and_followed(self, verb: str, number: int, next_verb: str, other: str) -> tuple[Rig, Client]:
        """
        Kill a run after a number of exchanges, and let another process run to its end.

        Args:
            verb: verb of the run that is killed.
            number: number of its exchanges.
            next_verb: again for the same verb, reconcile, or other.
            other: the other verb.
        """
        rig = self.killed(verb, number)
        following = self.started(rig, {"again": verb, "reconcile": "reconcile", "other": other}[next_verb])
        following.go()
        assert following.code in ((0,) if next_verb == "reconcile" else (0, 3)), f"exchange {number}: {following.error}"
        self.cases.append(f"{verb} {number} killed, {next_verb}")
        return rig, following
