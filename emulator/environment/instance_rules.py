"""Which machine behaves how: rules by machine, template or image, and the dice."""

import re
from dataclasses import replace
from random import Random
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from emulator.group.health import Behaviour
from emulator.group.instances import Machine

Seconds = Annotated[float, Field(ge=0)]
Time = Seconds | Annotated[tuple[Seconds, Seconds], Field(description="drawn evenly from this range")]
_TIMES: Final = ("create_s", "boot_s", "answer_s", "crash_after_s", "stop_s", "delete_s")


class Rule(BaseModel):
    """
    How some machines behave; what is not set comes from the next rule that fits, and in the end from `Behaviour`.

    A rule for a machine goes before one for its template, that before one for an image, that before one for all;
    among equals the newest wins.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    machine: str = ""
    template: str = ""
    image: str = ""
    create_s: Time | None = None
    boot_s: Time | None = None
    answer_s: Time | None = None
    crash_after_s: Time | None = None
    stop_s: Time | None = None
    delete_s: Time | None = None
    never_healthy: bool | None = None
    create_error: str | None = None
    create_error_times: Annotated[int, Field(ge=1)] | None = None
    serial: tuple[str, ...] | None = None

    @property
    def rank(self) -> int:
        """How narrow it is."""
        return 3 if self.machine else 2 if self.template else 1 if self.image else 0

    def fits(self, machine: Machine, text: str) -> bool:
        """Return whether a machine, whose template's metadata is `text`, is meant."""
        return (
            self.machine in ("", machine.name)
            and self.template in ("", machine.intended.template.rpartition("/")[2])
            and (not self.image or mentions(text, self.image))
        )


def behaviour(rules: list[Rule], machine: Machine, text: str, seed: int) -> Behaviour:
    """
    Draw a machine's behaviour for its present life.

    Args:
        rules: Oldest first.
        machine: Its name and life seed the dice.
        text: Metadata of its template.
        seed: Of the whole world.
    """
    dice = Random(f"{seed}/{machine.name}/{machine.life}")  # noqa: S311 - dice, no secret
    told: dict[str, Any] = {}
    for rule in sorted(rules, key=lambda rule: rule.rank):
        if rule.fits(machine, text):
            told |= rule.model_dump(exclude_none=True, exclude={"machine", "template", "image"})
    never = told.pop("never_healthy", False)
    drawn = {
        name: dice.uniform(*value) if isinstance(value, tuple) else value
        for name, value in told.items()
        if name in _TIMES
    }
    result = replace(Behaviour(), **(told | drawn))
    return replace(result, answer_s=None) if never else result


def mentions(text: str, image: str) -> bool:
    """Return whether a text refers to exactly this image, not to a longer name that holds it."""
    return re.search(rf"(?<![\w./:@-]){re.escape(image)}(?![\w.:@/-])", text) is not None
