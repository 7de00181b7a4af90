"""What a group continues to do after a run of deploy was interrupted, read once more before the process ends."""

import contextlib
from dataclasses import dataclass
from typing import Final

from deploy.compute_engine.managed_group import ManagedGroup
from deploy.group.unattended_rollout import unattended_rollout
from deploy.rollout.bounded_read import result_within
from deploy.rollout.result import RolloutResult

# GitHub sends SIGTERM 7.5 s after SIGINT, and kills 2.5 s later.
_READ_S: Final = 5.0


@dataclass(frozen=True)
class Interruption:
    """
    The state in which an interrupted rollout leaves its group.

    Args:
        text: one or two sentences about the group.
        is_applied: whether the rollout wrote a target version to the group, or may have.
    """

    text: str
    is_applied: bool


NOT_BEGUN: Final = Interruption("Nothing was written.", is_applied=False)
_UNKNOWN: Final = Interruption("The group can't be read: its target version is not known.", is_applied=True)

_RESTORED: Final = (
    "The target version of the group is unchanged, and the update policy of the environment file is restored."
)


def read_interruption(managed: ManagedGroup, result: RolloutResult | None) -> Interruption:
    """
    Read the group, for 5 s at most, and return the state in which an interrupted rollout leaves it.

    Args:
        managed: the group.
        result: result of the rollout until its interruption; None if no rollout began.
    """
    if result is None:
        return NOT_BEGUN
    with contextlib.suppress(Exception):  # the last read of an ended run: whatever it raises, the run is reported
        group = result_within(_READ_S, managed.read)
        if group is not None:
            text, is_applied = unattended_rollout(group, result.target, result.before, is_patched=result.changed)
            is_policy_alone = result.restored_policy and not is_applied
            return Interruption(_RESTORED if is_policy_alone else text, is_applied)
    return _UNKNOWN
