"""Looks at a group until what it was told to serve serves, or has failed: the one place that loops."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from deploy.compute_engine.client import Compute
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.config import Config
from deploy.documents.group_state import Group, Version
from deploy.errors import CloudError, NotAllowedError, RefusedError, SupersededError
from deploy.group.health import PollSummary, Verdict, add_poll, group_verdict
from deploy.group.later_changes import changes_since_patch
from deploy.rollout.diagnostics import Symptoms
from deploy.rollout.poll_interval import pause_s
from deploy.rollout.timeline import Timeline

_LOOKS: Final = 2  # in a row that must agree before success is believed


class FailedError(Exception):
    """A wait that ended badly; becomes one of ours once it is known whether the way back worked."""

    def __init__(self, found: Verdict) -> None:
        super().__init__(found.text)
        self.verdict = found


@dataclass(frozen=True)
class Look:
    """
    What was seen at one moment.

    Args:
        at_s: Seconds since the start of the rollout.
        group: As it was read.
        target: Version that the group was told to serve.
        verdict: On it.
        timeline: Of all looks, this one included.
    """

    at_s: float
    group: Group
    target: Version
    verdict: Verdict
    timeline: Timeline


Show = Callable[[Look], None]


@dataclass
class Watch:
    """
    What looks at one group, while a release is rolled out and on the way back.

    Args:
        compute: API of the project.
        config: Names and times.
        release: Version that is rolled out.
        began_s: When the rollout began, by the clock of `compute`.
        show: Told of each look.
        say: Told what is no look, one line each.

    Attributes:
        timeline: What was seen until now.
        replaced: Fingerprint that our write took the place of; an answer that has it is older than our write.
        snapshot: The group at the last poll; None before the first one.
        patched: The group's document as our write left it; None if this process wrote none.
    """

    compute: Compute
    config: Config
    release: Version
    began_s: float
    show: Show
    say: Callable[[str], None]
    timeline: Timeline = field(default_factory=Timeline, init=False)
    replaced: str = field(default="", init=False)
    snapshot: Group | None = field(default=None, init=False)
    patched: Mapping[str, Any] | None = field(default=None, init=False)
    _unread: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._symptoms = Symptoms(self.compute, self.config)

    def until_served(
        self,
        version: Version,
        budget_s: float | None,
        bake_s: float,
        *,
        is_way_back: bool = False,
        had_instances: bool = False,
    ) -> None:
        """
        Look until a version serves, twice in a row, and then as long as the bake lasts.

        A group that can't be read is looked at again for as long as there is time: that says nothing of the release.

        Args:
            version: That the group was told to serve.
            budget_s: How long it may take, the bake aside; None for as long as a way back of this size may.
            bake_s: How long success must last.
            is_way_back: Wait for capacity as long as there is time; there is nothing better to go to.
            had_instances: Whether the group had or was to have instances at preflight.

        Raises:
            FailedError: It failed, or was not done in time, or the group is gone.
            SupersededError: The group was told to serve another one.
        """
        time = self.compute.time
        began_s, good_since_s, looks, seen = time.now_s(), None, 0, PollSummary(had_instances)
        last, changed_s, size = None, began_s, None
        while True:
            group = self._read()
            now_s = time.now_s()
            if group is None:
                found = Verdict("waiting", self._unread)
            else:
                size = group.target_size if size is None else size
                seen = add_poll(group, version, seen)
                found = self._judge(group, version, seen, is_way_back=is_way_back)
                self._note(Look(now_s - self.began_s, group, version, found, self.timeline))
                self._give_up(found, is_way_back=is_way_back)
                looks = looks + 1 if found.state == "done" else 0
                good_since_s = (now_s if good_since_s is None else good_since_s) if looks else None
                if good_since_s is not None and looks >= _LOOKS and now_s - good_since_s >= bake_s:
                    if bake_s:
                        self.reach("baked")
                    if group.target_size != size:
                        now = f"the target size was {size} when this began and is {group.target_size} now"
                        self.compute.warnings.append(now)
                    return
                if (group.instances, group.is_stable, group.is_reached) != last:
                    last, changed_s = (group.instances, group.is_stable, group.is_reached), now_s
            allowed_s = self.config.rollout.rollback_budget_s(size or 0) if budget_s is None else budget_s
            if now_s - began_s >= allowed_s + (bake_s if looks else 0.0):
                raise FailedError(Verdict("failed", f"not done after {allowed_s:g} s: {found.text}"))
            time.sleep(pause_s(self.config.rollout.poll_s, now_s - changed_s))

    def _read(self) -> Group | None:
        """Read the group; None while that fails, which is said once."""
        try:
            group = ManagedGroup(self.compute, self.config.zone, self.config.group).read()
        except (RefusedError, CloudError, NotAllowedError) as error:
            # A group that is not found counts as one that can't be read: a single 404 is no proof.
            if not self._unread:
                self.say(f"the group can't be read: {error.message}")
            self._unread = f"the group can't be read: {error.message.rstrip('.')}"
            return None
        self._unread, self.snapshot = "", group
        return group

    def _give_up(self, found: Verdict, *, is_way_back: bool) -> None:
        """End the wait if a verdict says so."""
        if found.state == "superseded":
            raise SupersededError(f"group '{self.config.group}': {found.text}.", "see status")
        if found.state == "failed" or (found.state == "capacity" and not is_way_back):
            raise FailedError(found)

    def _judge(self, group: Group, version: Version, seen: PollSummary, *, is_way_back: bool) -> Verdict:
        """Judge a look; an answer older than our write says nothing, and what a machine says may speak earlier."""
        if self.replaced and group.fingerprint == self.replaced:
            return Verdict("waiting", "the answer is older than our write")
        found = group_verdict(group, version, seen, needs_proof=not is_way_back)
        if found.state == "waiting" and not is_way_back:
            return self._symptoms.ask(group, version, self.compute.time.now_s()) or found
        return found

    def edits(self) -> tuple[str, ...]:
        """Return what was changed in the group since our write, as far as the last poll shows it."""
        return changes_since_patch(self.patched, self.snapshot.raw if self.snapshot else None)

    def serial_output(self, instance: str) -> str:
        """Return what an instance's serial port held when it was read last; empty if it was not read."""
        return self._symptoms.outputs.get(instance, "")

    def reach(self, milestone: str) -> None:
        """Note that a milestone is reached now."""
        self.timeline = self.timeline.reach(self.compute.time.now_s() - self.began_s, milestone)

    def _note(self, seen: Look) -> None:
        """Add a look to the timeline, and show it."""
        timeline = self.timeline.add(seen.group, self.release, seen.at_s)
        if seen.target == self.release:
            timeline = (
                timeline.reach(seen.at_s, "settled") if seen.verdict.state == "done" else timeline.forget("settled")
            )
        self.timeline = timeline
        self.show(replace(seen, timeline=timeline))
