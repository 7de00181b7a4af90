"""What a run has done: kept in its folder, so that a run continues where it failed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from acceptance.place import AcceptanceError, Place
from acceptance.steps import DESTROY, Step

_FILE: Final = "progress.json"


@dataclass(frozen=True)
class Progress:
    """
    What a run has done.

    Args:
        seconds: seconds of each step that is done.
        kept: values that commands printed, by name.
        place: project, zone and repository of the run, by name; empty before its first step.
        is_destroyed: whether the last step of the run has deleted what the steps before it made.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    place: Mapping[str, str] = field(default_factory=dict)
    is_destroyed: bool = False

    @classmethod
    def read(cls, folder: Path) -> Self:
        """
        Return the progress of the run in a folder; that of a new run if the folder is empty or missing.

        Raises:
            AcceptanceError: the folder has other files, or no progress can be read from its file.
        """
        file = folder / _FILE
        if file.exists():
            try:
                return cls(**json.loads(file.read_text()))
            except (TypeError, ValueError) as error:
                raise AcceptanceError(f"{file}: {error}. Fix: delete the project, and name a new folder.") from error
        if folder.exists() and any(folder.iterdir()):
            raise AcceptanceError(f"--folder: {folder} has files, and no {_FILE}. Fix: name a new or an empty folder.")
        return cls()

    def write(self, folder: Path) -> None:
        """Keep the progress in the folder of its run: the file has the old or the new progress at any time."""
        new = folder / f"{_FILE}.new"
        new.write_text(json.dumps(asdict(self), indent=2))
        new.replace(folder / _FILE)

    def at(self, place: Place) -> "Progress":
        """
        Return this progress with the place of the run.

        Raises:
            AcceptanceError: the run took place elsewhere until now.
        """
        names = {"project": place.project, "zone": place.zone, "repository": place.repository}
        for name, value in names.items():
            if self.place and self.place.get(name) != value:
                raise AcceptanceError(
                    f"--folder: {place.folder} is of {name} '{self.place.get(name)}', not '{value}'."
                    " Fix: name another folder."
                )
        return replace(self, place=names)

    def before(self, step: str, names: Sequence[str]) -> "Progress":
        """
        Return this progress without a step and all later ones, which that step may undo.

        Args:
            step: name of the step.
            names: names of all steps, in their order.
        """
        done = names[: names.index(step)]
        seconds = {name: seconds for name, seconds in self.seconds.items() if name in done}
        return replace(self, seconds=seconds, is_destroyed=False)

    def with_step(self, step: str, seconds: float) -> "Progress":
        """Return this progress with a step that is done; after `destroy` no step is, and no value is of use."""
        if step == DESTROY:
            return Progress(place=self.place, is_destroyed=True)
        return replace(self, seconds={**self.seconds, step: round(seconds, 1)})

    def with_value(self, name: str, value: str) -> "Progress":
        """Return this progress with a value that a command printed."""
        return replace(self, kept={**self.kept, name: value})


def remaining_steps(
    steps: Sequence[Step], progress: Progress, first: str = "", skipped: Sequence[str] = ()
) -> tuple[Step, ...]:
    """
    Return the steps that a run has still to do: the first step that is not done, or a named step, and all later steps.

    Args:
        steps: all steps.
        progress: what the run has done.
        first: name of the step to begin with, also if it is done; empty for the first step that is not done.
        skipped: names of steps that the run leaves out.

    Raises:
        AcceptanceError: there is no step of such a name, or everything is deleted already.
    """
    names = [step.name for step in steps]
    unknown = sorted({first, *skipped} - {"", *names})
    if unknown:
        raise AcceptanceError(f"steps: no step '{unknown[0]}'. Fix: one of {', '.join(names)}.")
    if progress.is_destroyed and not first:
        raise AcceptanceError("steps: 'destroy' has ended this run. Fix: take a new project and a new folder.")
    begin = names.index(first) if first else 0
    remaining = [step for step in steps[begin:] if step.name not in skipped]
    while remaining and not first and remaining[0].name in progress.seconds:
        del remaining[0]
    return tuple(remaining)
