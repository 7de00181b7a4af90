"""Polls a group until its target version serves or has failed: the one loop of a rollout."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.compute_engine.managed_group import ManagedGroup
from deploy.config import Config
from deploy.documents.group_state import Group, Version
from deploy.errors import CloudError, NotAllowedError, RefusedError, SupersededError
from deploy.group.boot_phases import UNKNOWN_BOOT, BootFacts
from deploy.group.canary_health import canary_verdict
from deploy.group.health import PollSummary, Verdict, add_poll, failing_check_warnings, group_verdict
from deploy.group.later_changes import changes_since_patch
from deploy.rollout.bake_check import BakeCheck, BakeFinding
from deploy.rollout.early_failure import EarlyFailureDetector
from deploy.rollout.snapshot import PrintLine, ShowSnapshot, Snapshot
from deploy.rollout.timeline import Timeline
from deploy.rollout.watch_errors import InconclusiveError, NotServedError
from deploy.rollout.watch_state import (
    Goal,
    WatchState,
    after_failed_poll,
    after_poll,
    failure,
    first_state,
    has_settling_changed,
    is_served,
    pause_s,
    requests_a_minute,
    settling_pause_s,
    size_warnings,
)

_SETTLE_S: Final = 60.0
_SETTLING_READ_S: Final = 5.0


@dataclass
class Watch:
    """
    Polls one group while a release is rolled out, and while it is rolled back.

    Args:
        managed: the group.
        config: names and rollout settings of the environment.
        release: version that is rolled out.
        show_snapshot: function that shows the progress after each poll.
        print_line: function that prints a line that is no snapshot.
        bake_check: judges the release at each poll of a bake; None for its health alone.
        boot: what is known of the boots of the release.

    Attributes:
        timeline: times of all polls.
        group: the group at the last poll that could be read; None before the first.
        replaced: fingerprint of the group before our PATCH; an answer with this fingerprint is older than the PATCH.
        patched: document of the group as our PATCH left it; None if this process made none.
    """

    managed: ManagedGroup
    config: Config
    release: Version
    show_snapshot: ShowSnapshot
    print_line: PrintLine
    bake_check: BakeCheck | None = None
    boot: BootFacts = UNKNOWN_BOOT
    timeline: Timeline = field(default_factory=Timeline, init=False)
    group: Group | None = field(default=None, init=False)
    replaced: str = field(default="", init=False)
    patched: Mapping[str, Any] | None = field(default=None, init=False)
    _read_error: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._time = self.managed.compute.time
        self._began_s = self._time.now_s()
        self._early_failures = EarlyFailureDetector(self.managed, self.config, has_phases=self.boot.has_phases)

    def bake_s(self, least_s: float) -> float:
        """Return how long success must last: where a check judges the release, as long as its metrics need."""
        return self.config.rollout.judged_bake_s(least_s) if self.bake_check else least_s

    def until_served(self, goal: Goal) -> tuple[str, ...]:
        """
        Poll until the target version serves, twice in a row and for as long as the bake lasts; repeat a failed poll.

        Returns:
            Warnings about changes of the target size.

        Raises:
            NotServedError: the version failed, or did not serve in time.
            InconclusiveError: a check of the bake could not judge the version when the bake was over.
            SupersededError: another process or client changed the group's version.
        """
        state = first_state(goal, self.config.rollout, self._time.now_s(), self.boot.started_s)
        while True:
            state = self._poll(state)
            if state.verdict.state == "superseded":
                raise SupersededError(f"group '{self.config.group}': {state.verdict.text}.", "see `status`")
            finding = self._check_bake(state)
            if finding.state == "failed":
                raise NotServedError(finding.verdict)
            if is_served(state):
                if finding.state == "inconclusive":
                    raise InconclusiveError(finding.text, size_warnings(state))
                if goal.bake_s and not goal.canary:
                    self.reach("baked")
                return size_warnings(state)
            failed = failure(state)
            if failed is not None:
                raise NotServedError(failed)
            self._pause(state)

    def until_settled_again(self, target: Version, replaced: str) -> tuple[str, ...]:
        """
        Poll after a PATCH of the update policy alone, until the group has settled again or a minute has passed.

        A group that is not settled proves no release, so a deploy that began now would not fall back on this one.

        Args:
            target: version that the group served before the PATCH.
            replaced: fingerprint of the group before the PATCH; empty if there was none, and nothing to wait for.

        Returns:
            Warnings: the group has not settled, its version or its target size was changed.
        """
        if not replaced:
            return ()
        self.print_line("the update policy of the environment file is restored")
        self.replaced, goal = replaced, Goal(target=target, budget_s=_SETTLE_S, is_rollback=True)
        try:
            return self.until_served(goal)
        except NotServedError as error:
            state, text = "the group has not settled again", error.verdict.text
        except SupersededError as error:
            state, text = "the version of the group was changed", error.message.partition(": ")[2]
        return (f"{state} after its update policy was restored: {text.rstrip('.')}",)

    def _pause(self, state: WatchState) -> None:
        """Wait until the next poll; while the group only has to settle, its document shows when that is."""
        compute, most = self.managed.compute, requests_a_minute(self.config.rollout)
        pause = None if self._read_error else settling_pause_s(state, self._time.now_s())
        if pause is None:
            compute.pause(pause_s(state, compute.rate.count(self._time.now_s())), most)
        while pause is not None:
            compute.pause(pause, most)
            try:
                document = self.managed.get(_SETTLING_READ_S)
            except (CloudError, NotAllowedError):
                return  # the poll reads the group again, and names the error
            if has_settling_changed(state, document):
                return
            pause = settling_pause_s(state, self._time.now_s())

    def _poll(self, state: WatchState) -> WatchState:
        """Read the group once, judge it and show the snapshot; return the next state."""
        group, now_s = self._read_group(), self._time.now_s()
        if group is None:
            return after_failed_poll(state, self._read_error, now_s)
        polls = add_poll(group, state.goal.target, state.polls)
        if not state.goal.is_rollback:
            self._early_failures.boots.read(group, state.goal.target, now_s)
        judged = self._judge(group, state.goal, polls)
        self._record(now_s - self._began_s, group, state.goal.target, judged)
        return after_poll(state, group, polls, judged, now_s)

    def _check_bake(self, state: WatchState) -> BakeFinding:
        """Return what the check of the bake finds at this poll; a release whose instances do not serve has no bake."""
        goal = state.goal
        if self.bake_check is None or state.group is None or goal.is_rollback or state.verdict.state != "done":
            return BakeFinding("passed")
        return self.bake_check(state.group, goal.canary or goal.target, state.now_s - self._began_s)

    def _read_group(self) -> Group | None:
        """Read the group; None if the read fails. Of several failed reads in a row, only the first is printed."""
        try:
            group = self.managed.read()
        except (RefusedError, CloudError, NotAllowedError) as error:
            # A group that is not found counts as a failed read: a single 404 is no proof.
            if not self._read_error:
                self.print_line(f"the group can't be read: {error.message}")
            self._read_error = f"the group can't be read: {error.message.rstrip('.')}"
            return None
        self._read_error, self.group = "", group
        return group

    def _judge(self, group: Group, goal: Goal, polls: PollSummary) -> Verdict:
        """Return the verdict on a group; an instance's output may show a failure before the group's state does."""
        if self.replaced and group.fingerprint == self.replaced:
            return Verdict("waiting", "the answer is older than the PATCH")
        if goal.canary:
            judged = canary_verdict(group, goal.canary, polls)
        else:
            judged = group_verdict(group, goal.target, polls, needs_proof=not goal.is_rollback)
        if judged.state == "waiting" and not goal.is_rollback:
            return self._early_failures.read_verdict(group, goal.target, self._time.now_s()) or judged
        return judged

    def _record(self, at_s: float, group: Group, target: Version, verdict: Verdict) -> None:
        """Add a poll to the timeline, and show its snapshot."""
        boots = self._early_failures.boots.boots
        timeline = self.timeline.add(group, self.release, at_s).add_boots(boots, at_s)
        if group.versions == (self.release,):
            timeline = timeline.reach(at_s, "settled") if verdict.state == "done" else timeline.remove("settled")
        self.timeline = timeline
        self.show_snapshot(Snapshot(at_s, group, target, verdict, timeline))

    def reach(self, milestone: str) -> None:
        """Record that a milestone is reached now."""
        self.timeline = self.timeline.reach(self._time.now_s() - self._began_s, milestone)

    def failing_checks(self) -> tuple[str, ...]:
        """Return warnings about other health checks than the group's own that failed at the last poll."""
        return failing_check_warnings(self.group) if self.group else ()

    def edits(self) -> tuple[str, ...]:
        """Return the settings of the group that were changed since our PATCH, as the last poll shows them."""
        return changes_since_patch(self.patched, self.group.raw if self.group else None)

    def serial_output(self, instance: str) -> str:
        """Return an instance's serial output as it was read last; empty if it was not read."""
        return self._early_failures.outputs.get(instance, "")
