"""What the cloud still does with a group that nobody drives any more; pure."""

from deploy.documents.group_state import Group
from deploy.group import version_name
from deploy.group.health import is_empty, is_serving
from deploy.rollout.result import Result


def aftermath(group: Group, result: Result | None) -> tuple[str, bool]:
    """
    Say what happens to a group now.

    Args:
        group: As it was read after the last write.
        result: Of the rollout that stopped, as far as it got; None if it was not begun.

    Returns:
        One or two sentences, and whether the group was told anything by that rollout.
    """
    version = group.versions[0] if group.versions else None
    if result is None or version is None or (version == result.before and not result.changed):
        goes_on = "has no instances" if is_empty(group) else "serves on"
        return f"The group was told nothing, and {goes_on}.", False
    left = max(group.target_size - sum(is_serving(machine, version) for machine in group.active_instances), 0)
    does = f"replaces {left} more machine{'' if left == 1 else 's'}" if left else "has nothing left to replace"
    if version != result.version:
        return f"The group is told to serve '{version.template}', and {does}.", True
    said = version_name.parse_version_name(version.name)
    until = f", with time until {said.deadline_at:%H:%M:%S} UTC" if said else ""
    return f"The cloud goes on with '{version.template}': it {does}{until}, and nobody would undo a failure.", True
