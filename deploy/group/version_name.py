"""The version name of a group: which rollout set the target version, when, and its deadline, for any other process."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from deploy.errors import RefusedError

Kind = Literal["deploy", "rollback"]
_TIME: Final = "%Y%m%dT%H%M%SZ"
_RUN: Final = r"[\w.-]{1,40}"
_VERSION_NAME: Final = re.compile(
    rf"(deploy|rollback)/([0-9a-f]{{12}})/({_RUN})/(\d{{8}}T\d{{6}}Z)/(\d{{8}}T\d{{6}}Z)", re.ASCII
)


@dataclass(frozen=True)
class VersionName:
    """
    The rollout that a version name describes.

    Args:
        kind: verb that started the rollout.
        release: first 12 digits of the image's digest.
        run: id of the process that wrote the name; 1 to 40 letters, digits, dots, hyphens or underscores.
        began_at: start of the rollout; UTC, whole seconds.
        deadline_at: time after which another process may roll the release back; UTC, whole seconds.

    Raises:
        RefusedError: the id of the process has another form.
    """

    kind: Kind
    release: str
    run: str
    began_at: datetime
    deadline_at: datetime

    def __post_init__(self) -> None:
        if not re.fullmatch(_RUN, self.run, re.ASCII):
            raise RefusedError(f"run: got '{self.run}'.", "use 1 to 40 letters, digits, dots, hyphens or underscores")

    def __str__(self) -> str:
        times = f"{self.began_at.strftime(_TIME)}/{self.deadline_at.strftime(_TIME)}"
        return f"{self.kind}/{self.release}/{self.run}/{times}"


def version_name(kind: Kind, digest: str, run: str, now: datetime, budget_s: float) -> VersionName:
    """
    Return the version name of a rollout that begins now.

    Args:
        kind: verb that started the rollout.
        digest: digest of the release's image.
        run: id of the process that writes the name.
        now: time at Compute Engine, UTC.
        budget_s: seconds until the deadline.
    """
    began_at = now.replace(microsecond=0)
    release = digest.removeprefix("sha256:")[:12]
    return VersionName(kind, release, run, began_at, began_at + timedelta(seconds=round(budget_s)))


def parse_version_name(text: str) -> VersionName | None:
    """Return the rollout that a version name describes; None for a name that `deploy` did not write."""
    match = _VERSION_NAME.fullmatch(text)
    if match is None:
        return None
    try:
        began_at, deadline_at = (datetime.strptime(match[part], _TIME).replace(tzinfo=UTC) for part in (4, 5))
    except ValueError:
        return None
    return VersionName("deploy" if match[1] == "deploy" else "rollback", match[2], match[3], began_at, deadline_at)
