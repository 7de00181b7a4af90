"""The command that restores the version which a group had before a run: pure."""

from deploy.config import Config
from deploy.documents.group_state import Version
from deploy.group.observation import Observation
from deploy.options import Invocation
from deploy.release import history


def undo_command(
    invocation: Invocation, config: Config, observed: Observation, version: Version | None, *, is_proven: bool = True
) -> str:
    """
    Return the command that restores a version; empty if there is none.

    Args:
        invocation: options and environment variables of the call.
        config: names of the environment.
        observed: the group before this run changed it.
        version: version to restore; None if no release was ever proven.
        is_proven: whether a template will name the version as its fallback, so that `--force` is not needed.
    """
    if version is None:
        return ""
    releases = history.releases(observed.templates, config.repository, observed.group.qualified_name, serving="")
    release = next((release for release in releases if release.is_in({version.link})), None)
    if release is None:
        # The unmanaged template that the first release of the group replaced, which `rollback` alone restores.
        return invocation.command("rollback")
    force = [] if is_proven or release.is_proven else ["--force"]
    return invocation.command("rollback", "--to", version.template, *force)
