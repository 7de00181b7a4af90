"""A number of instances of a group: fixed, or a percentage of the target size; FixedOrPercent in Compute Engine."""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class InstanceCount:
    """
    A number of instances.

    Args:
        number: number of instances, or percentage of the target size.
        is_percent: whether the number is a percentage.
    """

    number: int
    is_percent: bool = False

    @classmethod
    def parse(cls, value: int | str) -> "InstanceCount":
        """Return the count that a number, or a text such as `20%`, stands for."""
        return cls(value) if isinstance(value, int) else cls(int(value.rstrip("%")), is_percent=True)

    def instances(self, target_size: int) -> int:
        """
        Return the number of instances at a target size; a part of an instance counts as one.

        Source: "the number of instances will be rounded up if necessary", reference of the Compute Engine API of 2019
        to 2021 (google-compute1 1.0.8, google-cloud-compute 0.3.0); "is rounded if necessary" in later references, such
        as google-cloud-compute 1.57.0; read on 2026-11-27. Rounded up, the number is never too small.
        """
        return math.ceil(self.number * target_size / 100) if self.is_percent else self.number

    @property
    def share(self) -> str:
        """The number in words, such as `1 instance` or `50% of the group`."""
        if self.is_percent:
            return f"{self} of the group"
        return f"{self} instance{'' if self.number == 1 else 's'}"

    def document(self) -> dict[str, Any]:
        """Return the member of a PATCH, which removes the other kind by null. Source: terraform-provider-google."""
        number, empty = ("percent", "fixed") if self.is_percent else ("fixed", "percent")
        return {number: self.number, empty: None}

    def __str__(self) -> str:
        return f"{self.number}%" if self.is_percent else str(self.number)
