"""Deletes templates that earlier deploys created and that no group needs; a few a run, after everything else."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from deploy.compute_engine.client import Compute
from deploy.compute_engine.instance_templates import InstanceTemplates
from deploy.compute_engine.managed_group import ManagedGroup, list_groups
from deploy.config import Config
from deploy.documents.resource import link_of
from deploy.errors import CloudError, DeployError
from deploy.group.health import is_settled
from deploy.release import history
from deploy.release.history import Release
from deploy.rollout.result import Pruned

# Templates that a run tries to delete: a deploy is not held up by the history that piled up before it.
MAX_DELETIONS: Final = 20
# An instance of another group may still be of it; Google says so at once or by the operation.
_IN_USE: Final = ("resourceInUseByAnotherResource", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE")
_GONE: Final = 404


def prune_templates(compute: Compute, config: Config) -> Pruned:
    """Delete the oldest templates of this group's history that nothing needs, at most MAX_DELETIONS."""
    pruned = Pruned()
    try:
        candidates = _candidates(compute, config)
        pruned = replace(pruned, remaining=len(candidates))
        for release in candidates[:MAX_DELETIONS]:
            if _delete(compute, release):
                pruned = Pruned((*pruned.templates, release.template), pruned.remaining - 1)
    except DeployError as error:
        return replace(pruned, error=error)
    return pruned


def _candidates(compute: Compute, config: Config) -> tuple[Release, ...]:
    """Return what may be deleted, oldest first; other groups are read only where there is something to delete."""
    templates = InstanceTemplates(compute).list_all()
    group = ManagedGroup(compute, config.zone, config.group).read()
    serving = group.versions[0].link if is_settled(group) else ""
    found = history.releases(templates, config.repository, group.qualified_name, serving)
    referenced = _links([group.raw], config.project)
    referenced |= {machine.version.link for machine in group.instances if machine.version}
    if not history.prunable_releases(found, frozenset(referenced)):
        return ()
    groups = list_groups(compute)
    if group.raw["selfLink"] not in {document.get("selfLink") for document in groups}:
        raise DeployError(f"the list of groups lacks '{config.group}', so it is not complete")
    return history.prunable_releases(found, frozenset(referenced | _links(groups, config.project)))


def _links(groups: Iterable[Mapping[str, Any]], project: str) -> set[str]:
    """Return the links of all templates that groups refer to."""
    return {
        link_of(link, project)
        for group in groups
        for document in (group, *(group.get("versions") or []))
        if (link := document.get("instanceTemplate"))
    }


def _delete(compute: Compute, release: Release) -> bool:
    """
    Delete a template; False if it is gone already, or in use.

    Raises:
        DeployError: It can't be deleted.
    """
    try:
        outcome = InstanceTemplates(compute).delete(release.template)
    except CloudError as error:
        if error.status == _GONE or error.reason in _IN_USE:
            return False
        raise
    if outcome.code in _IN_USE:
        return False
    if outcome.state == "failed":
        raise DeployError(f"template '{release.template}' was not deleted: {outcome.text}")
    return True
