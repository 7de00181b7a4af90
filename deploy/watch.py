"""Looks at a group until what it was told to serve serves, or has failed: the one place that loops."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from deploy.compute import Compute
from deploy.config import Config
from deploy.errors import SupersededError
from deploy.health import Seen, Verdict, look, verdict
from deploy.observe import read_group
from deploy.observed import Group, Version

Say = Callable[[str], None]
_LOOKS: Final = 2  # in a row that must agree before success is believed
_QUICK_LOOKS_S: Final = 60.0


class FailedError(Exception):
    """A wait that ended badly; becomes one of ours once it is known whether the way back worked."""

    def __init__(self, found: Verdict) -> None:
        super().__init__(found.text)
        self.verdict = found


@dataclass
class Watch:
    """
    What looks at one group.

    Args:
        compute: API of the project.
        config: Names and times.
        say: Told each change, one line.
    """

    compute: Compute
    config: Config
    say: Say

    def until_served(self, version: Version, budget_s: float, bake_s: float) -> Group:
        """
        Look until a version serves, twice in a row, and then as long as the bake lasts.

        Args:
            version: That the group was told to serve.
            budget_s: How long it may take, the bake aside.
            bake_s: How long success must last.

        Raises:
            FailedError: It failed, or was not done in time.
            SupersededError: The group was told to serve another one.
        """
        time = self.compute.time
        began_s, good_since_s, looks, seen, said = time.now_s(), None, 0, Seen(), ""
        quick_s, slow_s = self.config.rollout.poll_s
        while True:
            group = read_group(self.compute, self.config)
            seen = look(group, version, seen)
            found = verdict(group, version, seen)
            if found.state == "superseded":
                raise SupersededError(f"group '{self.config.group}': {found.text}.", "see status")
            if found.state in ("failed", "capacity"):
                raise FailedError(found)
            if found.text != said:
                self.say(_progress(group, version, found))
                said = found.text
            now_s = time.now_s()
            looks = looks + 1 if found.state == "done" else 0
            good_since_s = (now_s if good_since_s is None else good_since_s) if looks else None
            if good_since_s is not None and looks >= _LOOKS and now_s - good_since_s >= bake_s:
                return group
            if now_s - began_s >= budget_s + (bake_s if looks else 0.0):
                raise FailedError(Verdict("failed", f"not done after {budget_s:g} s: {found.text}"))
            time.sleep(quick_s if now_s - began_s < _QUICK_LOOKS_S else slow_s)


def _progress(group: Group, version: Version, found: Verdict) -> str:
    serving = sum(machine.version == version and machine.health == "HEALTHY" for machine in group.machines)
    return f"{serving}/{group.target_size} on {version.template} · {found.text}"
