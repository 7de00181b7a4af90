"""
The invariant of canaries, checked on the emulator's request log and on each PATCH of a client.

    14 without `promote` no client raises a canary from a step that pauses, nor over one; a canary gains no instance
       above its size
"""

from collections.abc import Sequence
from typing import Any

from deploy.documents.canary import Canary, Target, target_of
from deploy.documents.group_state import Group, Version, parse_group
from deploy.group.version_name import parse_version_name
from deploy.release.steps import Step, position
from deploy.release.template import release_record
from tests.integration.deploy.rig import Rig
from tests.unit.deploy.values import GROUP


class CanaryWatcher:
    """
    Checks the canaries of a group.

    Args:
        rig: rig of the emulator.
    """

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.promoters: dict[str, str] = {}
        self.raised = 0
        self._instances: tuple[tuple[str, str], int] = ("", ""), 0
        self._is_resumed = False

    def resume(self) -> None:
        """Record that an operator takes instances out of the standby pool, also those of a canary."""
        self._is_resumed = True

    def target(self) -> Target | None:
        """Return what the group is set to."""
        return target_of(self._group())

    def is_own(self) -> bool:
        """Return whether the group is set to a canary that `deploy` began."""
        target = self.target()
        name = parse_version_name(target.new.name) if isinstance(target, Canary) else None
        return name is not None and name.deadline_at is None

    def check_instances(self, entry: dict[str, Any]) -> None:
        """Check an entry of the request log: a canary gains no instance above its size, and a settled one has it."""
        if len(entry["versions"]) < 2:
            self._instances = ("", ""), 0
            return
        canary = entry["versions"][0]
        key = canary["template"], canary["name"]
        count = sum(
            (row["template"], row["version"], row["target"]) == (*key, "RUNNING")
            and row["action"] not in ("DELETING", "ABANDONING")
            for row in entry["instances"]
        )
        before = self._instances[1] if self._instances[0] == key else count if self._is_resumed else 0
        most = max(canary["size"], before, count if self._is_resumed else 0)
        assert count <= most, f"I-14: {count} instances of a canary of {canary['size']}"
        self._instances, self._is_resumed = (key, count), False

    def check_patch(self, client: str, before: Target | None, after: Target | None) -> None:
        """Check a PATCH by which a client changed what the group is set to."""
        if isinstance(before, Version) and isinstance(after, Canary):
            steps = self._steps(after.new)
            assert steps, "I-14: a canary without steps"
            assert after.size == steps[0].count, f"I-14: a canary begins with {after.size}"
        if not isinstance(before, Canary) or self._new(after) != before.new:
            return
        steps = self._steps(before.new)
        begins = position(steps, before.size)
        assert begins is not None, "I-14: a client changed the canary of another"
        ends = position(steps, after.size) if isinstance(after, Canary) else len(steps)
        assert ends is not None, "I-14: the size of a canary is no step of its release"
        assert ends > begins, "I-14: a client lowered a canary"
        promotion = self.promoters.get(client, "")
        size = self._group().target_size
        reached = before.size.instances(size)
        left_out = [step for step in steps if not reached < step.count.instances(size) < size]
        passed = (
            [step for step in steps[begins + 1 : ends] if step not in left_out] if promotion else steps[begins:ends]
        )
        assert promotion == "full" or not any(step.pauses for step in passed), f"I-14: {client} passed a pause"
        if promotion:
            self.promoters[client] = ""
        self.raised += 1

    def _group(self) -> Group:
        return parse_group(self.rig.emulator.environment.view.get(GROUP) or {}, ())

    def _steps(self, version: Version) -> tuple[Step, ...]:
        document = self.rig.emulator.environment.view.get(
            f"projects/dojangkok-dev/global/instanceTemplates/{version.template}"
        )
        record = release_record(document) if document else None
        return record.steps if record else ()

    @staticmethod
    def _new(target: Target | None) -> Version | None:
        return target.new if isinstance(target, Canary) else target


def is_abort(known: Sequence[Target | None], before: Target | None, after: Target | None) -> bool:
    """Return whether the version beside a known canary is restored, whose size an operator has changed meanwhile."""
    if not isinstance(before, Canary):
        return False
    pairs = [(canary.old, canary.new) for canary in known if isinstance(canary, Canary)]
    return after == before.old and (before.old, before.new) in pairs
