"""What a run has done: kept in its folder, so that a run continues where it failed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from acceptance.place import AcceptanceError
from acceptance.steps import Step

_FILE: Final = "progress.json"


@dataclass(frozen=True)
class Progress:
    """
    What a run has done.

    Args:
        seconds: seconds of each step that is done.
        kept: values that commands printed, by name.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the progress of the run in a folder."""
        file = folder / _FILE
        return cls(**json.loads(file.read_text())) if file.exists() else cls()

    def write(self, folder: Path) -> None:
        """Keep the progress in the folder of its run."""
        (folder / _FILE).write_text(json.dumps(asdict(self), indent=2))

    def with_step(self, step: str, seconds: float) -> "Progress":
        """Return this progress with a step that is done."""
        return replace(self, seconds={**self.seconds, step: round(seconds, 1)})

    def with_value(self, name: str, value: str) -> "Progress":
        """Return this progress with a value that a command printed."""
        return replace(self, kept={**self.kept, name: value})


def remaining_steps(
    steps: Sequence[Step], progress: Progress, first: str = "", skipped: Sequence[str] = ()
) -> tuple[Step, ...]:
    """
    Return the steps that a run has still to do: from the first one that is not done, or from a named one.

    Args:
        steps: all steps.
        progress: what the run has done.
        first: name of the step to begin with, also if it is done; empty for the first one that is not.
        skipped: names of steps that the run leaves out.

    Raises:
        AcceptanceError: there is no step of such a name.
    """
    names = [step.name for step in steps]
    unknown = sorted({first, *skipped} - {"", *names})
    if unknown:
        raise AcceptanceError(f"steps: no step '{unknown[0]}'. Fix: one of {', '.join(names)}.")
    if first:
        return tuple(step for step in steps[names.index(first) :] if step.name not in skipped)
    return tuple(step for step in steps if step.name not in skipped and step.name not in progress.seconds)
