"""A rollout with steps, read from its group and the release record of its canary: which step the group is at. Pure."""

from dataclasses import dataclass

from deploy.documents.canary import Canary, canary_instances, canary_of
from deploy.documents.group_state import Group
from deploy.documents.resource import Document, links_of
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
    canary = canary_of(observed.group)
    if canary is None or not is_own_canary(observed.group):
        return None
    new, old = (_find(observed, version.link) for version in (canary.new, canary.old))
    record = release_record(new) if new else None
    if not (new and old and record) or record.group != observed.group.qualified_name:
        return None
    index = position(record.steps, canary.size)
    if index is None:
        return None
    return StepRollout(canary, new, record, index, Fallback(canary.old.link, str(old["id"]), canary.old.name))


def _find(observed: Observation, link: str) -> Document | None:
    return next((template for template in observed.templates if link in links_of(template)), None)
