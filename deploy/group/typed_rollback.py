"""Whether a rollout with a surge of its own set the version of a group, and whether that surge is left; pure."""

from collections.abc import Iterable
from datetime import datetime

from deploy.documents.group_state import Group
from deploy.documents.resource import Document
from deploy.group import update_policy
from deploy.group.health import is_empty, is_idle, is_on_one_version
from deploy.group.version_name import parse_version_name
from deploy.release import template
from deploy.rollout_settings import RolloutSettings


def is_fallback(group: Group, templates: Iterable[Document]) -> bool:
    """Return whether a release of this group has the group's version as its fallback."""
    records = filter(None, map(template.release_record, templates))
    fallbacks = [record.fallback for record in records if record.group == group.qualified_name]
    return any(fallback is not None and group.versions[:1] == (fallback.version,) for fallback in fallbacks)


def is_judged(settings: RolloutSettings, group: Group, templates: Iterable[Document], now: datetime) -> bool:
    """
    Return whether the checks of an analysis may judge the group's version: a deploy set it, and its bake may last.

    No state shows the end of the last bake. It is over when a later release has this one as its fallback; of a rollout
    without steps it is over at the latest when the bake that begins at the deadline is. With steps the version's name
    has no deadline, because a pause may last for days, so that the release may have served for a week.

    A release that was restored is never rolled back because of a metric. Where `may_have_served` shows that it may have
    passed its bake, a check that fails only pauses. So a release without steps whose instance is repaired before its
    deadline is judged, as in a first bake: it is minutes old.

    Args:
        settings: rollout settings of the environment file.
        group: the group.
        templates: global templates of the project, and regional ones beside the group's own.
        now: time of Compute Engine, UTC.
    """
    name = parse_version_name(group.versions[0].name)
    if name is None or name.kind != "deploy" or is_fallback(group, templates):
        return False
    return name.may_bake(now, settings.judged_bake_s(settings.bake_s))


def may_be_in_last_bake(settings: RolloutSettings, group: Group, templates: Iterable[Document], now: datetime) -> bool:
    """
    Return whether a group that is set to one version may still need its last bake; arguments of `is_judged`.

    Without steps it needs one for the checks of an analysis alone: what else a bake watches, the instances show now.
    """
    if len(group.versions) != 1 or is_empty(group) or not (has_steps(group) or settings.analysis is not None):
        return False
    return is_judged(settings, group, templates, now)


def may_have_served(settings: RolloutSettings, group: Group, templates: Iterable[Document], now: datetime) -> bool:
    """
    Return whether a version whose last bake may not have ended may have passed that bake all the same.

    Args:
        settings: rollout settings of the environment file.
        group: the group.
        templates: global templates of the project, and regional ones beside the group's own.
        now: time of Compute Engine, UTC.

    Returns:
        True if the version serves from every instance; with steps also if it is on every instance and one of them is
        repaired or new, because it may have served for a week.
    """
    if not may_be_in_last_bake(settings, group, templates, now):
        return False
    return is_idle(group) or (has_steps(group) and is_on_one_version(group))


def has_steps(group: Group) -> bool:
    """Return whether a deploy with steps set the group's version."""
    name = parse_version_name(group.versions[0].name)
    return name is not None and name.kind == "deploy" and name.deadline_at is None


def is_rolled_back(group: Group, templates: Iterable[Document]) -> bool:
    """
    Return whether a typed rollback may have set the group's version.

    The version's name says so. An unmanaged version keeps its own name, and is the fallback of the group's first
    release then. An automatic rollback keeps the name that a deploy wrote, and has no surge of its own.

    Args:
        group: the group.
        templates: global templates of the project, and regional ones beside the group's own.
    """
    name = parse_version_name(group.versions[0].name) if group.versions else None
    return name.kind == "rollback" if name else is_fallback(group, templates)


def may_have_own_surge(settings: RolloutSettings, group: Group, templates: Iterable[Document]) -> bool:
    """
    Return whether the group's rollout may have another surge than the environment file's.

    A typed rollback has one, and with `surge: auto` every rollout by `deploy`.

    Args:
        settings: rollout settings of the environment file.
        group: the group.
        templates: global templates of the project, and regional ones beside the group's own.
    """
    is_auto = settings.is_surge_auto and any(parse_version_name(version.name) for version in group.versions)
    return is_auto or is_rolled_back(group, templates)


def has_left_surge(settings: RolloutSettings, group: Group, templates: Iterable[Document]) -> bool:
    """
    Return whether the group's update policy still has the surge of a rollout.

    Args:
        settings: rollout settings of the environment file.
        group: the group.
        templates: global templates of the project, and regional ones beside the group's own.
    """
    return update_policy.has_larger_surge(settings, group) and may_have_own_surge(settings, group, templates)
