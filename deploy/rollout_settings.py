"""The settings of a rollout, key `rollout` of an environment file."""

import re
from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema, field_validator, model_validator

from deploy.analysis_settings import AnalysisSettings
from deploy.documents.instance_count import InstanceCount
from deploy.release.boot_times import LONGEST_START_S
from deploy.release.steps import Step
from deploy.settings_model import SETTINGS_MODEL
from deploy.step_settings import LONGEST_S, Bake, StepSettings, check_order, release_steps
from lib.environment_files import shown

AUTO: Final = "auto"
# Above the size of any group; a mistyped number never reaches a PATCH.
_MOST_INSTANCES: Final = 10_000
_PERCENTAGE: Final = re.compile(r"([0-9]|[1-9][0-9]|100)%")


def _instance_count(value: Any, other: str = "") -> int | str:
    """
    Return a number of instances, or a percentage as text, as the file has it; any other value is an error.

    Args:
        value: value of the file.
        other: what else the key may be, for the error.
    """
    is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_INSTANCES
    if is_number or (isinstance(value, str) and _PERCENTAGE.fullmatch(value)):
        return cast("int | str", value)
    raise ValueError(
        f"got {shown(value)}; it is a number of instances from 0 to {_MOST_INSTANCES}, or a percentage of the target"
        f" size such as '20%'{other}"
    )


def _surge(value: Any) -> int | str:
    return AUTO if value == AUTO else _instance_count(value, f", or {AUTO}")


# The forms that `_instance_count` accepts, for docs/reference.md.
_COUNT_SCHEMA: Final = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": _MOST_INSTANCES},
        {"type": "string", "format": "percentage", "pattern": f"^({_PERCENTAGE.pattern})$"},
    ]
}
_Instances = Annotated[int | str, PlainValidator(_instance_count), WithJsonSchema(_COUNT_SCHEMA)]
_Surge = Annotated[
    int | str, PlainValidator(_surge), WithJsonSchema({"anyOf": [*_COUNT_SCHEMA["anyOf"], {"const": AUTO}]})
]
_Timeout = Annotated[float, Field(strict=True, ge=1, le=LONGEST_S, allow_inf_nan=False)]
_Poll = Annotated[float, Field(strict=True, ge=0.01, le=3_600, allow_inf_nan=False)]


