"""What a group still does after the process that drove its rollout has stopped."""

from deploy.documents.canary import canary_of
from deploy.documents.group_state import Group, Version
from deploy.group.health import is_empty, is_serving
from deploy.group.step_rollout import share_text
from deploy.group.version_name import parse_version_name


def unattended_rollout(group: Group, target: Version, before: Version, *, is_patched: bool) -> tuple[str, bool]:
    """
    Describe what a group does now.

    Args:
        group: the group at a poll after the last write.
        target: target version of the stopped rollout.
        before: version entry of the group at preflight.
        is_patched: whether the stopped process patched the group.

    Returns:
        One or two sentences for the operator, and whether that rollout changed the group.
    """
    canary = canary_of(group)
    if canary is not None and (is_patched or canary.new == target):
        text = f"'{canary.new.template}' is a canary on {share_text(group, canary)} beside '{canary.old.template}'"
        return f"{text}, and no process would go on with it, or roll back a failure.", True
    version = group.versions[0] if group.versions else None
    if version is None or (not is_patched and (canary is not None or version == before)):
        activity = "has no instances" if is_empty(group) else "continues to serve"
        return f"The group is unchanged, and {activity}.", False
    serving = sum(is_serving(instance, version) for instance in group.active_instances)
    left = max(group.target_size - serving, 0)
    work = f"replaces {left} more instance{'' if left == 1 else 's'}" if left else "has no instance left to replace"
    if version != target:
        return f"The target version of the group is '{version.template}', and the group {work}.", True
    name = parse_version_name(version.name)
    until = f", with time until {name.deadline_at:%H:%M:%S} UTC" if name and name.deadline_at else ""
    progress = f"Compute Engine continues with '{version.template}': it {work}{until}"
    return f"{progress}, and no process would roll back a failure.", True
