"""What may judge a release beside the health of its instances, while its bake lasts."""

from dataclasses import dataclass
from typing import Literal, Protocol

from deploy.analysis.reading import CheckSeries
from deploy.documents.canary import Target
from deploy.documents.group_state import Group
from deploy.group.health import Verdict
from deploy.rollout.plan import Plan, WaitForRollout


@dataclass(frozen=True)
class BakeFinding:
    """
    What a check found at a poll of a bake.

    Args:
        state: passed: the release may go on; failed: it is rolled back; inconclusive: if this is so at the end of the
            bake, the rollout pauses.
        text: reason of a state other than passed.
    """

    state: Literal["passed", "failed", "inconclusive"]
    text: str = ""

    @property
    def verdict(self) -> Verdict:
        """The verdict of a finding that failed."""
        return Verdict("failed", self.text, fix="correct what the check shows, and deploy again")


class BakeCheck(Protocol):
    """Judges a release at each poll of a bake in which its instances are healthy; never called in a rollback."""

    @property
    def series(self) -> tuple[CheckSeries, ...]:
        """What was read until now, for the report."""

    def __call__(self, group: Group, target: Target, at_s: float) -> BakeFinding:
        """
        Judge a release.

        Args:
            group: the group at this poll.
            target: what the group is set to: a canary beside the old version, or in the last step the new version.
            at_s: time of this poll, seconds since the start of the rollout.
        """


@dataclass(frozen=True)
class PausingCheck:
    """
    Judges a release that may have been proven before: what would fail a rollout only pauses this one.

    Args:
        check: the check of a bake.
    """

    check: BakeCheck

    @property
    def series(self) -> tuple[CheckSeries, ...]:
        """What the check has read until now."""
        return self.check.series

    def __call__(self, group: Group, target: Target, at_s: float) -> BakeFinding:
        """Judge a release; the arguments are those of any check."""
        finding = self.check(group, target, at_s)
        if finding.state != "failed":
            return finding
        fix = "run `rollback` to restore the release before"
        return BakeFinding("inconclusive", f"the last bake was judged again: {finding.text}; {fix}")


def check_of_plan(plan: Plan, check: BakeCheck | None) -> BakeCheck | None:
    """Return what judges the release of a plan beside its health; None for nothing."""
    if check is None or not isinstance(plan, WaitForRollout):
        return check
    if not plan.is_judged:
        return None
    return PausingCheck(check) if plan.may_be_proven else check
