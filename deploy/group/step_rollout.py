"""A rollout with steps, read from its group and the release record of its canary: which step the group is at. Pure."""

from dataclasses import dataclass

from deploy.documents.canary import Canary, canary_instances, canary_of
from deploy.documents.group_state import Group
from deploy.documents.resource import Document, find_by_link
from deploy.group.observation import Observation
from deploy.group.version_name import parse_version_name
from deploy.release.record import Fallback, ReleaseRecord
from deploy.release.steps import Step, pauses_after, position
from deploy.release.template import release_record


@dataclass(frozen=True)
class StepRollout:
    """
    A rollout with steps whose group has two versions.

    Args:
        canary: what the group is set to.
        template: template of the new version.
        record: release record of that template, which has the steps.
        index: index of the step that the group is set to.
        old: the old version, which a rollback restores.
    """

    canary: Canary
    template: Document
    record: ReleaseRecord
    index: int
    old: Fallback

    @property
    def step(self) -> Step:
        """The step that the group is set to."""
        return self.record.steps[self.index]

    @property
    def text(self) -> str:
        """The step, such as `step 1 of 3`; the whole group is the last step."""
        return step_text(self.index, self.record.steps)


def is_paused(group: Group, rollout: StepRollout) -> bool:
    """Return whether a rollout pauses after its step, at the target size of its group."""
    return pauses_after(rollout.record.steps, rollout.index, group.target_size)


def step_text(index: int, steps: tuple[Step, ...]) -> str:
    """Return a step in words, such as `step 1 of 3`; the whole group is the last step."""
    return f"step {index + 1} of {len(steps) + 1}"


def share_text(group: Group, canary: Canary) -> str:
    """Return how much of a group a canary has, such as `1 of 3 instances`."""
    return f"{canary_instances(group, canary)} of {group.target_size} instances"


def is_own_canary(group: Group) -> bool:
    """Return whether the version name of a group's canary is that of a rollout with steps by `deploy`."""
    canary = canary_of(group)
    name = parse_version_name(canary.new.name) if canary else None
    return name is not None and name.kind == "deploy" and name.deadline_at is None


def step_rollout(observed: Observation) -> StepRollout | None:
    """
    Return the rollout with steps that a group is in.

    Returns:
        The rollout; None if the group has one version, or two versions that no deploy with steps has set.
    """
    rollout = _own_rollout(observed)
    return rollout if isinstance(rollout, StepRollout) else None


def lost_step_reason(observed: Observation) -> str:
    """
    Return why a canary of `deploy` is at no step of its release, so that no process can go on with it.

    Another client may have set another size, or the template with the steps was deleted or changed.

    Returns:
        The reason, with both templates; empty for a canary at a step, and for a group without a canary of `deploy`.
    """
    canary, rollout = canary_of(observed.group), _own_rollout(observed)
    if canary is None or not isinstance(rollout, str):
        return ""
    share = share_text(observed.group, canary)
    return f"'{canary.new.template}' is a canary on {share} beside '{canary.old.template}', and {rollout}"


def _own_rollout(observed: Observation) -> StepRollout | str | None:
    """Return the rollout with steps of a group, why its step is unknown, or None for a group without its canary."""
    group, canary = observed.group, canary_of(observed.group)
    if canary is None or not is_own_canary(group):
        return None
    new, old = (find_by_link(observed.templates, version.link) for version in (canary.new, canary.old))
    if new is None or old is None:
        return f"template '{(canary.old if new else canary.new).template}' was not found"
    record = release_record(new)
    if record is None:
        return "its template has no release record that can be read"
    if record.group != group.qualified_name:
        return f"its release record is of group '{record.group}'"
    index = position(record.steps, canary.size)
    if index is None:
        sizes = ", ".join(str(step.size) for step in record.steps) or "none"
        return f"its size {canary.size} is no step of its release, whose steps are {sizes}"
    return StepRollout(canary, new, record, index, Fallback(canary.old.link, str(old["id"]), canary.old.name))
