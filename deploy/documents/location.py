"""Where a managed instance group is: in one zone, or in a region, over whose zones it spreads its instances."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from deploy.documents.resource import name_of


@dataclass(frozen=True)
class Location:
    """
    The zone or the region of a group.

    Args:
        kind: zone or region.
        name: name of the zone or region.
    """

    kind: Literal["zone", "region"]
    name: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self | None:
        """Return the location that a group's document names; None if it names none."""
        if document.get("region"):
            return cls("region", name_of(document["region"]))
        return cls("zone", name_of(document["zone"])) if document.get("zone") else None

    @property
    def path(self) -> str:
        """Path below the project, such as `zones/asia-northeast3-a`."""
        return f"{self.kind}s/{self.name}"

    @property
    def region(self) -> str:
        """Name of the region; for a zone, of the region that has the zone."""
        return self.name if self.kind == "region" else self.name.rpartition("-")[0]

    @property
    def flag(self) -> tuple[str, str]:
        """The flag of a command and its value, such as `--zone asia-northeast3-a`."""
        return f"--{self.kind}", self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
