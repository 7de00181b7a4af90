"""The steps of a release whose rollout begins with a canary, as its release record has them. Pure."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import ConfigDict, Field

from deploy.documents.instance_count import InstanceCount

_STRICT: Final = ConfigDict(strict=True, extra="forbid")
_Percentage = Annotated[str, Field(pattern=r"^[1-9][0-9]?%$")]


@dataclass(frozen=True)
class Step:
    """
    A part of a rollout, in which a part of the group has the new release.

    Args:
        size: number of instances on the new release, or a percentage of the target size, such as `50%`.
        bake_s: seconds that success must last.
        pauses: whether the rollout pauses after this step, until `promote` is called.
    """

    __pydantic_config__ = _STRICT

    size: Annotated[int, Field(ge=1)] | _Percentage
    bake_s: float
    pauses: bool = False

    @property
    def count(self) -> InstanceCount:
        """Instances on the new release."""
        return InstanceCount.parse(self.size)

    @property
    def share(self) -> str:
        """The size in words, such as `1 instance` or `50% of the group`."""
        return self.count.share

    def __str__(self) -> str:
        pause = ", then a pause" if self.pauses else ""
        return f"{self.share} for {self.bake_s:g} s{pause}"


def position(steps: tuple[Step, ...], count: InstanceCount) -> int | None:
    """Return the index of the step with a size; None if no step has it. No two steps of a release have one size."""
    return next((index for index, step in enumerate(steps) if step.count == count), None)


def next_position(steps: tuple[Step, ...], index: int, target_size: int) -> int:
    """
    Return the index of the step after another one; the number of steps for the whole group.

    A step that would not raise the number of new instances is left out: an autoscaler may have changed the target size,
    with which percentages move, and fewer instances would undo a step that was reached. A step of as many instances as
    the group has is left out too, because it is the whole group.

    Args:
        steps: steps of the release.
        index: index of the other step.
        target_size: target size of the group.
    """
    reached = steps[index].count.instances(target_size)
    later = range(index + 1, len(steps))
    return next(
        (number for number in later if reached < steps[number].count.instances(target_size) < target_size), len(steps)
    )


def pauses_after(steps: tuple[Step, ...], index: int, target_size: int) -> bool:
    """
    Return whether a rollout pauses after a step: the step pauses, or a later one that is left out does.

    Args:
        steps: steps of the release.
        index: index of the step.
        target_size: target size of the group.
    """
    return any(step.pauses for step in steps[index : next_position(steps, index, target_size)])