class RolloutSettings(BaseModel):
    """How a rollout replaces instances, and how long it may take; environments/dev.yaml explains each key."""

    model_config = SETTINGS_MODEL

    method: Literal["SUBSTITUTE", "RECREATE"] = "SUBSTITUTE"
    """SUBSTITUTE: a new instance has a new name; RECREATE: it keeps the old name, and capacity falls meanwhile"""
    surge: _Surge | None = None
    """instances above the target size, a percentage such as 20%, or auto: as many as the quota allows during the
    rollout, and then the default; default: one in each zone, 0 by RECREATE"""
    unavailable: _Instances = 0
    """instances below the target size, or a percentage; RECREATE needs at least 1"""
    bake_s: Bake = 30.0
    """seconds that success must last"""
    timeout_s: _Timeout | None = None
    """seconds until a rollout or step has failed; default: 120, 240 for each instance, at least 300; slow boots add"""
    poll_s: tuple[_Poll, _Poll] = (1.0, 5.0)
    """seconds between two polls: while the group changes, and at most; its end is read up to four times as often"""
    analysis: AnalysisSettings | None = None
    """metrics that each bake is judged by"""
    steps: tuple[StepSettings, ...] = ()
    """parts of the group that get the new release one after the other, before all of it does"""

    @field_validator("steps")
    @classmethod
    def _rise(cls, steps: tuple[StepSettings, ...]) -> tuple[StepSettings, ...]:
        check_order(steps)
        return steps

    @model_validator(mode="after")
    def _compares_beside_old_instances(self) -> Self:
        checks = self.analysis.checks if self.analysis and not self.steps else ()
        compared = next((check.name for check in checks if check.compared_with), "")
        if compared:
            raise ValueError(
                f"check '{compared}' has compared_with: previous, and without steps no instance of the old version"
                " serves beside the new ones: add steps, or use at_most alone"
            )
        return self

    @model_validator(mode="after")
    def _replaces_instances(self) -> Self:
        surge, unavailable = self.surge_in(1), self.unavailable_count
        if self.method == "RECREATE":
            if surge.number or self.is_surge_auto:
                raise ValueError(
                    f"surge is {self.surge}, and method RECREATE keeps the names of instances, which leaves no name for"
                    " an instance above the target size: set surge 0, or leave surge out"
                )
            if not unavailable.number:
                raise ValueError(
                    "method RECREATE deletes an instance before it creates the new one: set unavailable to the number"
                    " of instances by which capacity may fall, at least 1, and in a regional group one for each zone"
                )
        if surge.number + unavailable.number == 0:
            raise ValueError("surge and unavailable are both 0, so no instance could ever be replaced")
        return self

    def surge_in(self, zones: int) -> InstanceCount:
        """
        Return the instances above the target size: without a setting, one in each zone of the group, or 0 by RECREATE.

        With `auto`, it is the surge that the group has outside its rollouts: the one without a setting.

        Args:
            zones: number of the group's zones.
        """
        if self.surge is not None and not self.is_surge_auto:
            return InstanceCount.parse(self.surge)
        return InstanceCount(max(zones, 1) if self.method == "SUBSTITUTE" else 0)

    @property
    def is_surge_auto(self) -> bool:
        """Whether a rollout creates as many instances at once as the quota allows."""
        return self.surge == AUTO

    @property
    def unavailable_count(self) -> InstanceCount:
        """Instances below the target size that may be missing during a rollout."""
        return InstanceCount.parse(self.unavailable)

    @property
    def release_steps(self) -> tuple[Step, ...]:
        """The steps of a release, as its record has them."""
        return release_steps(self.steps, self.bake_s)

    @property
    def check_names(self) -> tuple[str, ...]:
        """The names of the checks that judge each bake."""
        return tuple(check.name for check in self.analysis.checks) if self.analysis else ()

    def judged_bake_s(self, bake_s: float) -> float:
        """Return how long success must last: with an analysis at least twice the time between two scrapes."""
        return max(bake_s, 2 * self.analysis.scrape_s) if self.analysis else bake_s

    def budget_s(self, instances: int, started_s: float | None = None) -> float:
        """
        Return the seconds that a rollout of a number of instances may take.

        Args:
            instances: number of instances.
            started_s: seconds that the slowest recorded boot took to its started containers; None if none was recorded.
        """
        return self.timeout_s if self.timeout_s is not None else _serial_replacement_s(instances, started_s)

    def rollback_budget_s(self, instances: int, started_s: float | None = None) -> float:
        """
        Return the seconds that an automatic rollback may take; arguments of `budget_s`.

        A short timeout of the rollout never cuts it.
        """
        return max(self.budget_s(instances, started_s), _serial_replacement_s(instances))


def _serial_replacement_s(instances: int, started_s: float | None = None) -> float:
    """
    Return the seconds that replacing one instance after another takes: 120, and at least 240 for each instance.

    A new instance is healthy after up to 150 s. The old one is deleted within 90 s, and no public source says that the
    next instance is created before that end. Source: public reports, read on 2026-11-23; see test_time_budget.py.

    A recorded boot may only raise the 150 s: twice its time, 600 s at most, for a slower registry or disk, and 60 s
    from the request to the boot and from the started containers to HEALTHY.
    A short one may be a reboot, without a pull.
    """
    healthy_s = max(150.0, 2 * min(started_s or 0.0, LONGEST_START_S) + 60.0)
    return max(300.0, 120.0 + (healthy_s + 90.0) * instances)
