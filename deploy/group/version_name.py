"""What a version's name in a group says: who rolls what, since when, until when. A stranger process judges by it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from deploy.errors import RefusedError

Kind = Literal["deploy", "rollback"]
_TIME: Final = "%Y%m%dT%H%M%SZ"
_RUN: Final = r"[\w.-]{1,40}"
_SHAPE: Final = re.compile(
    rf"(deploy|rollback)/([0-9a-f]{{12}})/({_RUN})/(\d{{8}}T\d{{6}}Z)/(\d{{8}}T\d{{6}}Z)", re.ASCII
)


@dataclass(frozen=True)
class VersionName:
    """
    One rollout.

    Args:
        kind: What was typed.
        release: First 12 digits of the image's digest.
        run: Of the process that wrote it; 1 to 40 letters, digits, dots, hyphens or underscores.
        began_at: UTC, whole seconds.
        deadline_at: When whoever finds it may call it failed.
    """

    kind: Kind
    release: str
    run: str
    began_at: datetime
    deadline_at: datetime

    def __post_init__(self) -> None:
        if not re.fullmatch(_RUN, self.run, re.ASCII):
            raise RefusedError(f"run: got '{self.run}'.", "1 to 40 letters, digits, dots, hyphens or underscores")

    def __str__(self) -> str:
        times = f"{self.began_at.strftime(_TIME)}/{self.deadline_at.strftime(_TIME)}"
        return f"{self.kind}/{self.release}/{self.run}/{times}"


def parse_version_name(name: str) -> VersionName | None:
    """Read a version's name; None for one that is not ours."""
    found = _SHAPE.fullmatch(name)
    if found is None:
        return None
    try:
        began_at, deadline_at = (datetime.strptime(found[part], _TIME).replace(tzinfo=UTC) for part in (4, 5))
    except ValueError:
        return None
    return VersionName("deploy" if found[1] == "deploy" else "rollback", found[2], found[3], began_at, deadline_at)
