"""What one poll of a group returned, for those who show the progress of a rollout."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy.documents.group_state import Group, Version
from deploy.group.health import Verdict
from deploy.rollout.timeline import Timeline


@dataclass(frozen=True)
class Snapshot:
    """
    What one poll of a group returned.

    Args:
        at_s: seconds since the start of the rollout.
        group: the group.
        target: version that the group is set to.
        verdict: verdict on the group.
        timeline: times of all polls, this one included.
    """

    at_s: float
    group: Group
    target: Version
    verdict: Verdict
    timeline: Timeline


ShowSnapshot = Callable[[Snapshot], None]
PrintLine = Callable[[str], None]
