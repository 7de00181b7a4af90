"""Whether a typed rollback set the version of a group, and whether its surge is still in the update policy; pure."""

from collections.abc import Iterable

from deploy.documents.group_state import Group
from deploy.documents.resource import Document
from deploy.group import update_policy
from deploy.group.version_name import parse_version_name
from deploy.release import template
from deploy.rollout_settings import RolloutSettings


def is_fallback(group: Group, templates: Iterable[Document]) -> bool:
    """Return whether a release of this group has the group's version as its fallback."""
    records = filter(None, map(template.release_record, templates))
    fallbacks = [record.fallback for record in records if record.group == group.qualified_name]
    return any(fallback is not None and group.versions[:1] == (fallback.version,) for fallback in fallbacks)


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


def has_left_surge(settings: RolloutSettings, group: Group, templates: Iterable[Document]) -> bool:
    """
    Return whether the group's update policy still has the surge of a typed rollback.

    Args:
        settings: rollout settings of the environment file.
        group: the group.
        templates: global templates of the project, and regional ones beside the group's own.
    """
    return update_policy.has_rollback_surge(settings, group) and is_rolled_back(group, templates)
