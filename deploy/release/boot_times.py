"""When the startup script of an instance has reached each phase of its boot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Final

from pydantic import ConfigDict, Field

LONGEST_S: Final = 86_400.0
LONGEST_START_S: Final = 600.0  # of a boot to its started containers, as a measure of the next one
_Seconds = Annotated[float, Field(ge=0, le=LONGEST_S, allow_inf_nan=False)]


@dataclass(frozen=True)
class BootTimes:
    """
    The boot phases, in seconds from the start of the VM; None for a phase that was not reached, or not read.

    Args:
        booted_s: the startup script has begun.
        login_s: Docker has the login of the registry.
        secrets_s: every secret was read.
        pulled_s: the images are on the VM.
        started_s: the containers were started.
    """

    __pydantic_config__ = ConfigDict(strict=True, extra="forbid")

    booted_s: _Seconds | None = None
    login_s: _Seconds | None = None
    secrets_s: _Seconds | None = None
    pulled_s: _Seconds | None = None
    started_s: _Seconds | None = None

    @classmethod
    def of(cls, times: Mapping[str, float]) -> "BootTimes":
        """Return the times of phases, in seconds from the start of the VM, by the names of the phases."""
        return cls(**{f"{name}_s": at_s for name, at_s in times.items()})

    def reached(self) -> tuple[tuple[str, float], ...]:
        """Return name and seconds of each phase that was reached, in the order of a boot."""
        times = ((name, getattr(self, f"{name}_s")) for name in PHASES)
        return tuple((name, at_s) for name, at_s in times if at_s is not None)

    def later(self, seconds: float, latest_s: float) -> "BootTimes":
        """Return these phases so many seconds later, none of them after a moment."""
        return BootTimes.of({name: min(at_s + seconds, latest_s) for name, at_s in self.reached()})


NO_BOOT: Final = BootTimes()
PHASES: Final = tuple(field.name.removesuffix("_s") for field in fields(BootTimes))


def slowest(boots: Iterable[BootTimes]) -> BootTimes:
    """Return the latest time of each phase that any of these boots has reached."""
    latest: dict[str, float] = {}
    for boot in boots:
        for name, at_s in boot.reached():
            latest[name] = max(at_s, latest.get(name, 0.0))
    return BootTimes.of(latest)
