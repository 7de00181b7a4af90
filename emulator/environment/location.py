"""The location of a managed instance group: a zone, or a region with the zones over which the group is distributed."""

from dataclasses import dataclass
from typing import Final

from emulator.environment.links import canonical, name_of, self_link
from emulator.environment.view import Document

# Source: the client of google-cloud-compute 1.57.0, resize: a group has up to 1000 instances, a regional one 2000.
_MOST: Final = 1_000
_MOST_IN_A_REGION: Final = 2_000


@dataclass(frozen=True)
class Location:
    """
    Where a group creates its instances.

    Args:
        scope: `projects/P/zones/Z`, or `projects/P/regions/R` of a regional group
        zones: names of the zones; a zonal group has one
    """

    scope: str
    zones: tuple[str, ...]

    @property
    def is_regional(self) -> bool:
        """Whether the group is regional."""
        return self.scope.split("/")[2] == "regions"

    @property
    def region(self) -> str:
        """Name of the region."""
        return name_of(self.scope) if self.is_regional else name_of(self.scope).rpartition("-")[0]

    @property
    def most_instances(self) -> int:
        """Largest target size."""
        return _MOST_IN_A_REGION if self.is_regional else _MOST


def location_of(path: str, document: Document) -> Location:
    """
    Return the location of a group.

    Args:
        path: path of the group
        document: document of the group; a regional group's has the zones of its distribution policy
    """
    scope = "/".join(path.split("/")[:4])
    if scope.split("/")[2] == "zones":
        return Location(scope, (name_of(scope),))
    zones = (document.get("distributionPolicy") or {}).get("zones") or []
    return Location(scope, tuple(name_of(canonical(entry.get("zone") or "")) for entry in zones))


def location_member(scope: str) -> dict[str, str]:
    """Return the member of a document that names its scope: `zone` or `region`; none for a global resource."""
    kind = scope.split("/")[2]
    return {kind[:-1]: self_link(scope)} if kind in ("zones", "regions") else {}
