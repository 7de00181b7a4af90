"""
The version name of a group: which rollout set the target version, when, and its deadline, for any other process.

The name of a rollout with steps has no deadline: a changed name alone replaces instances, so that the name could not
follow the steps.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from deploy.errors import RefusedError

Kind = Literal["deploy", "rollback"]
_TIME: Final = "%Y%m%dT%H%M%SZ"
_RUN: Final = r"[\w.-]{1,40}"
_STEPS: Final = "steps"  # in place of a deadline
_VERSION_NAME: Final = re.compile(
    rf"(deploy|rollback)/([0-9a-f]{{12}})/({_RUN})/(\d{{8}}T\d{{6}}Z)/(?:(\d{{1,9}})s|(\d{{8}}T\d{{6}}Z)|{_STEPS})",
    re.ASCII,
)
_LONGEST_BUDGET: Final = timedelta(seconds=999_999_999)  # nine digits
_LONGEST: Final = 63  # characters; assumed, as for names of resources: no public source has a longer version name
_HASH: Final = 8


@dataclass(frozen=True)
class VersionName:
    """
    The rollout that a version name describes.

    Args:
        kind: verb that started the rollout.
        release: first 12 digits of the image's digest.
        run: id of the process that wrote the name; 1 to 40 letters, digits, dots, hyphens or underscores.
        began_at: start of the rollout; UTC, whole seconds.
        deadline_at: time after which another process may roll the release back; UTC, whole seconds. None for a rollout
            with steps.

    Raises:
        RefusedError: the id of the process has another form.
    """

    kind: Kind
    release: str
    run: str
    began_at: datetime
    deadline_at: datetime | None

    def __post_init__(self) -> None:
        if not re.fullmatch(_RUN, self.run, re.ASCII):
            raise RefusedError(f"run: got '{self.run}'.", "use 1 to 40 letters, digits, dots, hyphens or underscores")

    def __str__(self) -> str:
        end = f"{(self.deadline_at - self.began_at).total_seconds():.0f}s" if self.deadline_at else _STEPS
        return f"{self.kind}/{self.release}/{self.run}/{self.began_at.strftime(_TIME)}/{end}"

    def has_time_left(self, now: datetime) -> bool:
        """Return whether the deadline is ahead; a rollout with steps has none."""
        return self.deadline_at is not None and self.deadline_at > now

    def may_bake(self, now: datetime, bake_s: float) -> bool:
        """
        Return whether a process may still bake the rollout in time; one with steps has no deadline.

        Args:
            now: time at Compute Engine, UTC.
            bake_s: seconds of the last bake, which follows the deadline at the latest.
        """
        return self.deadline_at is None or self.deadline_at + timedelta(seconds=bake_s) > now


def version_name(kind: Kind, digest: str, run: str, now: datetime, budget_s: float | None) -> VersionName:
    """
    Return the version name of a rollout that begins now; at most 63 characters.

    Args:
        kind: verb that started the rollout.
        digest: digest of the release's image.
        run: id of the process that writes the name; an id that is too long is shortened, and ends in its hash then.
        now: time at Compute Engine, UTC.
        budget_s: seconds until the deadline; None for a rollout with steps.
    """
    began_at = now.replace(microsecond=0)
    release = digest.removeprefix("sha256:")[:12]
    deadline_at = None if budget_s is None else began_at + timedelta(seconds=round(budget_s))
    name = VersionName(kind, release, run, began_at, deadline_at)
    excess = len(str(name)) - _LONGEST
    if excess <= 0:
        return name
    kept = run[: len(run) - excess - _HASH - 1]
    return replace(name, run=f"{kept}-{hashlib.sha256(run.encode()).hexdigest()[:_HASH]}")


def parse_version_name(text: str) -> VersionName | None:
    """
    Return the rollout that a version name describes; None for a name that `deploy` did not write.

    A name that an earlier version of deploy wrote ends in the time of its deadline, such as 20261127T101000Z.
    """
    match = _VERSION_NAME.fullmatch(text)
    if match is None:
        return None
    try:
        began_at = _parse_time(match[4])
        deadline_at = began_at + timedelta(seconds=int(match[5])) if match[5] else match[6] and _parse_time(match[6])
    except (ValueError, OverflowError):
        return None
    if deadline_at and not timedelta(0) <= deadline_at - began_at <= _LONGEST_BUDGET:
        return None
    return VersionName(
        "deploy" if match[1] == "deploy" else "rollback", match[2], match[3], began_at, deadline_at or None
    )


def _parse_time(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
