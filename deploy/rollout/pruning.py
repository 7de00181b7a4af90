"""Deletes templates that earlier deploys created and that no group needs: a few a run, after the rollout itself."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from deploy.compute_engine.instance_templates import InstanceTemplates
from deploy.compute_engine.managed_group import ManagedGroup, list_groups
from deploy.config import Config
from deploy.documents.resource import Document, link_of
from deploy.errors import CloudError, DeployError
from deploy.group.health import is_settled
from deploy.release import history
from deploy.release.history import Release
from deploy.rollout.result import PruneResult

# Most templates that a run tries to delete, so that a long history does not delay a deploy.
MAX_DELETIONS: Final = 20
# An instance of another group may still have the template; the answer or the operation says so.
_IN_USE: Final = ("resourceInUseByAnotherResource", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE")
_NOT_FOUND: Final = 404


def prune_templates(managed: ManagedGroup, config: Config) -> PruneResult:
    """
    Delete the oldest templates of a group's history that no group needs, at most MAX_DELETIONS.

    All deletions are started before the first is waited for, so that together they take as long as the longest.

    Args:
        managed: the group.
        config: names of the environment.
    """
    deletions: list[tuple[Release, Document]] = []
    candidates: tuple[Release, ...] = ()
    first_error: DeployError | None = None
    try:
        candidates = _candidates(managed, config)
        for release in candidates[:MAX_DELETIONS]:
            operation = _start_deletion(managed, release)
            deletions += [(release, operation)] if operation else []
    except DeployError as error:
        first_error = error
    deleted = []
    for release, operation in deletions:
        result = managed.compute.wait(operation)
        if result.state != "failed":
            deleted.append(release.template)
        elif result.code not in _IN_USE:
            text = f"template '{release.template}' was not deleted: {result.text}"
            first_error = first_error or DeployError(text)
    return PruneResult(tuple(deleted), len(candidates) - len(deleted), first_error)


def _candidates(managed: ManagedGroup, config: Config) -> tuple[Release, ...]:
    """Return the templates that may be deleted, oldest first; other groups are read only if there are any."""
    collections, group = InstanceTemplates(managed.compute), managed.read()
    templates = collections.list_all(managed.location.region)
    serving = group.versions[0].link if is_settled(group) else ""
    releases = history.releases(templates, config.repository, group.qualified_name, serving)
    referenced = _links([group.raw], config.project)
    referenced |= {instance.version.link for instance in group.instances if instance.version}
    if not history.prunable_releases(releases, frozenset(referenced)):
        return ()
    groups = list_groups(managed.compute)
    if group.raw["selfLink"] not in {document.get("selfLink") for document in groups}:
        raise DeployError(f"the list of groups lacks '{config.group}', so it is not complete")
    return history.prunable_releases(releases, frozenset(referenced | _links(groups, config.project)))


def _links(groups: Iterable[Mapping[str, Any]], project: str) -> set[str]:
    """Return the links of all templates that groups refer to."""
    return {
        link_of(link, project)
        for group in groups
        for document in (group, *(group.get("versions") or []))
        if (link := document.get("instanceTemplate"))
    }


def _start_deletion(managed: ManagedGroup, release: Release) -> Document | None:
    """
    Start to delete a template; return the operation, or None if the template is absent or in use.

    Raises:
        DeployError: Compute Engine refused the deletion for another reason.
    """
    try:
        return InstanceTemplates(managed.compute).start_deletion(release.link)
    except CloudError as error:
        if error.status == _NOT_FOUND or error.reason in _IN_USE:
            return None
        raise
