"""The steps of a rollout, key `rollout.steps` of an environment file."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from deploy.release.steps import Step
from deploy.settings_model import SETTINGS_MODEL

# Most seconds of a timeout or a bake.
LONGEST_S = 86_400
Bake = Annotated[float, Field(strict=True, ge=0, le=LONGEST_S, allow_inf_nan=False)]


class StepSettings(BaseModel):
    """A step: one of `instances`, `percent` and `pause`; the last step, which is not listed, is the whole group."""

    model_config = SETTINGS_MODEL

    instances: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = None
    """number of instances on the new release"""
    percent: Annotated[int, Field(strict=True, ge=1, le=99)] | None = None
    """percentage of the target size on the new release; a part of an instance counts as one"""
    pause: Literal[True] | None = None
    """the rollout pauses here, without a deadline, until `promote` or `abort` is called"""
    bake_s: Bake | None = None
    """seconds that success of this step must last; default: `rollout.bake_s`"""

    @model_validator(mode="after")
    def _has_one_kind(self) -> Self:
        kinds = [key for key in ("instances", "percent", "pause") if getattr(self, key) is not None]
        if len(kinds) != 1:
            given = f"has {' and '.join(kinds)}" if kinds else "has none of them"
            raise ValueError(f"a step has one of instances, percent and pause, and this one {given}")
        if self.pause and self.bake_s is not None:
            raise ValueError("a pause has no bake_s: it lasts until `promote` is called")
        return self

    @property
    def size(self) -> int | str:
        """Number of instances on the new release, or a percentage such as `50%`; 0 for a pause."""
        return f"{self.percent}%" if self.percent else self.instances or 0


def check_order(steps: Sequence[StepSettings]) -> None:
    """
    Check the order of steps, as far as it does not depend on the target size.

    Raises:
        ValueError: a pause follows no size, or a size is not above the size of the same kind before it.
    """
    for before, step in pairwise((StepSettings.model_construct(pause=True), *steps)):
        if before.pause and step.pause:
            raise ValueError(
                "a pause follows a step with instances or percent, and here it is first or follows a pause"
            )
    for key in ("instances", "percent"):
        sizes = [size for step in steps if (size := getattr(step, key)) is not None]
        for size, next_size in pairwise(sizes):
            if next_size <= size:
                raise ValueError(f"{key} must rise from step to step, and {next_size} follows {size}")


def release_steps(settings: Sequence[StepSettings], bake_s: float) -> tuple[Step, ...]:
    """
    Return the steps of a release: a pause belongs to the step before it.

    Args:
        settings: steps of the environment file.
        bake_s: seconds that success of a step without a time of its own must last.
    """
    steps: list[Step] = []
    for step in settings:
        if step.pause:
            steps[-1] = replace(steps[-1], pauses=True)
        else:
            steps.append(Step(step.size, bake_s if step.bake_s is None else step.bake_s))
    return tuple(steps)
